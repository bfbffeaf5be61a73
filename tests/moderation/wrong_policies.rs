//! A policy is refused whole where anything in it is wrong, with line and reason.

use std::time::Duration;

use visavis::moderation::{Action, Label, Policy, Screening, When};

use crate::trial::policy;

fn refusal(text: &str) -> String {
    let error = Policy::parse("my.toml", text).expect_err("it is wrong");
    let message = error.to_string();
    assert!(!message.contains('\n'), "more than one line: {message}");
    message
}

/// One row, with the label on line 3 and the rest from line 4 on.
fn row(rest: &str) -> String {
    policy(&format!("[[row]]\nlabel = 'porn'\n{rest}"))
}

#[test]
fn the_built_in_policy_is_read_and_closed() {
    let policy = Policy::default();
    assert_eq!(policy.screening, Screening::Closed);
    assert!(!policy.shadow && policy.fresh.is_some());
    let hides = |label: Label| {
        let mut rows = policy.rows.iter().filter(|row| row.label == label);
        rows.any(|row| row.action.hides())
    };
    for label in [
        Label::PORN,
        Label::HENTAI,
        Label::KNOWN_PICTURE,
        Label::NO_VERDICT,
    ] {
        assert!(hides(label.clone()), "{label}");
    }
    for label in [
        Label::NEUTRAL,
        Label::DRAWING,
        Label::UNUSABLE,
        Label::NO_FACE,
    ] {
        assert!(!hides(label.clone()), "{label}");
    }
    let known = policy
        .rows
        .iter()
        .find(|row| row.label == Label::KNOWN_PICTURE)
        .unwrap();
    assert!(matches!(known.when, When::Hits { hits: 1, of: 1, .. }));
    assert!(matches!(known.action, Action::Cooldown(_)) && known.review);
}

#[test]
fn a_row_says_what_it_was_written_to_say() {
    let text = "version = 'v 2'\nscreening = 'open'\nscreening_deadline_ms = 700\nfresh_ms = 0\n\
                [[row]]\nlabel = 'weapons'\nthreshold = 0.75\nhits = 2\nof = 5\nwithin_ms = 9000\n\
                after_strikes = 3\nafter_reports = 1.5\naction = ['ban', 'review']\nban_ms = 60000\n\
                shadow = true\n[[row]]\nlabel = 'no_face'\nfor_ms = 10\naction = 'allow'\n";
    let policy = Policy::parse("my.toml", text).unwrap();
    assert_eq!(&*policy.version, "v 2");
    assert_eq!(policy.screening, Screening::Open);
    assert_eq!(policy.screening_deadline, Duration::from_millis(700));
    assert_eq!(policy.fresh, None);
    let row = &policy.rows[0];
    assert_eq!(row.label.as_str(), "weapons");
    let within = Duration::from_secs(9);
    assert_eq!(
        row.when,
        When::Hits {
            hits: 2,
            of: 5,
            within
        }
    );
    assert_eq!(row.action, Action::Ban(Duration::from_secs(60)));
    assert!(row.review && row.shadow && row.is_reached_by(0.75) && !row.is_reached_by(0.74));
    assert_eq!((row.after_strikes, row.line), (3, 5));
    assert_eq!(policy.rows[1].when, When::For(Duration::from_millis(10)));
    assert_eq!(policy.rows[1].line, 16);
}

#[test]
fn a_machine_alone_never_bans_for_good() {
    assert_eq!(
        refusal(&row("action = 'ban'")),
        "my.toml, line 4: ban needs ban_ms: a machine's verdict alone never bans for good"
    );
    let message = refusal(&row("action = 'ban'\nban_ms = 99999999999"));
    assert!(
        message.starts_with("my.toml, line 5: ban_ms must be"),
        "{message}"
    );
    let message = refusal(&row("action = 'ban'\nban_ms = inf"));
    assert!(
        message.starts_with("my.toml, line 5: ban_ms must be"),
        "{message}"
    );
    assert!(Policy::parse("my.toml", &row("action = 'ban'\nban_ms = 1000")).is_ok());
}

#[test]
fn an_unknown_key_is_told_the_nearest() {
    assert_eq!(
        refusal(&row("treshold = 0.5\naction = 'warn'")),
        "my.toml, line 4: treshold is not a key; did you mean threshold?"
    );
    assert_eq!(
        refusal("version = 'a'\nrows = 1"),
        "my.toml, line 2: rows is not a key; did you mean row?"
    );
}

#[test]
fn what_is_missing_is_told() {
    for (text, told) in [
        ("", "line 1: version is missing"),
        ("version = 'a'", "line 1: there is no [[row]]"),
        (
            "version = 'a'\n[[row]]\naction = 'warn'",
            "line 2: label is missing",
        ),
        (
            "version = 'a'\n[[row]]\nlabel = 'porn'",
            "line 2: action is missing",
        ),
    ] {
        let message = refusal(text);
        assert!(
            message.starts_with(&format!("my.toml, {told}")),
            "{message}"
        );
    }
}

#[test]
fn a_wrong_value_is_told_with_what_would_be_right() {
    for (rest, told) in [
        (
            "threshold = 1.5\naction = 'warn'",
            "line 4: threshold must be a number above 0",
        ),
        (
            "threshold = nan\naction = 'warn'",
            "line 4: threshold must be a number above 0",
        ),
        (
            "threshold = 'x'\naction = 'warn'",
            "line 4: threshold must be a number above 0",
        ),
        (
            "hits = 0\naction = 'warn'",
            "line 4: hits must be a whole number from 1",
        ),
        (
            "hits = 99\naction = 'warn'",
            "line 4: hits must be a whole number from 1",
        ),
        (
            "hits = 3\nof = 2\naction = 'warn'",
            "line 5: of must not be less than hits",
        ),
        (
            "hits = 1\nfor_ms = 5\naction = 'warn'",
            "line 4: hits and for_ms exclude",
        ),
        ("action = 'kill'", "line 4: \"kill\" is no action"),
        ("action = 3", "line 4: action must be a word"),
        ("action = []", "line 4: action must be a word"),
        (
            "action = ['blur', 'end']",
            "line 4: one action, and \"review\" beside it",
        ),
        ("action = 'cooldown'", "line 4: cooldown needs cooldown_ms"),
        (
            "action = 'warn'\ncooldown_ms = 5",
            "line 5: cooldown_ms goes with",
        ),
        ("action = 'warn'\nban_ms = 5", "line 5: ban_ms goes with"),
        (
            "action = 'warn'\nshadow = 'yes'",
            "line 5: shadow must be true or false",
        ),
        (
            "action = 'warn'\nafter_strikes = -1",
            "line 5: after_strikes must be a whole",
        ),
        ("= 3", "line 4: this is not TOML"),
    ] {
        let message = refusal(&row(rest));
        assert!(
            message.starts_with(&format!("my.toml, {told}")),
            "{message}"
        );
    }
}

#[test]
fn a_wrong_head_is_told_with_what_would_be_right() {
    for (text, told) in [
        ("version = ''", "line 1: version must be"),
        ("version = \"a\\nb\"", "line 1: version must be"),
        (
            "version = 'a'\nscreening = 'ajar'",
            "line 2: screening must be",
        ),
        ("version = 'a'\nfresh_ms = true", "line 2: fresh_ms must be"),
        (
            "version = 'a'\nrow = 1",
            "line 2: a row is written as [[row]]",
        ),
        (
            "version = 'a'\nrow = [1]",
            "line 2: a row is written as [[row]]",
        ),
    ] {
        let message = refusal(text);
        assert!(
            message.starts_with(&format!("my.toml, {told}")),
            "{message}"
        );
    }
}

#[test]
fn labels_of_a_kind_of_their_own_take_no_keys_of_others() {
    let of = |label: &str, rest: &str| policy(&format!("[[row]]\nlabel = '{label}'\n{rest}"));
    let message = refusal(&of("no_verdict", "action = 'blur'"));
    assert!(
        message.contains("line 3: no_verdict needs for_ms"),
        "{message}"
    );
    let message = refusal(&of("reported", "hits = 2\naction = 'blur'"));
    assert!(
        message.contains("line 4: hits does not go with reported"),
        "{message}"
    );
    let message = refusal(&of("reported_minor", "ban_ms = 5\naction = 'ban'"));
    assert!(
        message.contains("line 5: reports alone never ban"),
        "{message}"
    );
    let message = refusal(&of("No Face", "action = 'warn'"));
    assert!(
        message.contains("line 3: a label is written in snake_case"),
        "{message}"
    );
}

#[test]
fn more_rows_than_the_limit_are_refused() {
    let most = visavis::limits::POLICY_ROWS;
    let rows = |count| policy(&"[[row]]\nlabel = 'porn'\naction = 'warn'\n".repeat(count));
    assert!(Policy::parse("my.toml", &rows(most)).is_ok());
    assert!(refusal(&rows(most + 1)).contains("at most"));
}

#[test]
fn an_explanation_names_every_row_and_what_the_door_does() {
    let policy = Policy::default();
    let text = policy.explain(&Label::PORN, 0.9);
    assert!(
        text.contains("reached: porn at 0.85 or more in 2 of 3 pictures within 30 s"),
        "{text}"
    );
    assert!(text.contains("after a warning or a blur"), "{text}");
    assert!(
        text.contains("stays outside for 10 min, and a person looks"),
        "{text}"
    );
    assert!(text.contains("lets nobody pass"), "{text}");
    let text = policy.explain(&Label::PORN, 0.1);
    assert!(
        text.contains("not reached") && text.contains("may pass"),
        "{text}"
    );
    let text = policy.explain(&Label::new("weapons").unwrap(), 1.0);
    assert!(text.contains("no row is about it"), "{text}");
    assert!(
        policy
            .explain(&Label::NO_VERDICT, 1.0)
            .contains("waits until")
    );
}
