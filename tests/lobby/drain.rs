//! The server goes away.

use std::time::Duration;

use visavis::lobby::{Ask, ByeReason, Input, Openness, Output};

use crate::hall::Hall;

const DRAIN: Duration = Duration::from_secs(30);

const fn drain(within: Duration) -> Input {
    let bye = ByeReason::Shutdown;
    Input::Drain { within, bye }
}

fn is_drained(hall: &mut Hall) -> bool {
    hall.take_effects()
        .iter()
        .any(|effect| matches!(effect, Output::Drained))
}

#[test]
fn an_empty_lobby_is_drained_at_once() {
    let mut hall = Hall::new();
    hall.handle(drain(DRAIN));
    assert!(is_drained(&mut hall));
    assert_eq!(hall.lobby.next_deadline(), None);
}

#[test]
fn those_who_face_nobody_are_sent_away_and_matches_go_on() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    let waiting = hall.text();
    for session in [one, other, waiting] {
        hall.told(session);
    }
    hall.handle(drain(DRAIN));
    assert_eq!(hall.heard(waiting), ["going away", "bye shutdown"]);
    assert_eq!(hall.heard(one), ["going away"]);
    hall.ask(one, Ask::Typing { active: true });
    assert_eq!(hall.heard(other), ["going away", "typing true"]);
    assert!(!is_drained(&mut hall));
}

#[test]
fn nobody_comes_in_and_no_match_begins() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.handle(drain(DRAIN));
    let late = hall.text();
    assert_eq!(hall.heard(late), ["refused: Draining"]);
    hall.told(one);
    hall.next(one);
    assert_eq!(hall.heard(one), ["refused: Draining"]);
    assert_eq!(hall.partner(one), Some(other), "as it was");
}

#[test]
fn it_ends_with_the_last_match() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.handle(drain(DRAIN));
    hall.told(one);
    hall.told(other);
    hall.ask(one, Ask::Stop);
    assert_eq!(hall.heard(one), ["idle", "bye shutdown"]);
    assert_eq!(hall.heard(other), ["left stopped", "bye shutdown"]);
    assert!(is_drained(&mut hall));
    assert_eq!(hall.lobby.openness(), Openness::Draining);
}

#[test]
fn it_ends_at_the_deadline_whoever_is_left() {
    let mut hall = Hall::new();
    let [one, other] = hall.video_pair();
    hall.handle(drain(DRAIN));
    hall.told(one);
    hall.told(other);
    hall.pass(DRAIN - Duration::from_millis(1));
    assert!(!is_drained(&mut hall));
    hall.pass(Duration::from_millis(1));
    assert!(is_drained(&mut hall));
    assert_eq!(hall.heard(one), ["bye shutdown"]);
    assert_eq!(hall.heard(other), ["left ended", "bye shutdown"]);
    assert_eq!((hall.lobby.online(), hall.lobby.next_deadline()), (0, None));
}

#[test]
fn where_a_newer_server_is_next_leads_there_and_so_does_the_door() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    let waiting = hall.text();
    let led = hall.led();
    for session in [one, other, waiting, led] {
        hall.told(session);
    }
    let bye = ByeReason::Moved;
    hall.handle(Input::Drain { within: DRAIN, bye });
    assert_eq!(hall.heard(waiting), ["going away", "bye moved"]);
    assert_eq!(hall.heard(led), ["going away", "bye moved"]);
    let late = hall.text();
    assert_eq!(hall.heard(late), ["bye moved"]);
    assert_eq!(hall.heard(one), ["going away"], "the match goes on");
    hall.next(one);
    assert_eq!(hall.heard(one), ["bye moved"]);
    assert_eq!(hall.heard(other), ["going away", "left next", "bye moved"]);
    assert!(is_drained(&mut hall));
    // The newer server is open, whatever has become of this one.
    assert_eq!(hall.lobby.openness(), Openness::Open);
    let later = hall.text();
    assert_eq!(hall.heard(later), ["bye moved"]);
}

#[test]
fn told_again_it_ends_sooner_and_never_later() {
    let mut hall = Hall::new();
    hall.text_pair();
    hall.handle(drain(DRAIN));
    hall.handle(drain(DRAIN * 2));
    assert!(!is_drained(&mut hall));
    hall.handle(drain(Duration::ZERO));
    assert!(is_drained(&mut hall));

    let mut hall = Hall::new();
    hall.text_pair();
    hall.handle(drain(DRAIN));
    hall.handle(drain(DRAIN * 2));
    hall.pass(DRAIN);
    assert!(is_drained(&mut hall));
}

#[test]
fn one_whose_partner_falls_silent_is_sent_away() {
    let mut hall = Hall::new();
    let [one, other] = hall.video_pair();
    hall.handle(drain(DRAIN));
    hall.leg(one, visavis::lobby::LegNews::Silent);
    assert!(hall.heard(one).contains(&"bye shutdown".to_owned()));
    assert!(hall.heard(other).contains(&"bye shutdown".to_owned()));
    assert!(is_drained(&mut hall));
}
