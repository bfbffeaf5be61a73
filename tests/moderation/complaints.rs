//! Reports: weighed by how often the reporter was right, and bounded.

use std::time::Duration;

use visavis::category::Category;
use visavis::id::SessionId;
use visavis::limits;
use visavis::moderation::{Actor, Deed, Input, Label, Output};

use crate::trial::{ONE, SECOND, TWO, Trial, actions, deeds, lines};

const REVIEW: &str = "[[row]]\nlabel = 'reported'\nthreshold = 0.8\naction = 'review'\n";
const BLUR: &str = "[[row]]\nlabel = 'porn'\nthreshold = 0.8\naction = 'blur'\n";

fn report(trial: &mut Trial, by: SessionId, about: SessionId) -> Vec<Output> {
    report_of(trial, by, about, Category::Nudity)
}

fn report_of(
    trial: &mut Trial,
    by: SessionId,
    about: SessionId,
    category: Category,
) -> Vec<Output> {
    trial.put(Input::Reported {
        by,
        about,
        category,
    })
}

fn arrive(trial: &mut Trial, session: SessionId) {
    trial.put(Input::Arrived {
        session,
        device: None,
        whence: None,
    });
}

/// The weight that a report was written down with.
fn weight(outputs: &[Output]) -> f32 {
    lines(outputs)[0].score
}

#[test]
fn a_report_is_written_down_and_looked_into_at_once() {
    let mut trial = Trial::with(REVIEW);
    trial.admit(ONE);
    trial.pass(SECOND * 20);
    arrive(&mut trial, TWO);
    let outputs = report(&mut trial, TWO, ONE);
    let line = lines(&outputs)[0];
    assert_eq!((line.deed, line.session), (Deed::Report, Some(ONE)));
    assert_eq!(line.actor, Actor::Visitor(TWO));
    assert_eq!((line.label.as_str(), line.score), ("reported_nudity", 0.5));
    let look = Output::Look { session: ONE };
    let every = Duration::from_secs(1);
    let watch = Output::Watch {
        session: ONE,
        every,
    };
    let Output::OpenCase(opening) = &outputs[1] else {
        panic!("a person should look: {outputs:?}");
    };
    assert_eq!((opening.session, opening.reporter), (ONE, Some(TWO)));
    assert_eq!(outputs[2..], [look, watch]);
}

#[test]
fn three_voices_ask_for_a_person_and_one_that_repeats_itself_does_not() {
    let mut trial = Trial::with(REVIEW);
    trial.admit(ONE);
    for _ in 0..5 {
        arrive(&mut trial, TWO);
        report(&mut trial, TWO, ONE);
        trial.pass(SECOND * 30);
    }
    assert_eq!(deeds(&trial.said), [Deed::Report]);
    for (number, wanted) in [
        (3, vec![Deed::Report]),
        (4, vec![Deed::Report, Deed::Review]),
    ] {
        arrive(&mut trial, SessionId(number));
        let outputs = report(&mut trial, SessionId(number), ONE);
        assert_eq!(deeds(&outputs), wanted);
    }
    arrive(&mut trial, SessionId(5));
    let outputs = report(&mut trial, SessionId(5), ONE);
    assert_eq!(deeds(&outputs), [Deed::Report], "asked once");
}

#[test]
fn a_category_has_rows_of_its_own() {
    let minor = "[[row]]\nlabel = 'reported_minor'\nthreshold = 0.3\naction = 'review'\n";
    let mut trial = Trial::with(minor);
    trial.admit(ONE);
    arrive(&mut trial, TWO);
    arrive(&mut trial, SessionId(3));
    assert_eq!(deeds(&report(&mut trial, TWO, ONE)), [Deed::Report]);
    let outputs = report_of(&mut trial, SessionId(3), ONE, Category::Minor);
    assert_eq!(deeds(&outputs), [Deed::Report, Deed::Review]);
}

#[test]
fn who_was_right_weighs_more_the_next_time_and_who_was_wrong_less() {
    let mut trial = Trial::with(&(REVIEW.to_owned() + BLUR));
    let (right, wrong) = (SessionId(10), SessionId(11));
    for session in [right, wrong] {
        arrive(&mut trial, session);
    }
    trial.admit(ONE);
    trial.admit(TWO);
    report(&mut trial, right, ONE);
    report(&mut trial, wrong, TWO);
    trial.pass(SECOND);
    assert_eq!(deeds(&trial.see(ONE, &[("porn", 0.9)])), [Deed::Blur]);
    trial.see_for(TWO, 3, &[]);
    trial.pass(SECOND * 61);
    trial.admit(SessionId(3));
    let proved = weight(&report(&mut trial, right, SessionId(3)));
    let refuted = weight(&report(&mut trial, wrong, SessionId(3)));
    assert!(proved > 0.6 && refuted < 0.4, "{proved} and {refuted}");
}

#[test]
fn a_report_that_no_picture_can_settle_leaves_its_weight_as_it_was() {
    let mut trial = Trial::with(REVIEW);
    arrive(&mut trial, TWO);
    trial.admit(ONE);
    report_of(&mut trial, TWO, ONE, Category::Hate);
    trial.see_for(ONE, 10, &[]);
    trial.pass(SECOND * 61);
    trial.admit(SessionId(3));
    let weight = weight(&report(&mut trial, TWO, SessionId(3)));
    assert!((weight - 0.5).abs() < 1e-6, "{weight}");
}

#[test]
fn earlier_reports_make_one_picture_enough() {
    let rows = "[[row]]\nlabel = 'porn'\nthreshold = 0.8\nafter_reports = 1\naction = 'blur'\n";
    let mut trial = Trial::with(rows);
    trial.admit(ONE);
    trial.pass(SECOND);
    assert!(actions(&trial.see(ONE, &[("porn", 0.9)])).is_empty());
    for number in [10, 11] {
        arrive(&mut trial, SessionId(number));
        report(&mut trial, SessionId(number), ONE);
    }
    trial.pass(SECOND);
    let blur = Output::Blur {
        session: ONE,
        label: Label::PORN,
    };
    assert_eq!(actions(&trial.see(ONE, &[("porn", 0.9)])), [blur]);
}

#[test]
fn one_session_is_heard_at_a_measured_pace() {
    let mut trial = Trial::with(REVIEW);
    arrive(&mut trial, ONE);
    for number in 100..200 {
        trial.admit(SessionId(number));
        report(&mut trial, ONE, SessionId(number));
    }
    assert_eq!(deeds(&trial.said).len(), 3);
    trial.pass(SECOND * 21);
    assert_eq!(
        deeds(&report(&mut trial, ONE, SessionId(150))),
        [Deed::Report]
    );
}

#[test]
fn nobody_reports_themselves_and_nobody_who_is_not_here_reports() {
    let mut trial = Trial::with(REVIEW);
    trial.admit(ONE);
    assert!(report(&mut trial, ONE, ONE).is_empty());
    assert!(report(&mut trial, TWO, ONE).is_empty());
}

#[test]
fn a_report_about_somebody_who_has_left_is_still_written_down() {
    let mut trial = Trial::with(REVIEW);
    arrive(&mut trial, TWO);
    let outputs = report(&mut trial, TWO, ONE);
    assert_eq!(deeds(&outputs), [Deed::Report]);
    assert!(matches!(outputs[1..], [Output::OpenCase(_)]), "{outputs:?}");
}

#[test]
fn ten_thousand_reports_in_a_minute_are_weighed_within_bounds() {
    let mut trial = Trial::with(REVIEW);
    trial.admit(ONE);
    for number in 0..10_000 {
        let by = SessionId(1_000 + number);
        arrive(&mut trial, by);
        report(&mut trial, by, ONE);
        trial.pass(Duration::from_millis(6));
        trial.put(Input::Left { session: by });
    }
    let looks = trial
        .said
        .iter()
        .filter(|output| matches!(output, Output::Look { .. }));
    assert_eq!(looks.count(), limits::REPORTS_KEPT);
    let reviews = deeds(&trial.said)
        .into_iter()
        .filter(|deed| *deed == Deed::Review);
    assert_eq!(reviews.count(), 1);
    assert_eq!(
        deeds(&trial.said).len(),
        10_001,
        "each is written down once"
    );
    assert_eq!(trial.desk.watched(), 1);
}
