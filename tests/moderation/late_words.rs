//! What a service says of a picture whose visitor has left.

use visavis::moderation::{Deed, DeviceKey, Input, Label, Output, Score};

use crate::trial::{ONE, SECOND, TWO, Trial, actions, deeds, lines};

const ROWS: &str = "[[row]]\nlabel = 'csam'\nthreshold = 0.9\naction = ['ban', 'review']\nban_ms = 3600000\n\
    [[row]]\nlabel = 'porn'\naction = 'blur'\n";

const DEVICE: DeviceKey = DeviceKey([7; 16]);

fn word(trial: &mut Trial, label: &str, value: f32) -> Vec<Output> {
    let scores = vec![Score::new(Label::new(label).unwrap(), value).unwrap()];
    let taken = trial.now - SECOND * 60;
    trial.put(Input::Opined {
        session: ONE,
        taken,
        scores,
    })
}

/// Somebody who has left, of whose pictures there will be more to say, or not.
fn left(is_awaited: bool) -> Trial {
    let mut trial = Trial::with(ROWS);
    trial.connect_device(ONE, Some(DEVICE));
    trial.see(ONE, &[]);
    if is_awaited {
        trial.put(Input::Awaited { session: ONE });
    }
    trial.pass(SECOND * 60);
    trial.put(Input::Left { session: ONE });
    trial
}

#[test]
fn it_keeps_their_device_out_and_opens_a_case() {
    let mut trial = left(true);
    let outputs = word(&mut trial, "csam", 0.95);
    assert_eq!(deeds(&outputs), [Deed::Ban, Deed::Review]);
    assert_eq!(lines(&outputs)[0].session, Some(ONE));
    let kept_out = Output::KeepOut {
        device: DEVICE,
        label: Label::new("csam").unwrap(),
        lasts: SECOND * 3600,
    };
    assert_eq!(actions(&outputs), [kept_out]);
    let opening = outputs.iter().find_map(|output| match output {
        Output::OpenCase(opening) => Some(opening),
        _ => None,
    });
    assert_eq!(opening.unwrap().device, Some(DEVICE));
    // Who comes again with it is turned away, and what is said twice bans once.
    let again = trial.connect_device(TWO, Some(DEVICE));
    assert_eq!(deeds(&again), [Deed::TurnAway]);
    assert_eq!(actions(&word(&mut trial, "csam", 0.8)), []);
    assert_eq!(
        (trial.desk.watched(), trial.desk.next_deadline()),
        (1, None)
    );
}

#[test]
fn who_is_here_again_with_the_device_is_sent_away() {
    let mut trial = left(true);
    trial.connect_device(TWO, Some(DEVICE));
    let outputs = word(&mut trial, "csam", 0.95);
    let ends = |output: &Output| matches!(output, Output::End { session: TWO, .. });
    assert!(outputs.iter().any(ends), "{outputs:?}");
}

#[test]
fn there_is_no_picture_to_stop_and_nothing_more_to_see() {
    let mut trial = left(true);
    assert_eq!(word(&mut trial, "porn", 0.9), []);
    assert_eq!(word(&mut trial, "csam", 0.5), []);
    assert_eq!(trial.desk.watched(), 0);
}

#[test]
fn of_whom_nothing_was_to_come_nothing_is_remembered() {
    let mut trial = left(false);
    assert_eq!(word(&mut trial, "csam", 0.95), []);
    let mut trial = left(true);
    trial.pass(visavis::limits::OPINION_PATIENCE);
    assert_eq!(word(&mut trial, "csam", 0.95), []);
}
