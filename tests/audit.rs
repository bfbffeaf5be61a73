//! The audit log: what is acknowledged is there, whatever happens, and what was changed shows.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;
use visavis::id::SessionId;
use visavis::moderation::{Actor, AuditLine, Deed, Label};
use visavis::store::{
    AUDIT_FILE, AppendCause, AuditLog, OpenError, Seal, Verified, VerifyError, verify,
};

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("visavis-audit-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn file(&self) -> PathBuf {
        self.0.join(AUDIT_FILE)
    }

    /// A log with so many lines, closed.
    fn with_lines(count: u64) -> Self {
        let folder = Self::new();
        let log = AuditLog::open(&folder.0).unwrap();
        append(&log, (1..=count).map(line).collect());
        log.close();
        folder
    }

    /// Changes the file as somebody could who has it in their hands.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(self.file()).unwrap();
        let triggers = "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_shortened;";
        connection.execute_batch(triggers).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn line(number: u64) -> AuditLine {
    AuditLine {
        actor: Actor::Policy {
            version: Arc::from("test 1"),
            shadow: false,
        },
        session: Some(SessionId(number)),
        label: Label::PORN,
        score: 0.1,
        version: Arc::from("model 1"),
        deed: Deed::Blur,
        reason: format!("reason {number}"),
    }
}

fn append(log: &AuditLog, lines: Vec<AuditLine>) {
    log.append(lines).blocking_recv().unwrap().unwrap();
}

fn wrong(folder: &Folder) -> VerifyError {
    verify(&folder.file(), None).expect_err("it was tampered with")
}

#[test]
fn what_is_appended_is_there_and_the_chain_goes_on_after_a_restart() {
    let folder = Folder::with_lines(3);
    let first = verify(&folder.file(), None).unwrap();
    assert_eq!(first.lines, 3);
    let log = AuditLog::open(&folder.0).unwrap();
    append(&log, vec![line(4), line(5)]);
    log.close();
    let second = verify(&folder.file(), Some(first.last)).unwrap();
    assert_eq!((second.lines, second.contains), (5, true));
    assert_ne!(first.last, second.last);
}

#[test]
fn a_changed_line_shows() {
    for change in [
        "UPDATE audit SET reason = 'another' WHERE sequence = 2",
        "UPDATE audit SET action = 'allow' WHERE sequence = 2",
        "UPDATE audit SET time_ms = time_ms + 1 WHERE sequence = 2",
        "UPDATE audit SET score = 0.2 WHERE sequence = 2",
        "UPDATE audit SET seal = zeroblob(32) WHERE sequence = 2",
        "UPDATE audit SET seal = zeroblob(3) WHERE sequence = 2",
    ] {
        let folder = Folder::with_lines(3);
        folder.tamper(change);
        assert!(
            matches!(wrong(&folder), VerifyError::Changed { line: 2 }),
            "{change}"
        );
    }
}

#[test]
fn a_removed_line_shows() {
    let folder = Folder::with_lines(4);
    folder.tamper("DELETE FROM audit WHERE sequence = 2");
    let missing = wrong(&folder);
    assert!(matches!(
        missing,
        VerifyError::Missing {
            expected: 2,
            found: 3
        }
    ));
    folder.tamper_again("UPDATE audit SET sequence = sequence - 1 WHERE sequence > 2");
    assert!(matches!(wrong(&folder), VerifyError::Changed { line: 2 }));
}

impl Folder {
    fn tamper_again(&self, sql: &str) {
        Connection::open(self.file())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }
}

#[test]
fn swapped_lines_show() {
    let folder = Folder::with_lines(4);
    folder.tamper(
        "UPDATE audit SET sequence = 99 WHERE sequence = 2;
         UPDATE audit SET sequence = 2 WHERE sequence = 3;
         UPDATE audit SET sequence = 3 WHERE sequence = 99;",
    );
    assert!(matches!(wrong(&folder), VerifyError::Changed { line: 2 }));
}

#[test]
fn lines_cut_off_the_end_show_to_who_kept_a_seal() {
    let folder = Folder::with_lines(4);
    let last = verify(&folder.file(), None).unwrap().last;
    folder.tamper("DELETE FROM audit WHERE sequence = 4");
    let cut = verify(&folder.file(), Some(last)).unwrap();
    assert_eq!((cut.lines, cut.contains), (3, false));
}

#[test]
fn the_table_itself_refuses_changes() {
    let folder = Folder::with_lines(2);
    let connection = Connection::open(folder.file()).unwrap();
    for sql in ["UPDATE audit SET reason = ''", "DELETE FROM audit"] {
        let error = connection.execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    assert_eq!(verify(&folder.file(), None).unwrap().lines, 2);
}

#[test]
fn a_locked_log_gives_the_lines_back_and_takes_them_later() {
    let folder = Folder::with_lines(1);
    let log = AuditLog::open(&folder.0).unwrap();
    let other = Connection::open(folder.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = log.append(vec![line(2)]).blocking_recv().unwrap();
    let error = answer.expect_err("somebody else holds the lock");
    assert_eq!(error.cause, AppendCause::Locked);
    other.execute_batch("COMMIT").unwrap();
    append(&log, error.lines);
    log.close();
    assert_eq!(verify(&folder.file(), None).unwrap().lines, 2);
}

#[test]
fn two_programs_write_one_whole_chain() {
    let folder = Folder::new();
    let logs = [
        AuditLog::open(&folder.0).unwrap(),
        AuditLog::open(&folder.0).unwrap(),
    ];
    for number in 0..20 {
        append(&logs[number % 2], vec![line(1)]);
    }
    for log in &logs {
        log.close();
    }
    assert_eq!(verify(&folder.file(), None).unwrap().lines, 20);
}

#[test]
fn a_closed_log_has_written_what_it_took_and_takes_no_more() {
    let folder = Folder::new();
    let log = AuditLog::open(&folder.0).unwrap();
    let answers: Vec<_> = (0..500)
        .map(|number| log.append(vec![line(number)]))
        .collect();
    log.close();
    for answer in answers {
        assert_eq!(answer.blocking_recv().unwrap(), Ok(()));
    }
    let late = log.append(vec![line(1)]).blocking_recv().unwrap();
    assert_eq!(late.map_err(|error| error.cause), Err(AppendCause::Closed));
    assert_eq!(verify(&folder.file(), None).unwrap().lines, 500);
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = Folder::new();
    fs::write(&folder.0, "a file").unwrap();
    let error = AuditLog::open(&folder.0).unwrap_err();
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
    fs::remove_file(&folder.0).unwrap();
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(
        folder.file(),
        "this is no database, and long enough to be told from an empty one",
    )
    .unwrap();
    let error = AuditLog::open(&folder.0).unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error}");
}

#[test]
fn a_log_of_a_later_version_is_left_alone() {
    let folder = Folder::with_lines(1);
    folder.tamper("PRAGMA user_version = 2");
    let error = AuditLog::open(&folder.0).unwrap_err();
    assert!(matches!(error, OpenError::Later { .. }), "{error}");
}

/// Where the child of the next test writes.
const CHILD: &str = "VISAVIS_TEST_AUDIT_FOLDER";

#[test]
fn a_killed_program_loses_nothing_that_was_acknowledged() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return write_for_ever(Path::new(&folder));
    }
    let folder = Folder::new();
    let mut acknowledged = 0;
    for _ in 0..3 {
        let before = acknowledged;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_killed_program_loses_nothing_that_was_acknowledged",
            ])
            .arg("--nocapture")
            .env(CHILD, &folder.0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        while acknowledged < before + 100 {
            text.clear();
            assert!(
                output.read_line(&mut text).unwrap() > 0,
                "the child has ended"
            );
            acknowledged += count(&text);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        text.clear();
        output.read_to_string(&mut text).unwrap();
        acknowledged += count(&text);
        let Verified { lines, last, .. } = verify(&folder.file(), None).unwrap();
        assert!(
            lines >= acknowledged,
            "{lines} lines, {acknowledged} acknowledged"
        );
        assert_ne!(last, Seal::FIRST);
        // What was written and not yet acknowledged counts from here on.
        acknowledged = lines;
    }
}

/// How many lines a piece of the child's output acknowledges.
fn count(text: &str) -> u64 {
    let whole = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let counts = whole.filter_map(|line| line.trim().strip_prefix("written ")?.parse::<u64>().ok());
    counts.sum()
}

fn write_for_ever(folder: &Path) {
    let log = AuditLog::open(folder).unwrap();
    let mut output = std::io::stdout();
    // The harness may have begun a line of its own.
    writeln!(output).unwrap();
    for group in (1..4).cycle() {
        append(&log, (0..group).map(line).collect());
        if writeln!(output, "written {group}").is_err() {
            return;
        }
    }
}
