//! Every SRTP profile that a browser may bring, and any two of them facing each other.

use webrtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile as Profile;

use crate::leg_client::Kit;
use crate::started::Started;
use crate::visitor::{Visitor, pair};

/// What faces what: each profile once with itself, and once with another.
async fn face(one: Profile, other: Profile) {
    let server = Started::with(&[]);
    let with = |cipher| Kit {
        ciphers: vec![cipher],
        ..Kit::default()
    };
    let mut ada = Visitor::join_with(&server, "ada", with(one)).await;
    let mut bob = Visitor::join_with(&server, "bob", with(other)).await;
    pair(&mut ada, &mut bob).await;
    ada.see("bob").await;
    ada.listen_to("bob").await;
    bob.see("ada").await;
    bob.listen_to("ada").await;
    // The other direction of control: what bob receives is reported to ada's sender.
    ada.leg.said_of_what_arrived().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aes_256_gcm_faces_itself() {
    face(
        Profile::Srtp_Aead_Aes_256_Gcm,
        Profile::Srtp_Aead_Aes_256_Gcm,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aes_128_gcm_faces_aes_256_gcm() {
    face(
        Profile::Srtp_Aead_Aes_128_Gcm,
        Profile::Srtp_Aead_Aes_256_Gcm,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aes_cm_faces_itself() {
    face(
        Profile::Srtp_Aes128_Cm_Hmac_Sha1_80,
        Profile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aes_cm_faces_aes_128_gcm() {
    face(
        Profile::Srtp_Aes128_Cm_Hmac_Sha1_80,
        Profile::Srtp_Aead_Aes_128_Gcm,
    )
    .await;
}
