//! Nobody is shown to a stranger unseen: the door, and the first moment of each match.

use std::time::Duration;

use visavis::moderation::{Deed, Label, Output, Policy, Verdict};

use crate::trial::{ONE, SECOND, TWO, Trial, actions, deeds, policy, version};

const BLUR: &str = "[[row]]\nlabel = 'porn'\nthreshold = 0.8\nhits = 2\nof = 3\naction = 'blur'\n";

const PASS: Output = Output::Pass { session: ONE };

fn late() -> Verdict {
    Verdict::late(version(), SECOND)
}

#[test]
fn the_first_picture_that_passes_opens_the_door_and_nothing_else_does() {
    let mut trial = Trial::with(BLUR);
    assert!(!trial.connect(ONE).contains(&PASS));
    assert!(actions(&trial.see_nothing(ONE, late())).is_empty());
    let broken = Verdict::undecodable(version(), SECOND);
    assert!(actions(&trial.see_nothing(ONE, broken)).is_empty());
    assert!(actions(&trial.see(ONE, &[("porn", 0.8)])).is_empty());
    assert_eq!(actions(&trial.see(ONE, &[("porn", 0.79)])), [PASS]);
    assert!(actions(&trial.see(ONE, &[])).is_empty());
}

#[test]
fn a_covered_camera_may_pass_the_door() {
    let mut trial = Trial::of(visavis::moderation::DEFAULT_POLICY);
    trial.connect(ONE);
    let black = [("drawing", 0.9), ("unusable", 1.0), ("no_face", 1.0)];
    assert_eq!(actions(&trial.see(ONE, &black)), [PASS]);
}

#[test]
fn who_is_not_judged_in_time_is_told_and_waits_on_behind_a_closed_door() {
    let mut trial = Trial::with(BLUR);
    trial.connect(ONE);
    assert!(actions(&trial.pass(SECOND * 5 - Duration::from_millis(1))).is_empty());
    let delay = Output::Delay {
        session: ONE,
        label: Label::NO_VERDICT,
    };
    assert_eq!(actions(&trial.pass(SECOND)), [delay]);
    let waited = trial.pass(SECOND * 60);
    assert!(actions(&waited).is_empty(), "told once, and never let in");
    assert!(
        waited.contains(&Output::Look { session: ONE }),
        "asked again"
    );
    assert_eq!(actions(&trial.see(ONE, &[])), [PASS]);
}

#[test]
fn who_shows_what_is_hidden_is_told_why_the_door_stays_shut() {
    let mut trial = Trial::with("[[row]]\nlabel = 'porn'\nhits = 9\naction = 'blur'\n");
    trial.connect(ONE);
    trial.see(ONE, &[("porn", 0.9)]);
    let delay = Output::Delay {
        session: ONE,
        label: Label::PORN,
    };
    assert_eq!(actions(&trial.pass(SECOND * 6)), [delay]);
}

#[test]
fn an_open_door_lets_in_unseen_and_writes_it_down() {
    let mut trial = Trial::of(&policy(&format!("screening = 'open'\n{BLUR}")));
    trial.connect(ONE);
    let outputs = trial.pass(SECOND * 6);
    assert_eq!(deeds(&outputs), [Deed::Allow]);
    assert_eq!(actions(&outputs), [PASS]);
    let written = outputs
        .iter()
        .position(|output| matches!(output, Output::Write(_)));
    assert!(written < outputs.iter().position(|output| *output == PASS));
}

#[test]
fn an_open_door_is_not_open_to_what_was_seen() {
    let mut trial = Trial::of(&policy(&format!("screening = 'open'\n{BLUR}")));
    trial.connect(ONE);
    trial.see(ONE, &[("porn", 0.9)]);
    assert!(!trial.pass(SECOND * 60).contains(&PASS));
    assert!(trial.see(ONE, &[]).contains(&PASS));
}

#[test]
fn shadow_mode_keeps_nobody_waiting() {
    let mut trial = Trial::of(&policy(&format!("shadow = true\n{BLUR}")));
    assert_eq!(actions(&trial.connect(ONE)), [PASS]);
    trial.pass(SECOND * 20);
    assert!(actions(&trial.face(1, [ONE, TWO])).is_empty());
}

#[test]
fn who_leaves_the_door_is_forgotten() {
    let mut trial = Trial::with(BLUR);
    trial.connect(ONE);
    trial.put(visavis::moderation::Input::Left { session: ONE });
    assert_eq!(
        (trial.desk.watched(), trial.desk.next_deadline()),
        (0, None)
    );
    assert!(trial.see(ONE, &[]).is_empty());
}

#[test]
fn a_picture_is_held_at_a_match_start_until_a_young_one_passes() {
    let mut trial = Trial::with(BLUR);
    trial.admit(ONE);
    trial.admit(TWO);
    trial.pass(SECOND * 8);
    trial.see(TWO, &[]);
    trial.pass(SECOND * 2);
    let hold = Output::Hold { session: ONE };
    assert_eq!(
        actions(&trial.face(1, [ONE, TWO])),
        [hold],
        "only the one whose verdict is old"
    );
    let old = trial.now - SECOND * 11;
    assert!(
        actions(&trial.see_late(ONE, old, &[])).is_empty(),
        "an old picture is no news"
    );
    assert!(actions(&trial.see(ONE, &[("porn", 0.9)])).is_empty());
    let release = Output::Release { session: ONE };
    assert_eq!(actions(&trial.see(ONE, &[])), [release]);
}

#[test]
fn a_young_verdict_holds_nothing() {
    let mut trial = Trial::with(BLUR);
    trial.admit(ONE);
    trial.admit(TWO);
    assert!(actions(&trial.face(1, [ONE, TWO])).is_empty());
}

#[test]
fn a_hold_ends_with_its_match_and_not_with_another() {
    let mut trial = Trial::with(BLUR);
    trial.admit(ONE);
    trial.pass(SECOND * 20);
    trial.face(2, [ONE, TWO]);
    assert!(trial.part(1, [ONE, TWO]).is_empty());
    let release = Output::Release { session: ONE };
    assert_eq!(actions(&trial.part(2, [ONE, TWO])), [release]);
}

#[test]
fn a_closed_policy_holds_for_as_long_as_it_takes_and_an_open_one_does_not() {
    for (screening, released) in [("closed", 0), ("open", 1)] {
        let mut trial = Trial::of(&policy(&format!("screening = '{screening}'\n{BLUR}")));
        trial.admit(ONE);
        trial.pass(SECOND * 20);
        trial.face(1, [ONE, TWO]);
        let outputs = trial.pass(SECOND * 30);
        assert_eq!(actions(&outputs).len(), released, "{screening}");
        assert_eq!(deeds(&outputs).len(), released, "{screening}");
        assert!(outputs.contains(&Output::Look { session: ONE }));
    }
}

#[test]
fn a_policy_that_demands_no_more_opens_the_door_and_releases() {
    let mut trial = Trial::with(BLUR);
    trial.admit(ONE);
    trial.pass(SECOND * 20);
    trial.face(1, [ONE, TWO]);
    trial.connect(TWO);
    let shadow = policy(&format!("shadow = true\n{BLUR}"));
    trial
        .desk
        .replace_policy(Policy::parse("test", &shadow).unwrap(), trial.now);
    let outputs = trial.drain();
    assert_eq!(deeds(&outputs), [Deed::Policy]);
    let wanted = [
        Output::Release { session: ONE },
        Output::Pass { session: TWO },
    ];
    assert_eq!(actions(&outputs), wanted);
}

#[test]
fn a_text_session_is_never_looked_at_nor_held() {
    let mut trial = Trial::with(BLUR);
    let arrived = trial.put(visavis::moderation::Input::Arrived {
        session: ONE,
        device: None,
        whence: None,
    });
    assert!(arrived.is_empty());
    assert!(trial.face(1, [ONE, TWO]).is_empty());
    assert_eq!(trial.desk.next_deadline(), None);
}

#[test]
fn the_closer_look_fades_when_nothing_speaks_against_a_session() {
    let mut trial = Trial::with(BLUR);
    let every = |outputs: &[Output]| {
        let watch = |output: &Output| match output {
            Output::Watch { every, .. } => Some(every.as_millis()),
            _ => None,
        };
        outputs.iter().filter_map(watch).collect::<Vec<_>>()
    };
    assert_eq!(every(&trial.connect(ONE)), [1_000]);
    assert!(every(&trial.see(ONE, &[])).is_empty());
    assert_eq!(every(&trial.pass(SECOND * 11)), [5_000]);
    // Half of a threshold is near enough for a closer look, and that fades as well.
    assert_eq!(every(&trial.see(ONE, &[("porn", 0.4)])), [1_000]);
    assert_eq!(every(&trial.pass(SECOND * 11)), [5_000]);
    trial.see(ONE, &[("porn", 0.9)]);
    trial.see(ONE, &[("porn", 0.9)]);
    trial.see_for(ONE, 1, &[]);
    let after_a_blur = trial.pass(SECOND * 30);
    assert_eq!(
        every(&after_a_blur),
        [2_236],
        "somebody who was blurred is looked at more often"
    );
}

/// A machine whose looks all come after their deadline: the picture after was never begun.
#[test]
fn a_look_that_comes_late_counts_from_when_its_picture_was_taken() {
    let mut trial = Trial::with(BLUR);
    let look = |trial: &mut Trial, scores: &[(&str, f32)]| {
        trial.pass(SECOND);
        let taken = trial.now;
        trial.see_nothing(ONE, late());
        trial.pass(SECOND * 2);
        trial.see_nothing(ONE, late());
        trial.pass(SECOND * 2);
        actions(&trial.see_late(ONE, taken, scores))
    };
    trial.connect(ONE);
    assert_eq!(look(&mut trial, &[]), [PASS]);
    trial.admit(TWO);
    trial.pass(SECOND * 20);
    trial.see(TWO, &[]);
    let hold = Output::Hold { session: ONE };
    assert_eq!(actions(&trial.face(1, [ONE, TWO])), [hold]);
    assert_eq!(look(&mut trial, &[]), [Output::Release { session: ONE }]);
    assert!(look(&mut trial, &[("porn", 0.9)]).is_empty());
    let blurred = look(&mut trial, &[("porn", 0.9)]);
    assert!(matches!(&blurred[..], [Output::Blur { session: ONE, .. }]));
    assert_eq!(look(&mut trial, &[]), [Output::Unblur { session: ONE }]);
}
