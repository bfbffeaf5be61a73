//! Who meets whom, and who never does.

use std::collections::BTreeSet;

use visavis::age::AgeBand;
use visavis::codec::VideoCodec;
use visavis::config;
use visavis::lobby::{Ask, Category, Complaint, Door, LegNews, Notice, Wish};

use crate::hall::{Hall, wish};

#[test]
fn two_who_wait_are_matched() {
    let mut hall = Hall::new();
    let [one, other] = [hall.text(), hall.text()];
    assert_eq!(hall.partner(one), Some(other));
    assert_eq!(hall.heard(one), ["joined", "waiting", "matched"]);
    assert_eq!(hall.heard(other), ["joined", "matched"]);
}

#[test]
fn nobody_is_matched_with_themselves() {
    let mut hall = Hall::new();
    let alone = hall.text();
    hall.next(alone);
    hall.pass_ms(3_600_000);
    assert_eq!(hall.partner(alone), None);
    assert_eq!(hall.matches(), 0);
}

#[test]
fn text_and_video_never_meet() {
    let mut hall = Hall::new();
    let (by_text, by_video) = (hall.text(), hall.video());
    hall.pass_ms(3_600_000);
    assert_eq!(
        (hall.partner(by_text), hall.partner(by_video)),
        (None, None)
    );
    let another = hall.video();
    assert_eq!(hall.partner(by_video), Some(another));
}

#[test]
fn bands_of_ages_never_meet() {
    let mut hall = Hall::new();
    let mut of = |band| {
        hall.join(Wish {
            band: Some(band),
            ..wish(Door::Text, &["chess"], &["en"])
        })
    };
    let each = AgeBand::ALL.map(&mut of);
    hall.pass_ms(3_600_000);
    assert_eq!(hall.matches(), 0);
    let mut of = |band| {
        hall.join(Wish {
            band: Some(band),
            ..wish(Door::Text, &[], &[])
        })
    };
    let others = AgeBand::ALL.map(&mut of);
    for (one, other) in each.into_iter().zip(others) {
        assert_eq!(hall.partner(one), Some(other));
    }
}

#[test]
fn legs_of_different_codecs_never_meet() {
    let mut hall = Hall::new();
    let vp8 = hall.video_with(VideoCodec::Vp8);
    let h264 = hall.video_with(VideoCodec::H264);
    hall.pass_ms(3_600_000);
    assert_eq!(hall.matches(), 0);
    let another = hall.video_with(VideoCodec::H264);
    assert_eq!(
        (hall.partner(h264), hall.partner(vp8)),
        (Some(another), None)
    );
}

#[test]
fn two_who_have_met_meet_again_only_after_the_window() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.next(one);
    hall.next(other);
    hall.pass_ms(hall.config.rematch_window_ms - 1);
    assert_eq!(hall.partner(one), None);
    hall.pass_ms(1 + hall.config.waiting_every_ms);
    assert_eq!(hall.partner(one), Some(other));
}

#[test]
fn two_of_whom_one_reported_the_other_never_meet_again() {
    for reporter in [0, 1] {
        let mut hall = Hall::new();
        let pair = hall.text_pair();
        let complaint = Complaint {
            category: Category::Spam,
            note: None,
        };
        hall.ask(pair[reporter], Ask::Report(complaint));
        hall.next(pair[0]);
        hall.next(pair[1]);
        hall.pass_ms(hall.config.rematch_window_ms * 10);
        assert_eq!(hall.matches(), 0);
        hall.text();
        assert_eq!(hall.matches(), 1, "both can meet others");
    }
}

#[test]
fn a_leg_that_is_not_connected_or_silent_is_not_matched() {
    let mut hall = Hall::new();
    let waiting = hall.video();
    let silent = {
        let pair = hall.video_pair_with(waiting);
        hall.leg(pair, LegNews::Silent);
        pair
    };
    hall.pass_ms(hall.config.rematch_window_ms * 2);
    assert_eq!(hall.matches(), 0);
    hall.leg(silent, LegNews::Heard);
    assert_eq!(hall.partner(silent), Some(waiting));
}

#[test]
fn whoever_has_waited_longest_is_served_first() {
    let mut hall = Hall::new();
    let mut waiting = Vec::new();
    // Each of them has met the next comer's like: none fits another, as all insist on their own.
    for word in ["a", "b", "c", "d"] {
        waiting.push(hall.text_with(&[word, "all"], &[]));
        hall.pass_ms(1_500);
    }
    assert_eq!(
        hall.matches(),
        2,
        "a and b, c and d: all share one interest"
    );

    let mut hall = Hall::new();
    let mut waiting = Vec::new();
    for word in ["a", "b", "c"] {
        waiting.push(hall.text_with(&[word], &[]));
        hall.pass_ms(1_500);
    }
    let with_all = ["c", "b", "a"];
    for expected in waiting {
        let comer = hall.text_with(&with_all, &[]);
        assert_eq!(hall.partner(comer), Some(expected));
    }
}

#[test]
fn among_equals_chance_decides() {
    let partners: BTreeSet<_> = (0..40)
        .map(|seed| {
            let mut hall = Hall::with(config::Lobby::default(), seed);
            for word in ["a", "b", "c", "d"] {
                hall.text_with(&[word], &[]);
            }
            let comer = hall.text_with(&["a", "b", "c", "d"], &[]);
            hall.partner(comer).unwrap()
        })
        .collect();
    assert_eq!(
        partners.len(),
        4,
        "each of the four is somebody's partner in some run"
    );
}

#[test]
fn one_seed_replays_one_run() {
    let run = |seed| {
        let mut hall = Hall::with(config::Lobby::default(), seed);
        let waiting: Vec<_> = ["a", "b", "c"]
            .map(|word| hall.text_with(&[word], &[]))
            .to_vec();
        let comer = hall.text_with(&["a", "b", "c"], &[]);
        (
            hall.match_id(),
            waiting
                .iter()
                .position(|&one| hall.partner(comer) == Some(one)),
        )
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3).0, run(4).0);
}

#[test]
fn a_common_interest_is_insisted_on_for_a_while() {
    let mut hall = Hall::new();
    let chess = hall.text_with(&["chess"], &[]);
    let music = hall.text_with(&["music"], &[]);
    let anything = hall.text();
    assert_eq!(hall.matches(), 0);
    assert_eq!(hall.heard(chess), ["joined", "waiting by interests"]);
    hall.pass_ms(hall.config.interests_patience_ms - 1);
    assert_eq!(hall.matches(), 0);
    hall.pass_ms(1);
    assert_eq!(hall.matches(), 1, "{chess:?} {music:?} {anything:?}");
    assert!(
        hall.partner(anything).is_some(),
        "who insists on nothing has waited as long"
    );
}

#[test]
fn a_common_interest_is_met_at_once() {
    let mut hall = Hall::new();
    let chess = hall.text_with(&["Chess", "music"], &["en"]);
    let other = hall.text_with(&["#chess", "cats"], &["en-GB"]);
    assert_eq!(hall.partner(chess), Some(other));
    let told = hall.told(other);
    let Some(Notice::Matched { common, .. }) = told.last() else {
        panic!("{told:?}")
    };
    assert_eq!(common.interests, ["chess"]);
    assert_eq!(common.languages, ["en"]);
}

#[test]
fn after_a_while_a_common_interest_is_still_preferred() {
    let mut hall = Hall::new();
    let seeker = hall.text_with(&["chess"], &[]);
    hall.pass_ms(hall.config.interests_patience_ms - 2_000);
    let plain = hall.text();
    hall.pass_ms(1_500);
    let player = hall.text_with(&["music"], &[]);
    hall.ask(
        player,
        Ask::Interests(vec!["music".to_owned(), "go".to_owned()]),
    );
    // The plain one has waited longer than the player; the player is changed to fit at the end.
    assert_eq!(hall.matches(), 0);
    hall.ask(player, Ask::Interests(vec!["chess".to_owned()]));
    assert_eq!(hall.partner(seeker), Some(player));
    assert_eq!(hall.partner(plain), None);
}

#[test]
fn whoever_stops_looking_for_interests_is_matched_with_anybody() {
    let mut hall = Hall::new();
    let chess = hall.text_with(&["chess"], &[]);
    let anything = hall.text();
    assert_eq!(hall.matches(), 0);
    hall.ask(chess, Ask::Interests(vec![]));
    assert_eq!(hall.partner(chess), Some(anything));
}

#[test]
fn a_common_language_is_insisted_on_for_a_while() {
    let mut hall = Hall::new();
    let french = hall.text_with(&[], &["fr"]);
    let english = hall.text_with(&[], &["en", "de"]);
    assert_eq!(hall.matches(), 0);
    hall.pass_ms(hall.config.languages_patience_ms);
    assert_eq!(hall.partner(french), Some(english));
}

#[test]
fn a_common_language_is_met_at_once_and_by_those_who_do_not_say() {
    let mut hall = Hall::new();
    let french = hall.text_with(&[], &["fr"]);
    let canadian = hall.text_with(&[], &["en", "fr-CA"]);
    assert_eq!(hall.partner(french), Some(canadian));
    let german = hall.text_with(&[], &["de"]);
    let silent = hall.text();
    assert_eq!(hall.partner(german), Some(silent));
}

#[test]
fn interests_relax_before_language() {
    let mut hall = Hall::new();
    let french = hall.text_with(&["chess"], &["fr"]);
    let english = hall.text_with(&["music"], &["en"]);
    hall.pass_ms(hall.config.interests_patience_ms);
    assert_eq!(
        hall.matches(),
        0,
        "interests have relaxed, language has not"
    );
    hall.pass_ms(hall.config.languages_patience_ms);
    assert_eq!(hall.partner(french), Some(english));
}

#[test]
fn a_common_language_comes_before_a_longer_wait_among_those_who_share_an_interest() {
    let mut hall = Hall::new();
    let english = hall.text_with(&["chess"], &["en"]);
    hall.pass_ms(2_000);
    let french = hall.text_with(&["chess"], &["fr"]);
    let seeker = hall.text_with(&["chess"], &["fr"]);
    assert_eq!(hall.partner(seeker), Some(french));
    assert_eq!(hall.partner(english), None);
}

#[test]
fn the_usual_wait_is_told_once_it_is_known() {
    let mut hall = Hall::new();
    let first = hall.text();
    hall.pass_ms(2_000);
    hall.text();
    let last = hall.text();
    let usual = |notices: Vec<Notice>| {
        notices.into_iter().find_map(|notice| match notice {
            Notice::Waiting { usual_wait, .. } => Some(usual_wait),
            _ => None,
        })
    };
    assert_eq!(usual(hall.told(first)), Some(None));
    let known = usual(hall.told(last)).unwrap().unwrap();
    assert!(known.as_millis() <= 2_000);
}
