//! Picture codings other than VP8, by configuration.

use crate::leg_client::Kit;
use crate::pictures::Coding;
use crate::started::Started;
use crate::visitor::{Visitor, join_message, pair};

fn h264() -> Kit {
    Kit {
        coding: Coding::H264,
        ..Kit::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_crosses_where_it_is_configured() {
    let server = Started::with(&["--media-codecs=h264"]);
    let mut ada = Visitor::join_with(&server, "ada", h264()).await;
    let mut bob = Visitor::join_with(&server, "bob", h264()).await;
    pair(&mut ada, &mut bob).await;
    ada.see("bob").await;
    bob.see("ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_is_refused_where_it_is_not_configured() {
    let server = Started::with(&[]);
    let mut ada = Visitor::at_the_door(&server, "ada", h264()).await;
    let offer = ada.leg.offer().await;
    ada.socket.say(join_message(&offer)).await;
    assert_eq!(ada.socket.hear_error().await, "no_codec");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_with_a_coding_in_common_meet() {
    let server = Started::with(&["--media-codecs=vp8,h264"]);
    let mut ada = Visitor::join_with(&server, "ada", h264()).await;
    ada.socket.hear("waiting").await;
    let mut bob = Visitor::join(&server, "bob").await;
    bob.socket.hear("waiting").await;
    let mut cleo = Visitor::join_with(&server, "cleo", h264()).await;
    pair(&mut ada, &mut cleo).await;
    ada.see("cleo").await;
    cleo.see("ada").await;
}
