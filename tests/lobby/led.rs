//! Matches that a backend decides on.

use std::time::Duration;

use visavis::codec::VideoCodec;
use visavis::direction::Direction;
use visavis::lobby::{ByeReason, Input, LegNews, Lobby, Unpaired};

use crate::hall::Hall;

#[test]
fn who_is_led_meets_nobody_by_chance() {
    let mut hall = Hall::new();
    let led = [hall.led(), hall.led()];
    let looking = hall.video();
    hall.next(led[0]);
    hall.pass_ms(3_600_000);
    assert_eq!(hall.matches(), 0);
    assert_eq!(hall.partner(looking), None);
}

#[test]
fn two_are_brought_together_and_parted() {
    let mut hall = Hall::new();
    let pair = [hall.led(), hall.led()];
    let match_id = hall.pair(pair).unwrap();
    assert_eq!(hall.partner(pair[0]), Some(pair[1]));
    assert_eq!(
        hall.pair(pair),
        Ok(match_id),
        "they face each other already"
    );
    assert!(hall.unpair(pair[1]));
    assert!(!hall.unpair(pair[1]), "there is no match any more");
    for session in pair {
        assert_eq!(
            hall.heard(session),
            ["joined", "connected", "matched", "left ended"]
        );
    }
    hall.pass_ms(3_600_000);
    assert_eq!(hall.matches(), 0, "nobody looks again by themselves");
}

#[test]
fn a_new_match_takes_both_out_of_what_they_were_in() {
    let mut hall = Hall::new();
    let [a, b, c, d] = [hall.led(), hall.led(), hall.led(), hall.led()];
    hall.pair([a, b]).unwrap();
    hall.pair([c, d]).unwrap();
    hall.pair([b, c]).unwrap();
    assert_eq!(hall.partner(b), Some(c));
    assert_eq!((hall.partner(a), hall.partner(d)), (None, None));
    assert_eq!(hall.heard(a).last().unwrap(), "left next");
    assert_eq!(hall.heard(d).last().unwrap(), "left next");
}

#[test]
fn they_may_meet_again_at_once() {
    let mut hall = Hall::new();
    let pair = [hall.led(), hall.led()];
    let first = hall.pair(pair).unwrap();
    hall.unpair(pair[0]);
    assert_ne!(hall.pair(pair).unwrap(), first);
}

#[test]
fn who_cannot_meet_is_not_brought_together() {
    let mut hall = Hall::new();
    let (led, other_codec) = (hall.led(), hall.led_unconnected(VideoCodec::H264));
    assert_eq!(hall.pair([led, other_codec]), Err(Unpaired::NotConnected));
    hall.leg(other_codec, LegNews::Connected);
    assert_eq!(hall.pair([led, other_codec]), Err(Unpaired::Apart));
    assert_eq!(hall.pair([led, led]), Err(Unpaired::NotTwo));
    let nobody = hall.new_session();
    assert_eq!(hall.pair([led, nobody]), Err(Unpaired::NotTwo));
    let looking = hall.video();
    assert_eq!(hall.pair([led, looking]), Err(Unpaired::NotLed));
    assert!(!hall.unpair(looking));
    let other = hall.led();
    hall.leg(other, LegNews::Silent);
    assert_eq!(hall.pair([led, other]), Err(Unpaired::NotConnected));
    assert_eq!(hall.matches(), 0);
}

#[test]
fn a_refused_match_leaves_those_alone_who_face_somebody() {
    let mut hall = Hall::new();
    let [a, b] = [hall.led(), hall.led()];
    hall.pair([a, b]).unwrap();
    let unconnected = hall.led_unconnected(VideoCodec::Vp8);
    assert_eq!(hall.pair([a, unconnected]), Err(Unpaired::NotConnected));
    assert_eq!(hall.partner(a), Some(b));
}

#[test]
fn nobody_is_shown_whose_picture_was_not_looked_at() {
    let mut hall = Hall::new();
    hall.lobby = Lobby::new(&hall.config, 7).with_screening();
    let [one, other] = [hall.led(), hall.led()];
    hall.handle(Input::Screened { session: one });
    assert_eq!(hall.pair([one, other]), Err(Unpaired::NotScreened));
    hall.handle(Input::Screened { session: other });
    assert!(hall.pair([one, other]).is_ok());
}

#[test]
fn a_lost_leg_ends_the_match_and_nothing_begins_by_itself() {
    let mut hall = Hall::new();
    let pair = [hall.led(), hall.led()];
    hall.pair(pair).unwrap();
    hall.leg(pair[0], LegNews::Silent);
    assert_eq!(hall.matches(), 0);
    hall.leg(pair[0], LegNews::Heard);
    hall.pass_ms(60_000);
    assert_eq!(hall.matches(), 0);
    assert!(hall.pair(pair).is_ok());
}

#[test]
fn while_draining_no_match_begins() {
    let mut hall = Hall::new();
    let [a, b] = [hall.led(), hall.led()];
    hall.pair([a, b]).unwrap();
    let within = Duration::from_secs(5);
    let bye = ByeReason::Shutdown;
    hall.handle(Input::Drain { within, bye });
    assert!(hall.pair([a, b]).is_ok(), "it goes on");
    let late = hall.new_session();
    assert_eq!(hall.pair([a, late]), Err(Unpaired::Draining));
    hall.pass(within);
    assert_eq!(hall.matches(), 0);
}

#[test]
fn who_only_sends_meets_somebody_once_there_is_a_player() {
    let mut hall = Hall::new();
    let publisher = hall.led_to(Direction::SendOnly, VideoCodec::Vp8);
    hall.leg(publisher, LegNews::Connected);
    let other = hall.led();
    let pair = [publisher, other];
    assert_eq!(hall.pair(pair), Err(Unpaired::NotConnected));
    for came in [LegNews::Connected, LegNews::Heard] {
        hall.player(publisher, came);
        hall.pair(pair).unwrap();
        hall.player(publisher, LegNews::Silent);
        assert_eq!(hall.partner(other), None, "what one does not see ends");
        assert_eq!(hall.heard(other).last().unwrap(), "left lost");
        assert_eq!(hall.pair(pair), Err(Unpaired::NotConnected));
    }
    hall.player(publisher, LegNews::Connected);
    hall.player(publisher, LegNews::Closed);
    assert_eq!(hall.pair(pair), Err(Unpaired::NotConnected));
}

#[test]
fn a_leg_that_does_both_needs_no_player() {
    let mut hall = Hall::new();
    let pair = [hall.led(), hall.led()];
    hall.pair(pair).unwrap();
    hall.player(pair[0], LegNews::Closed);
    assert_eq!(hall.partner(pair[0]), Some(pair[1]));
}
