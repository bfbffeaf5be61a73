//! Who stays outside stays so across a restart, and a browser is known again by its token.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use visavis::config;
use visavis::id::SessionId;
use visavis::moderation::{Desk, DeviceId, DeviceKey, DeviceTokens, Input, Label, Output, Policy};
use visavis::store::{
    AppendCause, DEVICES_FILE, KeptOut, News, OpenError, Outside, SECRET_FILE, device_secret,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("visavis-kept-out-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn outside(number: u8, rest: Duration) -> Outside {
    Outside {
        device: DeviceKey([number; 16]),
        rest,
        label: Label::PORN,
    }
}

fn keep(kept_out: &KeptOut, outside: Outside) {
    kept_out.keep(outside).blocking_recv().unwrap().unwrap();
}

#[test]
fn who_stays_outside_stays_so_across_a_restart() {
    let folder = Folder::new();
    let (kept_out, nobody) = KeptOut::open(&folder.0).unwrap();
    assert!(nobody.is_empty());
    keep(&kept_out, outside(1, HOUR));
    keep(&kept_out, outside(1, HOUR / 2));
    keep(&kept_out, outside(2, Duration::ZERO));
    kept_out.close();
    let (_, still) = KeptOut::open(&folder.0).unwrap();
    let [one] = &still[..] else {
        panic!("one of them: {still:?}");
    };
    assert_eq!((one.device, &one.label), (DeviceKey([1; 16]), &Label::PORN));
    assert!(
        one.rest <= HOUR && one.rest > HOUR / 2,
        "the longer one counts: {:?}",
        one.rest
    );
}

#[test]
fn what_another_process_has_written_is_noticed_once() {
    let folder = Folder::new();
    let (ours, _) = KeptOut::open(&folder.0).unwrap();
    let mut elsewhere = ours.elsewhere().unwrap();
    let (theirs, _) = KeptOut::open(&folder.0).unwrap();
    let mut of_them = |what: &str| {
        let news = elsewhere.look().unwrap();
        assert_eq!(elsewhere.look().unwrap(), [], "{what}: once");
        news
    };
    assert_eq!(of_them("nothing"), []);
    keep(&ours, outside(1, HOUR));
    assert_eq!(of_them("ours"), []);
    keep(&theirs, outside(2, HOUR));
    keep(&theirs, outside(3, Duration::ZERO));
    let [News::Kept(kept)] = &of_them("theirs")[..] else {
        panic!("one of them, and none whose time is over");
    };
    assert_eq!(
        (kept.device, &kept.label),
        (DeviceKey([2; 16]), &Label::PORN)
    );
    assert!(kept.rest <= HOUR && kept.rest > HOUR / 2);
    keep(&theirs, outside(1, HOUR / 2));
    assert_eq!(of_them("a shorter time"), []);
    keep(&theirs, outside(1, HOUR * 2));
    assert!(matches!(&of_them("a longer one")[..], [News::Kept(longer)] if longer.rest > HOUR));
    let lift = |kept_out: &KeptOut, number| {
        let done = kept_out.lift(DeviceKey([number; 16]));
        done.blocking_recv().unwrap().unwrap();
    };
    lift(&ours, 1);
    assert_eq!(of_them("lifted by us"), []);
    lift(&theirs, 2);
    assert_eq!(of_them("lifted"), [News::Lifted(DeviceKey([2; 16]))]);
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
fn a_restarted_desk_turns_them_away() {
    let folder = Folder::new();
    let tokens = DeviceTokens::new(&device_secret(&folder.0).unwrap());
    let token = tokens.mint(&DeviceId::new([3; 16]), 1_000);
    let (kept_out, _) = KeptOut::open(&folder.0).unwrap();
    let device = tokens.key_of(&tokens.read(&token, 2_000).unwrap());
    let entry = Outside {
        device,
        rest: HOUR,
        label: Label::PORN,
    };
    keep(&kept_out, entry);
    kept_out.close();

    let (_, still) = KeptOut::open(&folder.0).unwrap();
    let now = Instant::now();
    let mut desk = Desk::new(Policy::default(), &config::Moderation::default(), 7);
    for Outside {
        device,
        rest,
        label,
    } in still
    {
        desk.keep_out(device, &label, rest, now);
    }
    let tokens = DeviceTokens::new(&device_secret(&folder.0).unwrap());
    let device = tokens.key_of(&tokens.read(&token, 2_000).unwrap());
    let session = SessionId(1);
    let device = Some(device);
    desk.handle(
        Input::Arrived {
            session,
            device,
            whence: None,
        },
        now,
    );
    let outputs: Vec<_> = std::iter::from_fn(|| desk.poll()).collect();
    assert!(
        matches!(outputs[..], [Output::Write(_), Output::End { .. }]),
        "{outputs:?}"
    );
}

#[test]
fn the_secret_is_made_once_and_is_the_owners() {
    let folder = Folder::new();
    let secret = device_secret(&folder.0).unwrap();
    assert_eq!(device_secret(&folder.0).unwrap(), secret);
    assert_ne!(secret, [0; 32]);
    let mode = fs::metadata(folder.0.join(SECRET_FILE))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let other = Folder::new();
    assert_ne!(device_secret(&other.0).unwrap(), secret);
    fs::write(folder.0.join(SECRET_FILE), "short").unwrap();
    let error = device_secret(&folder.0).unwrap_err();
    assert!(matches!(error, OpenError::Secret { .. }), "{error}");
}

#[test]
fn what_somebody_else_has_put_into_the_table_keeps_no_server_from_starting() {
    let folder = Folder::new();
    let (kept_out, _) = KeptOut::open(&folder.0).unwrap();
    keep(&kept_out, outside(1, HOUR));
    kept_out.close();
    let connection = Connection::open(folder.0.join(DEVICES_FILE)).unwrap();
    let far = i64::MAX;
    let rows = format!(
        "INSERT INTO kept_out VALUES (x'00', {far}, 'porn');
         INSERT INTO kept_out VALUES (zeroblob(16), {far}, 'No Label');"
    );
    connection.execute_batch(&rows).unwrap();
    let (_, still) = KeptOut::open(&folder.0).unwrap();
    assert_eq!(still.len(), 1);
}

#[test]
fn a_closed_table_says_so() {
    let folder = Folder::new();
    let (kept_out, _) = KeptOut::open(&folder.0).unwrap();
    kept_out.close();
    let answer = kept_out.keep(outside(1, HOUR)).blocking_recv().unwrap();
    assert_eq!(answer, Err(AppendCause::Closed));
}
