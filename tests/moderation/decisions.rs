//! From verdicts and history to what happens, and what is written down before.

use std::time::Duration;

use visavis::id::{LegId, SessionId};
use visavis::moderation::{
    Actor, Deed, DeviceKey, Input, Label, NetworkKey, Output, Policy, Ruling, Score, Verdict,
    Whence,
};

use crate::trial::{ONE, SECOND, Trial, actions, deeds, lines, policy, version};

const TWO_OF_THREE: &str =
    "[[row]]\nlabel = 'porn'\nthreshold = 0.8\nhits = 2\nof = 3\naction = 'blur'\n";

const THEN_OUT: &str = "[[row]]\nlabel = 'porn'\nthreshold = 0.8\nhits = 2\nof = 3\n\
                        after_strikes = 1\naction = ['cooldown', 'review']\ncooldown_ms = 60000\n";

const BAD: [(&str, f32); 1] = [("porn", 0.9)];

const DEVICE: DeviceKey = DeviceKey([7; 16]);

fn blur() -> Output {
    Output::Blur {
        session: ONE,
        label: Label::PORN,
    }
}

fn out(cool_down: Option<Duration>) -> Output {
    Output::End {
        session: ONE,
        label: Label::PORN,
        cool_down,
    }
}

#[test]
fn one_of_three_is_not_enough_and_two_are() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.admit(ONE);
    for _ in 0..4 {
        assert!(actions(&trial.see_for(ONE, 1, &BAD)).is_empty());
        assert!(actions(&trial.see_for(ONE, 2, &[])).is_empty());
    }
    assert!(actions(&trial.see_for(ONE, 1, &BAD)).is_empty());
    assert!(actions(&trial.see_for(ONE, 1, &[])).is_empty());
    let outputs = trial.see_for(ONE, 1, &BAD);
    assert_eq!(actions(&outputs), [blur()]);
    let line = lines(&outputs)[0];
    assert_eq!((line.deed, line.session), (Deed::Blur, Some(ONE)));
    assert_eq!((&line.label, line.score), (&Label::PORN, 0.9));
    assert_eq!(line.version, version());
    assert_eq!(line.actor.to_string(), "policy test 1");
    assert!(
        line.reason
            .starts_with("line 2: porn at 0.8 or more in 2 of 3"),
        "{}",
        line.reason
    );
}

#[test]
fn pictures_that_are_too_old_do_not_count() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.admit(ONE);
    trial.see(ONE, &BAD);
    trial.pass(SECOND * 31);
    assert!(actions(&trial.see(ONE, &BAD)).is_empty());
    trial.pass(SECOND * 29);
    assert_eq!(actions(&trial.see(ONE, &BAD)), [blur()]);
}

#[test]
fn what_cannot_be_judged_does_not_dilute_what_can() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.admit(ONE);
    trial.see_for(ONE, 1, &BAD);
    for _ in 0..5 {
        trial.pass(SECOND);
        trial.see_nothing(ONE, Verdict::undecodable(version(), SECOND));
        trial.see_nothing(ONE, Verdict::unavailable(version(), SECOND));
    }
    assert_eq!(actions(&trial.see_for(ONE, 1, &BAD)), [blur()]);
}

#[test]
fn a_late_answer_counts_where_its_picture_was_taken() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.admit(ONE);
    let first = trial.now;
    trial.pass(SECOND);
    trial.see(ONE, &BAD);
    assert_eq!(actions(&trial.see_late(ONE, first, &BAD)), [blur()]);
    // What was taken before the blur does not lift it, however late it comes.
    assert!(actions(&trial.see_late(ONE, first, &[])).is_empty());
    trial.pass(SECOND);
    assert_eq!(
        actions(&trial.see(ONE, &[])),
        [Output::Unblur { session: ONE }]
    );
}

#[test]
fn a_blur_goes_when_a_later_picture_passes_and_is_not_repeated_before() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.admit(ONE);
    assert_eq!(actions(&trial.see_for(ONE, 2, &BAD)), [blur()]);
    assert!(actions(&trial.see_for(ONE, 10, &BAD)).is_empty());
    let outputs = trial.see_for(ONE, 1, &[]);
    assert_eq!(actions(&outputs), [Output::Unblur { session: ONE }]);
    assert_eq!(deeds(&outputs), [Deed::Unblur]);
    assert!(
        actions(&trial.see_for(ONE, 1, &BAD)).is_empty(),
        "two again, not one"
    );
    assert_eq!(actions(&trial.see_for(ONE, 1, &BAD)), [blur()]);
}

#[test]
fn a_repetition_ends_the_stay_after_the_time_to_react() {
    let mut trial = Trial::with(&(TWO_OF_THREE.to_owned() + THEN_OUT));
    trial.admit(ONE);
    assert_eq!(actions(&trial.see_for(ONE, 2, &BAD)), [blur()]);
    // Five seconds of grace, then two pictures.
    assert!(actions(&trial.see_for(ONE, 5, &BAD)).is_empty());
    let outputs = trial.see_for(ONE, 1, &BAD);
    assert_eq!(actions(&outputs), [out(Some(SECOND * 60))]);
    assert_eq!(deeds(&outputs), [Deed::Cooldown, Deed::Review]);
    assert!(trial.see_for(ONE, 5, &BAD).is_empty(), "over is over");
    assert_eq!(trial.desk.next_deadline(), None);
}

#[test]
fn a_known_picture_acts_on_one_hit() {
    let mut trial = Trial::of(visavis::moderation::DEFAULT_POLICY);
    trial.connect(ONE);
    let outputs = trial.see(ONE, &[("known_picture", 1.0), ("neutral", 0.9)]);
    let actions = actions(&outputs);
    assert!(
        matches!(
            actions[..],
            [Output::End {
                cool_down: Some(_),
                ..
            }]
        ),
        "{actions:?}"
    );
    assert_eq!(deeds(&outputs), [Deed::Cooldown, Deed::Review]);
}

#[test]
fn who_is_kept_out_is_turned_away_until_the_time_has_passed() {
    let mut trial =
        Trial::with("[[row]]\nlabel = 'porn'\naction = 'cooldown'\ncooldown_ms = 60000\n");
    trial.connect_device(ONE, Some(DEVICE));
    assert_eq!(actions(&trial.see(ONE, &BAD)), [out(Some(SECOND * 60))]);
    trial.put(Input::Left { session: ONE });
    trial.pass(SECOND * 20);
    let again = SessionId(2);
    let outputs = trial.connect_device(again, Some(DEVICE));
    assert_eq!(deeds(&outputs), [Deed::TurnAway]);
    let turned_away = Output::End {
        session: again,
        label: Label::PORN,
        cool_down: Some(SECOND * 40),
    };
    assert_eq!(actions(&outputs), [turned_away]);
    assert!(
        trial.see(again, &[]).is_empty(),
        "nothing opens the door for them"
    );
    trial.pass(SECOND * 40);
    let later = SessionId(3);
    trial.connect_device(later, Some(DEVICE));
    assert_eq!(
        actions(&trial.see(later, &[])),
        [Output::Pass { session: later }]
    );
}

#[test]
fn a_ban_has_its_end_and_keeps_the_device_out() {
    let mut trial = Trial::with("[[row]]\nlabel = 'porn'\naction = 'ban'\nban_ms = 60000\n");
    trial.connect_device(ONE, Some(DEVICE));
    let ban = Output::Ban {
        session: ONE,
        label: Label::PORN,
        lasts: SECOND * 60,
    };
    assert_eq!(actions(&trial.see(ONE, &BAD)), [ban]);
    let again = SessionId(2);
    assert_eq!(
        deeds(&trial.connect_device(again, Some(DEVICE))),
        [Deed::TurnAway]
    );
}

#[test]
fn who_is_let_in_again_by_a_person_passes_the_door_and_only_they() {
    let mut trial = Trial::with("[[row]]\nlabel = 'porn'\naction = 'ban'\nban_ms = 60000\n");
    let other = DeviceKey([8; 16]);
    for (number, device) in [(1, DEVICE), (2, other)] {
        let session = SessionId(number);
        trial.connect_device(session, Some(device));
        trial.see(session, &BAD);
        trial.put(Input::Left { session });
    }
    assert_eq!(trial.put(Input::Readmitted { device: DEVICE }), []);
    let back = SessionId(3);
    trial.connect_device(back, Some(DEVICE));
    assert_eq!(
        actions(&trial.see(back, &[])),
        [Output::Pass { session: back }]
    );
    let outside = SessionId(4);
    assert_eq!(
        deeds(&trial.connect_device(outside, Some(other))),
        [Deed::TurnAway]
    );
}

#[test]
fn who_another_server_keeps_out_goes_and_stays_outside() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.connect_device(ONE, Some(DEVICE));
    trial.see(ONE, &[]);
    let kept_out = |device| Input::KeptOut {
        device,
        label: Label::PORN,
        rest: Duration::from_secs(60),
    };
    assert_eq!(trial.put(kept_out(DeviceKey([8; 16]))), []);
    let outputs = trial.put(kept_out(DEVICE));
    assert_eq!(deeds(&outputs), [Deed::TurnAway]);
    assert_eq!(turned_away(&outputs), Some(Duration::from_secs(60)));
    assert_eq!(trial.put(kept_out(DEVICE)), [], "once");
    let again = SessionId(9);
    assert_eq!(
        deeds(&trial.connect_device(again, Some(DEVICE))),
        [Deed::TurnAway]
    );
}

#[test]
fn a_device_brings_its_strikes_along() {
    let mut trial = Trial::with(&(TWO_OF_THREE.to_owned() + THEN_OUT));
    trial.connect_device(ONE, Some(DEVICE));
    assert_eq!(actions(&trial.see_for(ONE, 2, &BAD)), [blur()]);
    trial.put(Input::Left { session: ONE });
    trial.connect_device(ONE, Some(DEVICE));
    assert_eq!(
        actions(&trial.see_for(ONE, 2, &BAD)),
        [out(Some(SECOND * 60))]
    );
    trial.put(Input::Left { session: ONE });
    trial.connect(ONE);
    assert_eq!(
        actions(&trial.see_for(ONE, 2, &BAD)),
        [blur()],
        "another device has none"
    );
}

#[test]
fn what_lasts_too_long_is_warned_of_again_and_again() {
    let mut trial = Trial::with("[[row]]\nlabel = 'no_face'\nfor_ms = 10000\naction = 'warn'\n");
    trial.admit(ONE);
    let nobody = [("no_face", 1.0)];
    let warn = Output::Warn {
        session: ONE,
        label: Label::NO_FACE,
    };
    assert!(actions(&trial.see_for(ONE, 10, &nobody)).is_empty());
    assert_eq!(
        actions(&trial.see_for(ONE, 1, &nobody)),
        std::slice::from_ref(&warn)
    );
    assert!(actions(&trial.see_for(ONE, 9, &nobody)).is_empty());
    assert_eq!(actions(&trial.see_for(ONE, 1, &nobody)), [warn]);
    trial.see_for(ONE, 9, &nobody);
    trial.see_for(ONE, 1, &[]);
    assert!(
        actions(&trial.see_for(ONE, 10, &nobody)).is_empty(),
        "somebody was there in between"
    );
}

#[test]
fn pictures_that_nobody_can_decode_are_not_shown_for_long() {
    let mut trial = Trial::with("[[row]]\nlabel = 'undecodable'\nfor_ms = 3000\naction = 'blur'\n");
    trial.admit(ONE);
    let mut outputs = Vec::new();
    for _ in 0..4 {
        trial.pass(SECOND);
        outputs.extend(trial.see_nothing(ONE, Verdict::undecodable(version(), SECOND)));
    }
    let blur = Output::Blur {
        session: ONE,
        label: Label::UNDECODABLE,
    };
    assert_eq!(actions(&outputs), [blur]);
    trial.pass(SECOND);
    assert_eq!(
        actions(&trial.see(ONE, &[])),
        [Output::Unblur { session: ONE }]
    );
}

#[test]
fn a_match_that_nobody_judges_means_what_the_policy_says() {
    let mut trial = Trial::with("[[row]]\nlabel = 'no_verdict'\nfor_ms = 30000\naction = 'blur'\n");
    trial.admit(ONE);
    assert!(actions(&trial.pass(SECOND * 29)).is_empty());
    // That a verdict is late is no verdict either.
    assert!(actions(&trial.see_nothing(ONE, Verdict::late(version(), SECOND))).is_empty());
    let outputs = trial.pass(SECOND * 300);
    let blur = Output::Blur {
        session: ONE,
        label: Label::NO_VERDICT,
    };
    assert_eq!(actions(&outputs), [blur]);
    assert_eq!(deeds(&outputs), [Deed::Blur]);
    assert_eq!(
        actions(&trial.see(ONE, &[])),
        [Output::Unblur { session: ONE }]
    );
}

#[test]
fn the_strongest_of_several_rows_is_done_and_the_others_are_spent() {
    let rows = "[[row]]\nlabel = 'sexy'\naction = 'warn'\n\
                [[row]]\nlabel = 'porn'\naction = 'end'\n\
                [[row]]\nlabel = 'hentai'\naction = ['blur', 'review']\n";
    let mut trial = Trial::with(rows);
    trial.admit(ONE);
    let outputs = trial.see(ONE, &[("sexy", 0.9), ("porn", 0.6), ("hentai", 0.7)]);
    assert_eq!(actions(&outputs), [out(None)]);
    assert_eq!(deeds(&outputs), [Deed::End, Deed::Review]);
}

#[test]
fn shadow_writes_down_and_does_nothing() {
    for whole in [true, false] {
        let text = if whole {
            policy(&format!("shadow = true\n{TWO_OF_THREE}"))
        } else {
            policy(&format!("{TWO_OF_THREE}shadow = true\n"))
        };
        let mut trial = Trial::of(&text);
        trial.connect(ONE);
        trial.see(ONE, &[]);
        let outputs = trial.see_for(ONE, 2, &BAD);
        assert!(actions(&outputs).is_empty(), "whole: {whole}");
        assert_eq!(deeds(&outputs), [Deed::Blur]);
        assert_eq!(lines(&outputs)[0].actor.to_string(), "shadow test 1");
    }
}

#[test]
fn a_shadow_row_takes_nothing_from_one_in_force() {
    let shadow = "[[row]]\nlabel = 'porn'\naction = 'end'\nshadow = true\n";
    let mut trial = Trial::with(&(shadow.to_owned() + TWO_OF_THREE));
    trial.admit(ONE);
    let outputs = trial.see_for(ONE, 2, &[("porn", 0.9)]);
    assert_eq!(actions(&outputs), [blur()]);
}

#[test]
fn a_person_lifts_a_blur_and_forgives() {
    let mut trial = Trial::with(&(TWO_OF_THREE.to_owned() + THEN_OUT));
    trial.admit(ONE);
    trial.see_for(ONE, 2, &BAD);
    let by = Actor::Person("ann".into());
    let outputs = trial.put(Input::Lifted { session: ONE, by });
    assert_eq!(actions(&outputs), [Output::Unblur { session: ONE }]);
    assert_eq!(lines(&outputs)[0].actor.to_string(), "person ann");
    // The strike is gone too: the next time it is a blur again.
    trial.pass(SECOND * 10);
    assert_eq!(actions(&trial.see_for(ONE, 2, &BAD)), [blur()]);
    let by = Actor::Person("ann".into());
    trial.put(Input::Lifted {
        session: ONE,
        by: by.clone(),
    });
    assert!(
        trial.put(Input::Lifted { session: ONE, by }).is_empty(),
        "nothing to lift"
    );
}

#[test]
fn another_policy_in_mid_match_undoes_nothing_and_repeats_nothing() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.admit(ONE);
    assert_eq!(actions(&trial.see_for(ONE, 2, &BAD)), [blur()]);
    let same = Policy::parse("test", &policy(TWO_OF_THREE)).unwrap();
    trial.desk.replace_policy(same, trial.now);
    let outputs = trial.drain();
    assert_eq!(
        (deeds(&outputs), actions(&outputs)),
        (vec![Deed::Policy], vec![])
    );
    assert!(actions(&trial.pass(SECOND)).is_empty());
    assert_eq!(
        actions(&trial.see(ONE, &[])),
        [Output::Unblur { session: ONE }]
    );

    let strict = "[[row]]\nlabel = 'porn'\nthreshold = 0.2\naction = 'end'\n";
    let strict = Policy::parse("test", &policy(strict)).unwrap();
    trial.desk.replace_policy(strict, trial.now);
    assert!(
        actions(&trial.drain()).is_empty(),
        "what was seen before is judged by what held then"
    );
    assert!(actions(&trial.see_for(ONE, 1, &[("porn", 0.1)])).is_empty());
    assert_eq!(
        actions(&trial.see_for(ONE, 1, &[("porn", 0.3)])),
        [out(None)]
    );
}

#[test]
fn what_somebody_has_blurred_no_picture_lifts() {
    for by in [
        Actor::Person("ann".into()),
        Actor::Backend("watcher".into()),
    ] {
        let mut trial = Trial::with(TWO_OF_THREE);
        trial.admit(ONE);
        let ruled = |ruling| Input::Ruled {
            session: Some(ONE),
            device: None,
            ruling,
            label: Label::PORN,
            by: by.clone(),
        };
        assert_eq!(actions(&trial.put(ruled(Ruling::Blur))), [blur()]);
        trial.pass(SECOND);
        assert!(actions(&trial.see(ONE, &[])).is_empty());
        let lifted = trial.put(ruled(Ruling::Unblur));
        assert_eq!(actions(&lifted), [Output::Unblur { session: ONE }]);
        // What a machine has blurred is somebody's from then on, too.
        assert_eq!(actions(&trial.see_for(ONE, 2, &BAD)), [blur()]);
        assert!(actions(&trial.put(ruled(Ruling::Blur))).is_empty());
        trial.pass(SECOND);
        assert!(actions(&trial.see(ONE, &[])).is_empty());
    }
}

#[test]
fn what_a_service_decides_is_a_line_and_a_case_and_what_a_person_decides_is_the_cases_own() {
    for (by, deed, cases) in [
        (Actor::Backend("watcher".into()), Deed::End, 1),
        (Actor::Person("ann".into()), Deed::CarryOut, 0),
    ] {
        let mut trial = Trial::with(TWO_OF_THREE);
        trial.admit(ONE);
        let outputs = trial.put(Input::Ruled {
            session: Some(ONE),
            device: None,
            ruling: Ruling::End,
            label: Label::PORN,
            by: by.clone(),
        });
        assert_eq!(lines(&outputs)[0].actor, by);
        assert_eq!(deeds(&outputs), [deed]);
        let opens = |output: &&Output| matches!(output, Output::OpenCase(_));
        assert_eq!(outputs.iter().filter(opens).count(), cases);
    }
}

#[test]
fn a_later_word_counts_apart_and_opens_no_door_and_lifts_no_blur() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.connect(ONE);
    let opined = |value: f32, trial: &mut Trial| {
        let scores = vec![Score::new(Label::PORN, value).unwrap()];
        let taken = trial.now;
        trial.put(Input::Opined {
            session: ONE,
            taken,
            scores,
        })
    };
    // At the door it says nothing bad, and that is no reason to let anybody in.
    assert_eq!(opined(0.0, &mut trial), []);
    trial.see(ONE, &[]);
    // One word of the workers' and one later are no two of three.
    assert_eq!(actions(&trial.see(ONE, &BAD)), []);
    trial.pass(Duration::from_secs(1));
    assert_eq!(actions(&opined(0.9, &mut trial)), []);
    trial.pass(Duration::from_secs(1));
    let outputs = opined(0.9, &mut trial);
    assert_eq!(actions(&outputs), [blur()]);
    let Some(Output::Write(line)) = outputs.first() else {
        panic!("{outputs:?}");
    };
    assert_eq!(&*line.version, "service, later");
    trial.pass(Duration::from_secs(1));
    assert_eq!(actions(&opined(0.0, &mut trial)), [], "it is not lifted");
}

const HERE: [NetworkKey; 2] = [NetworkKey([1; 16]), NetworkKey([2; 16])];

fn from(network: [NetworkKey; 2], is_known: bool) -> Option<Whence> {
    Some(Whence { network, is_known })
}

/// How long a newcomer is turned away, if so.
fn turned_away(outputs: &[Output]) -> Option<Duration> {
    let end = outputs.iter().find_map(|output| match output {
        Output::End { cool_down, .. } => Some(cool_down.unwrap()),
        _ => None,
    });
    let is_written = deeds(outputs).contains(&Deed::TurnAway);
    assert_eq!(end.is_some(), is_written);
    end
}

#[test]
fn who_throws_the_token_away_stays_outside_and_who_was_here_before_does_not() {
    let mut trial = Trial::with(THEN_OUT);
    let [old, other] = [DeviceKey([8; 16]), DeviceKey([9; 16])];
    trial.connect_from(ONE, Some(DEVICE), from(HERE, false));
    trial.put(Input::Ruled {
        session: Some(ONE),
        device: Some(DEVICE),
        ruling: Ruling::Cooldown(Duration::from_secs(60)),
        label: Label::PORN,
        by: Actor::Backend("m".into()),
    });
    let mut come = |number, device, whence| {
        let session = SessionId(number);
        turned_away(&trial.connect_from(session, Some(device), whence))
    };
    // The same person in a new browser, in the same network: also under the key of the day before.
    let minute = Some(Duration::from_secs(60));
    assert_eq!(come(11, old, from(HERE, false)), minute);
    let tomorrow = [NetworkKey([5; 16]), HERE[0]];
    assert_eq!(come(12, old, from(tomorrow, false)), minute);
    // The neighbours who were here before, strangers from elsewhere, and whose network nobody knows.
    assert_eq!(come(13, other, from(HERE, true)), None);
    let elsewhere = [NetworkKey([6; 16]), NetworkKey([7; 16])];
    assert_eq!(come(14, DeviceKey([10; 16]), from(elsewhere, false)), None);
    assert_eq!(come(15, DeviceKey([11; 16]), None), None);
    trial.put(Input::Readmitted { device: DEVICE });
    let session = SessionId(16);
    let again = trial.connect_from(session, Some(DeviceKey([12; 16])), from(HERE, false));
    assert_eq!(turned_away(&again), None, "it is forgiven with the device");
}

#[test]
fn who_looks_on_is_written_down_first() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.admit(ONE);
    let leg = LegId(7);
    let by = Actor::Backend("watcher".into());
    let outputs = trial.put(Input::Onlooker {
        session: ONE,
        leg,
        by,
    });
    let [Output::Write(line), Output::Onlook { leg: of }] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert_eq!((line.deed, *of), (Deed::Watch, leg));
    assert_eq!(line.actor.to_string(), "backend watcher");
}

#[test]
fn what_an_onlooker_saw_is_written_down_also_after_the_stay() {
    let mut trial = Trial::with(TWO_OF_THREE);
    trial.admit(ONE);
    trial.put(Input::Left { session: ONE });
    let mut line = |saw| {
        let by = Actor::Backend("watcher".into());
        let outputs = trial.put(Input::Unlooked {
            session: ONE,
            by,
            saw,
        });
        let [Output::Write(line)] = &outputs[..] else {
            panic!("{outputs:?}");
        };
        assert_eq!((line.deed, line.session), (Deed::Unwatch, Some(ONE)));
        line.reason.clone()
    };
    let saw = line(Some(Duration::from_millis(72_900)));
    assert_eq!(saw, "saw what the session sent, for 72 s");
    assert_eq!(line(None), "saw nothing of the session");
}
