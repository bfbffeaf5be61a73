//! A stay: the door, the leg, the WebSocket, next and stop.

use visavis::codec::VideoCodec;
use visavis::config;
use visavis::limits;
use visavis::lobby::{Ask, Door, Input, LegNews, Medium, Notice, Output, Refusal, Standing, Wish};
use visavis::private::Private;

use crate::hall::{Hall, video_door, wish};

#[test]
fn a_stay_by_video_waits_for_its_leg() {
    let mut hall = Hall::new();
    let session = hall.join(wish(video_door(), &[], &[]));
    assert!(matches!(hall.take_effects()[..], [Output::Open { .. }]));
    assert!(hall.heard(session).is_empty());
    hall.handle(Input::Answered {
        session,
        video: VideoCodec::Vp8,
    });
    assert_eq!(hall.heard(session), ["joined"]);
    hall.leg(session, LegNews::Connected);
    assert_eq!(hall.heard(session), ["connected", "waiting"]);
}

#[test]
fn a_stay_by_text_has_no_leg() {
    let mut hall = Hall::new();
    let session = hall.text();
    assert_eq!(hall.heard(session), ["joined", "waiting"]);
    assert!(hall.take_effects().is_empty());
    hall.ask(session, Ask::Restart(Private::new("offer".to_owned())));
    assert_eq!(hall.heard(session), ["refused: TextOnly"]);
    hall.text_pair_with(session);
    let began = hall.take_effects();
    assert!(
        matches!(
            began[..],
            [Output::MatchBegan {
                medium: Medium::Text,
                ..
            }]
        ),
        "{began:?}"
    );
}

#[test]
fn a_leg_that_does_not_connect_in_time_ends_the_stay() {
    let mut hall = Hall::new();
    let session = hall.join(wish(video_door(), &[], &[]));
    hall.handle(Input::Answered {
        session,
        video: VideoCodec::Vp8,
    });
    hall.pass(limits::CONNECT_PATIENCE);
    assert_eq!(
        hall.heard(session),
        ["joined", "refused: ConnectionFailed", "bye ended"]
    );
    assert_eq!(hall.lobby.online(), 0);
}

#[test]
fn an_offer_that_cannot_be_answered_leaves_nothing_behind() {
    let mut hall = Hall::new();
    let session = hall.join(wish(video_door(), &[], &[]));
    hall.handle(Input::Unanswered { session });
    assert!(hall.heard(session).is_empty());
    assert_eq!((hall.lobby.online(), hall.lobby.next_deadline()), (0, None));
}

#[test]
fn only_adults_are_admitted() {
    let mut hall = Hall::new();
    let minor = hall.join(Wish {
        band: None,
        ..wish(Door::Text, &[], &[])
    });
    assert_eq!(hall.heard(minor), ["refused: AdultsOnly"]);
    let adult = hall.text();
    assert_eq!(hall.heard(adult), ["joined", "waiting"]);
    assert_eq!(hall.lobby.online(), 1);
}

#[test]
fn bad_words_at_the_door_are_named() {
    let mut hall = Hall::new();
    let session = hall.text_with(&[""], &[]);
    assert_eq!(hall.heard(session), ["refused: BadInterests"]);
    let session = hall.text_with(&[], &["not a tag"]);
    assert_eq!(hall.heard(session), ["refused: BadLanguages"]);
    assert_eq!(hall.lobby.online(), 0);
}

#[test]
fn a_full_lobby_says_when_to_come_back() {
    let config = config::Lobby {
        max_sessions: 2,
        ..config::Lobby::default()
    };
    let mut hall = Hall::with(config, 7);
    let [one, _] = hall.text_pair();
    let third = hall.text();
    let told = hall.told(third);
    let [Notice::Refused(Refusal::Full { retry_after })] = told[..] else {
        panic!("{told:?}")
    };
    assert!(retry_after.as_millis() >= u128::from(hall.config.retry_after_ms));
    hall.ask(one, Ask::Leave);
    let fourth = hall.text();
    assert_eq!(hall.heard(fourth)[0], "joined");
}

#[test]
fn while_media_is_crowded_nobody_comes_by_video_and_those_inside_stay() {
    let mut hall = Hall::new();
    let [one, other] = hall.video_pair();
    hall.handle(Input::Capacity { has_room: false });
    let third = hall.join(wish(video_door(), &[], &[]));
    assert_eq!(hall.heard(third), ["refused: full"]);
    let writer = hall.text();
    assert_eq!(hall.heard(writer)[0], "joined", "text takes no media");
    assert_eq!(hall.partner(one), Some(other));
    hall.handle(Input::Capacity { has_room: true });
    let fourth = hall.video();
    assert_eq!(hall.heard(fourth)[0], "joined");
}

#[test]
fn next_leaves_one_partner_and_finds_another() {
    let mut hall = Hall::new();
    let [one, other] = hall.video_pair();
    let third = hall.video();
    for session in [one, other, third] {
        hall.told(session);
    }
    hall.next(one);
    assert_eq!(hall.partner(one), Some(third));
    assert_eq!(hall.heard(one), ["matched"]);
    assert_eq!(hall.heard(other), ["left next"]);
}

#[test]
fn one_who_was_left_looks_again_by_themselves() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.told(other);
    hall.next(one);
    assert_eq!(hall.heard(other), ["left next"]);
    hall.pass_ms(hall.config.requeue_ms - 1);
    assert!(hall.heard(other).is_empty());
    hall.pass_ms(1);
    assert_eq!(hall.heard(other), ["waiting"]);
}

#[test]
fn one_who_was_left_and_stops_does_not_look() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.ask(one, Ask::Leave);
    hall.told(other);
    hall.ask(other, Ask::Stop);
    hall.pass_ms(hall.config.requeue_ms * 2);
    assert_eq!(hall.heard(other), ["idle"]);
    hall.next(other);
    assert_eq!(hall.heard(other), ["waiting"]);
}

#[test]
fn one_who_was_left_need_not_wait_to_look() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.next(one);
    hall.told(other);
    hall.next(other);
    assert_eq!(hall.heard(other), ["waiting"]);
}

#[test]
fn stop_leaves_the_match_and_the_queue() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.told(one);
    hall.ask(one, Ask::Stop);
    assert_eq!(hall.heard(one), ["idle"]);
    assert_eq!(hall.heard(other).last().unwrap(), "left stopped");
    let third = hall.text();
    assert_eq!(
        hall.partner(third),
        None,
        "one is idle, the other is between matches"
    );
}

#[test]
fn leaving_ends_the_stay_and_tells_the_partner() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.told(one);
    hall.ask(one, Ask::Leave);
    assert_eq!(hall.heard(one), ["bye left"]);
    assert_eq!(hall.heard(other).last().unwrap(), "left gone");
    assert_eq!(hall.lobby.online(), 1);
}

#[test]
fn next_before_the_leg_is_connected_looks_once_it_is() {
    let mut hall = Hall::new();
    let session = hall.join(wish(video_door(), &[], &[]));
    hall.handle(Input::Answered {
        session,
        video: VideoCodec::Vp8,
    });
    hall.ask(session, Ask::Stop);
    hall.told(session);
    hall.next(session);
    assert_eq!(hall.heard(session), ["refused: NotConnected"]);
    hall.leg(session, LegNews::Connected);
    assert_eq!(hall.heard(session), ["connected", "waiting"]);
}

#[test]
fn stop_before_the_leg_is_connected_stays_idle() {
    let mut hall = Hall::new();
    let session = hall.join(wish(video_door(), &[], &[]));
    hall.handle(Input::Answered {
        session,
        video: VideoCodec::Vp8,
    });
    hall.ask(session, Ask::Stop);
    hall.told(session);
    hall.leg(session, LegNews::Connected);
    assert_eq!(hall.heard(session), ["connected"]);
}

#[test]
fn a_silent_leg_ends_the_match_for_both() {
    let mut hall = Hall::new();
    let [silent, partner] = hall.video_pair();
    hall.told(silent);
    hall.told(partner);
    hall.leg(silent, LegNews::Silent);
    assert_eq!(hall.heard(silent), ["left lost", "silent"]);
    assert_eq!(hall.heard(partner), ["left lost"]);
    let third = hall.video();
    hall.pass_ms(hall.config.requeue_ms);
    assert_eq!(hall.partner(partner), Some(third));
    assert!(
        hall.heard(silent).is_empty(),
        "the silent one does not look"
    );
    hall.leg(silent, LegNews::Heard);
    assert_eq!(hall.heard(silent), ["connected", "waiting"]);
}

#[test]
fn a_leg_that_is_gone_ends_the_stay() {
    let mut hall = Hall::new();
    let [gone, partner] = hall.video_pair();
    hall.told(gone);
    hall.leg(gone, LegNews::Closed);
    assert_eq!(hall.heard(gone), ["refused: ConnectionFailed", "bye ended"]);
    assert_eq!(hall.heard(partner).last().unwrap(), "left lost");
    assert_eq!(hall.lobby.online(), 1);
}

#[test]
fn a_match_outlives_a_lost_websocket_for_a_while() {
    let mut hall = Hall::new();
    let [one, other] = hall.video_pair();
    hall.told(one);
    hall.handle(Input::Unplugged { session: one });
    hall.pass_ms(hall.config.grace_ms - 1);
    assert_eq!(hall.partner(one), Some(other));
    hall.handle(Input::Resume {
        session: one,
        offer: None,
    });
    hall.pass_ms(hall.config.grace_ms * 10);
    assert_eq!(hall.partner(one), Some(other));
    assert_eq!(hall.heard(one), ["resumed", "connected"]);
    let standing = hall.effects.iter().find_map(|effect| match effect {
        Output::Resumed { standing, .. } => Some(standing),
        _ => None,
    });
    let Some(Standing::Matched { match_id, .. }) = standing.cloned() else {
        panic!("{standing:?}");
    };
    assert_eq!(match_id, hall.match_id());
}

#[test]
fn a_stay_ends_when_nobody_comes_back() {
    let mut hall = Hall::new();
    let [one, other] = hall.video_pair();
    hall.handle(Input::Unplugged { session: one });
    hall.pass_ms(hall.config.grace_ms);
    assert_eq!(hall.partner(one), None);
    assert_eq!(hall.heard(other).last().unwrap(), "left gone");
    assert_eq!(hall.lobby.online(), 1);
}

#[test]
fn one_without_a_websocket_is_not_matched_until_they_are_back() {
    let mut hall = Hall::new();
    let away = hall.text();
    hall.handle(Input::Unplugged { session: away });
    let waiting = hall.text();
    assert_eq!(hall.matches(), 0);
    hall.told(away);
    hall.handle(Input::Resume {
        session: away,
        offer: None,
    });
    assert_eq!(hall.partner(away), Some(waiting));
    assert_eq!(hall.heard(away), ["resumed", "matched"]);
}

#[test]
fn an_offer_on_resume_restarts_the_leg() {
    let mut hall = Hall::new();
    let session = hall.video();
    hall.handle(Input::Unplugged { session });
    hall.take_effects();
    let offer = Some(Private::new("another offer".to_owned()));
    hall.handle(Input::Resume { session, offer });
    let effects = hall.take_effects();
    let [Output::Resumed { .. }, Output::Restart { offer, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(offer.reveal(), "another offer");
}

#[test]
fn too_many_nexts_are_not_carried_out() {
    let mut hall = Hall::new();
    let [one, _] = hall.text_pair();
    for _ in 0..hall.config.next_burst - 1 {
        hall.ask(one, Ask::Interests(vec![]));
    }
    assert_eq!(hall.matches(), 1);
    hall.next(one);
    assert_eq!(hall.matches(), 0);
    let third = hall.text();
    assert_eq!(hall.partner(one), Some(third));
    hall.told(one);
    hall.next(one);
    assert_eq!(hall.heard(one), ["refused: TooFast"]);
    assert_eq!(hall.partner(one), Some(third));
    hall.pass_ms(hall.config.next_every_ms);
    hall.next(one);
    assert_eq!(hall.partner(one), None);
}

#[test]
fn a_waiting_session_is_told_how_things_stand_every_few_seconds() {
    let mut hall = Hall::new();
    let session = hall.text();
    hall.told(session);
    hall.pass_ms(hall.config.interests_patience_ms * 3);
    hall.told(session);
    hall.pass_ms(hall.config.waiting_every_ms * 4);
    assert_eq!(hall.heard(session), ["waiting"; 4]);
}

#[test]
fn whoever_comes_back_is_told_how_their_leg_is() {
    let mut hall = Hall::new();
    let session = hall.join(wish(video_door(), &[], &[]));
    hall.handle(Input::Answered {
        session,
        video: VideoCodec::Vp8,
    });
    let back_again = |hall: &mut Hall| {
        hall.handle(Input::Unplugged { session });
        hall.told(session);
        hall.handle(Input::Resume {
            session,
            offer: None,
        });
        hall.heard(session)
    };
    assert_eq!(back_again(&mut hall), ["resumed"]);
    hall.leg(session, LegNews::Connected);
    assert_eq!(back_again(&mut hall), ["resumed", "connected", "waiting"]);
    hall.leg(session, LegNews::Silent);
    assert_eq!(back_again(&mut hall), ["resumed", "silent"]);
}
