//! Cases: who has one, who decides it, and what is on disk when.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail with it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use visavis::config;
use visavis::control::{self, Casework, CaseworkError, Handle};
use visavis::id::{CaseId, SessionId};
use visavis::moderation::{
    CaseClass, Deed, DeviceKey, Escalation, Hindrance, Label, Opening, Origin, Role, Ruling, Status,
};
use visavis::store::{
    AppendCause, AuditLog, CASES_FILE, Cases, DEVICES_FILE, Decision, Keeping, KeptOut, Moderator,
    Search, Stored,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const KEEPING: Keeping = Keeping {
    conduct: Duration::from_secs(30 * 24 * 60 * 60),
    child_safety: Duration::from_secs(365 * 24 * 60 * 60),
};

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("visavis-cases-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whatever is left of it is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Everything that a person at the desk works with.
struct Desk {
    casework: Casework,
    cases: Cases,
    audit: AuditLog,
    kept_out: KeptOut,
}

fn control() -> Handle {
    let (_, events) = mpsc::channel(1);
    control::start(&config::Lobby::default(), |_| {}, events, None)
}

impl Desk {
    fn open(folder: &Path) -> Self {
        Self::open_with(folder, KEEPING)
    }

    fn open_with(folder: &Path, keeping: Keeping) -> Self {
        let cases = Cases::open(folder, keeping).unwrap();
        let audit = AuditLog::open(folder).unwrap();
        let (kept_out, _) = KeptOut::open(folder).unwrap();
        let casework = Casework::new(cases.clone(), audit.clone(), kept_out.clone(), control());
        Self {
            casework,
            cases,
            audit,
            kept_out,
        }
    }

    async fn case(&self, opening: Opening) -> CaseId {
        let receipts = self.cases.add(vec![opening]).await.unwrap().unwrap();
        receipts[0].id
    }

    async fn close(self) {
        let close = move || {
            self.cases.close();
            self.audit.close();
            self.kept_out.close();
        };
        tokio::task::spawn_blocking(close).await.unwrap();
    }

    fn lines(&self) -> Vec<Stored> {
        let search = Search::default();
        let mut lines = self.audit.trail(&search).unwrap().lines;
        lines.reverse();
        lines
    }
}

fn report(about: u64, by: u64) -> Opening {
    Opening {
        session: SessionId(about),
        device: Some(DeviceKey([9; 16])),
        class: CaseClass::Conduct,
        label: Label::new("reported_nudity").unwrap(),
        score: 0.5,
        severity: 3,
        origin: Origin::Report,
        reporter: Some(SessionId(by)),
        done: None,
        lasts: None,
        policy: Arc::from(""),
        version: Arc::from(""),
    }
}

fn minor(about: u64) -> Opening {
    Opening {
        class: CaseClass::ChildSafety,
        label: Label::new("reported_minor").unwrap(),
        severity: 5,
        ..report(about, 99)
    }
}

fn blurred(about: u64) -> Opening {
    Opening {
        label: Label::PORN,
        severity: 2,
        origin: Origin::Machine,
        reporter: None,
        done: Some(Deed::Blur),
        policy: Arc::from("p1"),
        version: Arc::from("m1"),
        ..report(about, 0)
    }
}

fn person(name: &str, role: Role) -> Moderator {
    Moderator {
        name: name.to_owned(),
        role,
        added_ms: 0,
    }
}

fn ann() -> Moderator {
    person("ann", Role::Moderator)
}

fn bob() -> Moderator {
    person("bob", Role::Moderator)
}

fn sue() -> Moderator {
    person("sue", Role::Senior)
}

fn kim() -> Moderator {
    person("kim", Role::ChildSafety)
}

fn decision(ruling: Ruling) -> Decision {
    Decision {
        ruling,
        reason: "nudity".to_owned(),
        note: String::new(),
    }
}

#[tokio::test]
async fn of_two_who_want_one_case_at_once_one_has_it() {
    let folder = Folder::new("race");
    let desk = Desk::open(&folder.0);
    let id = desk.case(report(1, 2)).await;
    for _ in 0..20 {
        let (ann, bob) = (ann(), bob());
        let (one, other) =
            tokio::join!(desk.casework.lease(&ann, id), desk.casework.lease(&bob, id));
        let winner = if one.is_ok() { &ann } else { &bob };
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        let loser = one.err().or_else(|| other.err()).unwrap();
        assert!(
            matches!(&loser, CaseworkError::Taken(lease) if lease.by == winner.name),
            "{loser:?}"
        );
        desk.casework.give_back(winner, id).await.unwrap();
    }
    desk.case(report(3, 2)).await;
    let (ann, bob) = (ann(), bob());
    let (one, other) = tokio::join!(desk.casework.next(&ann), desk.casework.next(&bob));
    assert_ne!(one.unwrap().unwrap().id, other.unwrap().unwrap().id);
    assert!(desk.casework.next(&sue()).await.unwrap().is_none());
}

#[tokio::test]
async fn what_comes_later_joins_the_open_case() {
    let folder = Folder::new("joins");
    let desk = Desk::open(&folder.0);
    let id = desk.case(report(1, 2)).await;
    assert_eq!(desk.case(report(1, 3)).await, id);
    assert_eq!(desk.case(blurred(1)).await, id);
    assert_ne!(desk.case(report(2, 3)).await, id, "somebody else's");
    let file = desk.casework.case(&ann(), id).await.unwrap();
    assert_eq!(file.row.reports, 2);
    assert_eq!(file.row.label, "reported_nudity", "the worst");
    assert_eq!(file.row.machine_action.as_deref(), Some("blur"));
    assert_eq!((&*file.row.policy, &*file.row.version), ("p1", "m1"));
    assert_eq!(file.history.len(), 1, "the same device's");
    let worse = desk.case(minor(1)).await;
    assert_eq!(worse, id);
    let hidden = desk.casework.case(&ann(), id).await;
    assert_eq!(hidden, Err(CaseworkError::Hindered(Hindrance::Role)));
    let file = desk.casework.case(&kim(), id).await.unwrap();
    assert_eq!(file.row.severity, 5);
    let kept = Duration::from_millis(file.row.expires_ms - file.row.opened_ms);
    assert!(kept >= KEEPING.child_safety, "{kept:?}");
    let last = desk.lines().pop().unwrap();
    assert_eq!((&*last.action, &*last.actor), ("view", "person kim"));
}

#[tokio::test]
async fn the_most_pressing_comes_first_and_then_the_oldest() {
    let folder = Folder::new("queue");
    let desk = Desk::open(&folder.0);
    let first = desk.case(blurred(1)).await;
    let second = desk.case(report(2, 3)).await;
    let third = desk.case(report(4, 3)).await;
    let hers = desk.case(minor(5)).await;
    let queue = desk.casework.queue(&ann(), None).await.unwrap();
    let order: Vec<_> = queue.cases.iter().map(|row| row.id).collect();
    assert_eq!(order, [second, third, first]);
    assert_eq!(queue.open, 3);
    let refused = desk
        .casework
        .queue(&ann(), Some(CaseClass::ChildSafety))
        .await;
    assert_eq!(refused, Err(CaseworkError::Hindered(Hindrance::Role)));
    let next = desk.casework.next(&kim()).await.unwrap().unwrap();
    assert_eq!(next.id, hers);
    assert_eq!(next.lease.unwrap().by, "kim");
}

#[tokio::test]
async fn a_decision_is_a_line_then_a_row_then_a_device_outside() {
    let folder = Folder::new("decision");
    let desk = Desk::open(&folder.0);
    let id = desk.case(report(1, 2)).await;
    let early = desk
        .casework
        .decide(&ann(), id, decision(Ruling::End))
        .await;
    assert_eq!(early, Err(CaseworkError::NotLeased));
    desk.casework.lease(&ann(), id).await.unwrap();
    let ban = decision(Ruling::Ban(DAY));
    let closed = desk.casework.decide(&ann(), id, ban).await.unwrap();
    assert_eq!(closed, Status::Closed);
    let line = desk.lines().pop().unwrap();
    assert_eq!((&*line.actor, &*line.action), ("person ann", "ban"));
    assert!(line.reason.starts_with(&format!("case {id}: ")), "{line:?}");
    let file = desk.casework.case(&ann(), id).await.unwrap();
    assert_eq!(file.decisions[0].action, "ban");
    assert_eq!(file.decisions[0].lasts, Some(DAY));
    let (bans, _) = desk.kept_out.list().unwrap();
    assert_eq!(bans.len(), 1);
    assert_eq!(desk.cases.owed().await.unwrap(), [], "it is paid");
    desk.close().await;
    let (_, outside) = KeptOut::open(&folder.0).unwrap();
    assert_eq!(outside[0].device, DeviceKey([9; 16]));
}

#[tokio::test]
async fn a_lasting_ban_needs_somebody_senior_and_another() {
    let folder = Folder::new("second");
    let desk = Desk::open(&folder.0);
    let id = desk.case(report(1, 2)).await;
    let year = || decision(Ruling::Ban(DAY * 365));
    desk.casework.lease(&sue(), id).await.unwrap();
    let status = desk.casework.decide(&sue(), id, year()).await.unwrap();
    assert_eq!(status, Status::SecondOpinion);
    assert_eq!(desk.lines().pop().unwrap().action, "second_opinion");
    for (who, why) in [(sue(), Hindrance::SamePerson), (ann(), Hindrance::Role)] {
        let refused = desk.casework.lease(&who, id).await;
        assert_eq!(refused, Err(CaseworkError::Hindered(why)));
    }
    let max = person("max", Role::Admin);
    desk.casework.lease(&max, id).await.unwrap();
    let status = desk.casework.decide(&max, id, year()).await.unwrap();
    assert_eq!(status, Status::Closed);
}

#[tokio::test]
async fn an_appeal_is_asked_for_by_code_once_and_decided_by_another() {
    let folder = Folder::new("appeal");
    let desk = Desk::open(&folder.0);
    let id = desk.case(blurred(1)).await;
    desk.casework.lease(&ann(), id).await.unwrap();
    let ban = decision(Ruling::Ban(DAY));
    desk.casework.decide(&ann(), id, ban).await.unwrap();
    let code = desk.cases.find(id).await.unwrap().unwrap().code;
    let wrong = desk.casework.appeal("0000-0000-0000-0000", "me").await;
    assert_eq!(wrong, Err(CaseworkError::NoSuchCase));
    let typed = format!(" {} ", code.to_lowercase());
    desk.casework
        .appeal(&typed, "that was my cat")
        .await
        .unwrap();
    let again = desk.casework.appeal(&code, "please").await;
    assert_eq!(again, Err(CaseworkError::Appealed));
    let news = desk.casework.news(&code).await.unwrap();
    assert_eq!((news.status, news.automated), (Status::Appealed, false));
    let same = desk.casework.lease(&ann(), id).await;
    assert_eq!(same, Err(CaseworkError::Hindered(Hindrance::SamePerson)));
    assert!(desk.casework.next(&ann()).await.unwrap().is_none());
    assert_eq!(desk.casework.next(&bob()).await.unwrap().unwrap().id, id);
    let dismiss = decision(Ruling::Dismiss);
    desk.casework.decide(&bob(), id, dismiss).await.unwrap();
    let (bans, _) = desk.kept_out.list().unwrap();
    assert!(bans.is_empty(), "the ban is taken back");
    let news = desk.casework.news(&code).await.unwrap();
    assert_eq!(news.action.as_deref(), Some("dismiss"));
}

#[tokio::test]
async fn who_is_cleared_in_one_case_stays_outside_for_another() {
    let folder = Folder::new("another");
    let desk = Desk::open(&folder.0);
    for (session, ruling) in [(1, Ruling::Ban(DAY)), (2, Ruling::Dismiss)] {
        let id = desk.case(report(session, 9)).await;
        desk.casework.lease(&ann(), id).await.unwrap();
        let decided = desk.casework.decide(&ann(), id, decision(ruling)).await;
        assert_eq!(decided, Ok(Status::Closed));
    }
    assert_eq!(desk.kept_out.list().unwrap().0.len(), 1);
}

#[tokio::test]
async fn a_case_that_is_handed_to_child_safety_is_theirs_alone() {
    let folder = Folder::new("escalate");
    let desk = Desk::open(&folder.0);
    let id = desk.case(report(1, 2)).await;
    desk.casework.lease(&ann(), id).await.unwrap();
    let to = (Escalation::ChildSafety, "looks young");
    desk.casework.escalate(&ann(), id, to).await.unwrap();
    let lost = desk.casework.case(&ann(), id).await;
    assert_eq!(lost, Err(CaseworkError::Hindered(Hindrance::Role)));
    assert_eq!(desk.casework.next(&kim()).await.unwrap().unwrap().id, id);
    let hers = desk.casework.hold(&kim(), id, true).await;
    assert_eq!(hers, Ok(()));
    assert!(desk.cases.find(id).await.unwrap().unwrap().legal_hold);
}

#[tokio::test]
async fn a_line_without_its_row_leaves_the_case_to_be_decided_again() {
    let folder = Folder::new("crash");
    let desk = Desk::open(&folder.0);
    let id = desk.case(report(1, 2)).await;
    desk.casework.lease(&ann(), id).await.unwrap();
    // The table takes no row, as if the process had died behind the line.
    let other = rusqlite::Connection::open(folder.0.join(CASES_FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ban = decision(Ruling::Ban(DAY));
    let died = desk.casework.decide(&ann(), id, ban).await;
    assert_eq!(died, Err(CaseworkError::Store(AppendCause::Locked)));
    assert_eq!(desk.lines().pop().unwrap().action, "ban");
    other.execute_batch("ROLLBACK").unwrap();
    desk.close().await;
    let desk = Desk::open(&folder.0);
    let row = desk.cases.find(id).await.unwrap().unwrap();
    assert_eq!((row.status, row.deciders.len()), (Status::Open, 0));
    let (bans, _) = desk.kept_out.list().unwrap();
    assert!(bans.is_empty(), "nothing was done");
    desk.casework.lease(&ann(), id).await.unwrap();
    let warn = decision(Ruling::Warn);
    desk.casework.decide(&ann(), id, warn).await.unwrap();
}

#[tokio::test]
async fn a_ban_that_the_disk_does_not_take_is_owed_until_it_does() {
    let folder = Folder::new("owed");
    let desk = Desk::open(&folder.0);
    let id = desk.case(report(1, 2)).await;
    desk.casework.lease(&ann(), id).await.unwrap();
    let other = rusqlite::Connection::open(folder.0.join(DEVICES_FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ban = decision(Ruling::Ban(DAY));
    let closed = desk.casework.decide(&ann(), id, ban).await;
    assert_eq!(closed, Ok(Status::Closed));
    assert!(desk.kept_out.list().unwrap().0.is_empty());
    other.execute_batch("ROLLBACK").unwrap();
    // As after a crash: nothing but the disk knows of it.
    desk.close().await;
    let desk = Desk::open(&folder.0);
    let owed = desk.cases.owed().await.unwrap();
    assert_eq!((owed.len(), owed[0].1.device), (1, DeviceKey([9; 16])));
    assert!(owed[0].1.rest.unwrap() > DAY / 2);
    desk.casework.settle_all().await;
    assert_eq!(desk.kept_out.list().unwrap().0.len(), 1);
    assert_eq!(desk.cases.owed().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_is_decided_where_no_line_can_be_written() {
    let folder = Folder::new("unwritten");
    let desk = Desk::open(&folder.0);
    let id = desk.case(report(1, 2)).await;
    desk.casework.lease(&ann(), id).await.unwrap();
    let audit = desk.audit.clone();
    tokio::task::spawn_blocking(move || audit.close())
        .await
        .unwrap();
    let ban = decision(Ruling::Ban(DAY));
    let refused = desk.casework.decide(&ann(), id, ban).await;
    assert_eq!(refused, Err(CaseworkError::NotWritten));
    let row = desk.cases.find(id).await.unwrap().unwrap();
    assert_eq!(row.status, Status::Open);
    assert!(desk.kept_out.list().unwrap().0.is_empty());
}

#[tokio::test]
async fn a_closed_case_is_forgotten_in_time_unless_it_is_on_hold() {
    let folder = Folder::new("forgotten");
    let at_once = Keeping {
        conduct: Duration::ZERO,
        child_safety: Duration::ZERO,
    };
    let desk = Desk::open_with(&folder.0, at_once);
    let admin = person("max", Role::Admin);
    let mut ids = Vec::new();
    for session in 1..=3 {
        ids.push(desk.case(report(session, 9)).await);
    }
    for id in &ids[..2] {
        desk.casework.lease(&ann(), *id).await.unwrap();
        let dismiss = decision(Ruling::Dismiss);
        desk.casework.decide(&ann(), *id, dismiss).await.unwrap();
    }
    desk.casework.hold(&admin, ids[1], true).await.unwrap();
    desk.close().await;
    let desk = Desk::open_with(&folder.0, at_once);
    assert_eq!(desk.casework.forget_expired().await, Ok(1));
    let gone = desk.casework.case(&ann(), ids[0]).await;
    assert_eq!(gone, Err(CaseworkError::NoSuchCase));
    for id in &ids[1..] {
        desk.casework.case(&ann(), *id).await.unwrap();
    }
}

#[tokio::test]
async fn ten_thousand_reports_about_one_visitor_are_one_case() {
    let folder = Folder::new("many");
    let desk = Desk::open(&folder.0);
    for batch in 0..100 {
        let reports = (0..100).map(|n| report(1 + n % 10, 1_000 + batch));
        desk.cases.add(reports).await.unwrap().unwrap();
    }
    let queue = desk.casework.queue(&ann(), None).await.unwrap();
    assert_eq!(queue.open, 10);
    assert!(queue.cases.iter().all(|row| row.reports == 1_000));
}

#[tokio::test]
async fn a_locked_file_loses_no_case() {
    let folder = Folder::new("locked");
    let desk = Desk::open(&folder.0);
    let other = rusqlite::Connection::open(folder.0.join(CASES_FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = desk.cases.add(vec![report(1, 2)]).await.unwrap();
    assert_eq!(refused, Err(AppendCause::Locked));
    other.execute_batch("ROLLBACK").unwrap();
    let queue = desk.casework.queue(&ann(), None).await.unwrap();
    assert_eq!(queue.open, 1);
}
