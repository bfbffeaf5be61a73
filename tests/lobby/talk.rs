//! Words between two who face each other, and words about them.

use visavis::lobby::{Ask, Category, Complaint, Output};
use visavis::private::Private;

use crate::hall::Hall;

fn chat(text: &str) -> Ask {
    Ask::Chat(Private::new(text.to_owned()))
}

fn report(note: Option<&str>) -> Ask {
    let note = note.map(|note| Private::new(note.to_owned()));
    Ask::Report(Complaint {
        category: Category::Other,
        note,
    })
}

#[test]
fn words_reach_the_partner_and_nobody_else() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    let [third, fourth] = hall.text_pair();
    for session in [one, other, third, fourth] {
        hall.told(session);
    }
    hall.ask(one, chat("hello"));
    hall.ask(one, Ask::Typing { active: true });
    assert_eq!(hall.heard(other), ["chat hello", "typing true"]);
    for nobody in [one, third, fourth] {
        assert!(hall.heard(nobody).is_empty());
    }
}

#[test]
fn words_of_the_last_match_do_not_reach_the_next_partner() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.next(one);
    let third = hall.text();
    assert_eq!(hall.partner(one), Some(third));
    hall.told(other);
    hall.told(third);
    hall.ask(other, chat("are you still there?"));
    assert_eq!(hall.heard(other), ["refused: NotMatched"]);
    assert!(hall.heard(third).is_empty());
}

#[test]
fn a_text_is_measured_in_characters() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.told(one);
    hall.told(other);
    hall.ask(one, chat(&"é".repeat(hall.config.max_chat_chars)));
    assert_eq!(hall.heard(other).len(), 1);
    hall.ask(one, chat(&"e".repeat(hall.config.max_chat_chars + 1)));
    assert_eq!(hall.heard(one), ["refused: TextTooLong"]);
    assert!(hall.heard(other).is_empty());
}

#[test]
fn too_many_words_are_not_carried() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.told(one);
    hall.told(other);
    for _ in 0..=hall.config.chat_burst {
        hall.ask(one, chat("!"));
    }
    assert_eq!(hall.heard(other).len(), hall.config.chat_burst as usize);
    assert_eq!(hall.heard(one), ["refused: TooFast"]);
    for _ in 0..=hall.config.typing_burst {
        hall.ask(one, Ask::Typing { active: true });
    }
    assert_eq!(
        hall.heard(one),
        ["refused: TooFast"],
        "typing has a meter of its own"
    );
}

#[test]
fn a_partner_is_reported_once() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.take_effects();
    hall.told(one);
    hall.ask(one, report(Some("rude")));
    hall.ask(one, report(None));
    assert_eq!(hall.heard(one), ["reported", "refused: NoPartner"]);
    let effects = hall.take_effects();
    let [
        Output::Reported {
            session,
            about,
            complaint,
            ..
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!((*session, *about), (one, other));
    assert_eq!(complaint.note.as_ref().unwrap().reveal(), "rude");
}

#[test]
fn a_partner_who_is_gone_can_still_be_reported() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.ask(other, Ask::Leave);
    hall.told(one);
    hall.ask(one, report(None));
    assert_eq!(hall.heard(one), ["reported"]);
}

#[test]
fn there_is_nobody_to_report_before_the_first_match() {
    let mut hall = Hall::new();
    let one = hall.text();
    hall.told(one);
    hall.ask(one, report(None));
    assert_eq!(hall.heard(one), ["refused: NoPartner"]);
}

#[test]
fn a_note_that_is_too_long_is_not_taken_but_may_be_shortened() {
    let mut hall = Hall::new();
    let [one, _] = hall.text_pair();
    hall.told(one);
    hall.ask(
        one,
        report(Some(&"x".repeat(hall.config.max_note_chars + 1))),
    );
    hall.ask(one, report(Some("x")));
    assert_eq!(hall.heard(one), ["refused: TextTooLong", "reported"]);
}

#[test]
fn nothing_of_what_is_said_is_printed() {
    let mut hall = Hall::new();
    let [one, other] = hall.text_pair();
    hall.ask(one, chat("a secret"));
    hall.ask(one, report(Some("a secret")));
    let printed = format!("{:?} {:?}", hall.told(other), hall.take_effects());
    assert!(printed.contains("Chat") && printed.contains("Reported"));
    assert!(!printed.contains("secret"), "{printed}");
}
