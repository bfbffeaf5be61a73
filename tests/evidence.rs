//! Pictures of cases: what is on disk, who sees them, and what is left when their time is over.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail with it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::sync::mpsc;
use visavis::codec::VideoCodec;
use visavis::config;
use visavis::control::{self, Casework, CaseworkError};
use visavis::id::{CaseId, SessionId};
use visavis::moderation::{CaseClass, Hindrance, Label, Opening, Origin, Role, Ruling, Score};
use visavis::store::{
    AuditLog, Cases, Decision, Depot, Evidence, Exhibit, Filing, Keeping, KeptOut, Moderator,
    PictureRow, Search, Side, Stored, Vault,
};

const KEEPING: Keeping = Keeping {
    conduct: Duration::from_secs(24 * 60 * 60),
    child_safety: Duration::from_secs(24 * 60 * 60),
};

const AT_ONCE: Keeping = Keeping {
    conduct: Duration::ZERO,
    child_safety: Duration::ZERO,
};

/// Bytes that are easily found again wherever they lie.
const FACE: &[u8] = b"the face of somebody, as a keyframe has it";

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("visavis-evidence-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn pictures(&self) -> PathBuf {
        self.0.join("evidence")
    }

    /// Where the pictures of a case of this folder lie.
    fn place_of(&self, case: CaseId) -> PathBuf {
        let mut books = fs::read_dir(self.pictures()).unwrap();
        books.next().unwrap().unwrap().path().join(case.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whatever is left of it is the system's to clear.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The desk of a server with this folder and this key.
struct Desk {
    casework: Casework,
    cases: Cases,
    audit: AuditLog,
    kept_out: KeptOut,
    evidence: Evidence,
}

impl Desk {
    async fn open(folder: &Folder, key: &str, keeping: Keeping) -> Self {
        let depot = Depot::folder(&folder.pictures()).unwrap();
        Self::open_at(folder, key, keeping, depot).await
    }

    async fn open_at(folder: &Folder, key: &str, keeping: Keeping, depot: Depot) -> Self {
        let cases = Cases::open(&folder.0, keeping).unwrap();
        let audit = AuditLog::open(&folder.0).unwrap();
        let (kept_out, _) = KeptOut::open(&folder.0).unwrap();
        let vault = Vault::read(key).unwrap();
        let evidence = Evidence::start(cases.clone(), vault, depot).await.unwrap();
        let (_, events) = mpsc::channel(1);
        let control = control::start(&config::Lobby::default(), |_| {}, events, None);
        let casework = Casework::new(cases.clone(), audit.clone(), kept_out.clone(), control)
            .with_evidence(evidence.clone());
        Self {
            casework,
            cases,
            audit,
            kept_out,
            evidence,
        }
    }

    async fn file(&self, filing: Filing) -> CaseId {
        let receipts = self.cases.add([filing]).await.unwrap().unwrap();
        receipts[0].id
    }

    /// The pictures of a case, once there are so many.
    async fn pictures(&self, id: CaseId, count: usize) -> Vec<PictureRow> {
        let coming = async {
            loop {
                let file = self.cases.whole(id).await.unwrap().unwrap();
                if file.pictures.len() >= count {
                    return file.pictures;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, coming).await.unwrap()
    }

    async fn dismiss(&self, by: &Moderator, id: CaseId) {
        self.casework.lease(by, id).await.unwrap();
        let decision = Decision {
            ruling: Ruling::Dismiss,
            reason: "mistake".to_owned(),
            note: String::new(),
        };
        self.casework.decide(by, id, decision).await.unwrap();
    }

    fn lines(&self) -> Vec<Stored> {
        let mut lines = self.audit.trail(&Search::default()).unwrap().lines;
        lines.reverse();
        lines
    }

    async fn close(self) {
        self.evidence.close().await;
        let close = move || {
            self.cases.close();
            self.audit.close();
            self.kept_out.close();
        };
        tokio::task::spawn_blocking(close).await.unwrap();
    }
}

fn key() -> String {
    Vault::new_key().unwrap()
}

fn complaint(about: u64) -> Opening {
    Opening {
        session: SessionId(about),
        device: None,
        class: CaseClass::Conduct,
        label: Label::new("reported_nudity").unwrap(),
        score: 0.5,
        severity: 3,
        origin: Origin::Report,
        reporter: Some(SessionId(99)),
        done: None,
        lasts: None,
        policy: Arc::from(""),
        version: Arc::from(""),
    }
}

fn picture(whose: Side, seconds_ago: u64) -> Exhibit {
    Exhibit {
        whose,
        age: Duration::from_secs(seconds_ago),
        codec: VideoCodec::Vp8,
        scores: vec![Score {
            label: Label::PORN,
            value: 0.75,
        }],
        picture: Bytes::copy_from_slice(FACE),
    }
}

fn filing(opening: Opening) -> Filing {
    let exhibits = vec![picture(Side::About, 5), picture(Side::Reporter, 3)];
    Filing { opening, exhibits }
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

/// Every byte below a folder.
fn everything(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => bytes.extend(everything(&path)),
            false => bytes.extend(fs::read(&path).unwrap()),
        }
    }
    bytes
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

/// How many files there are below a folder.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

#[tokio::test]
async fn a_thief_with_the_disk_and_not_the_key_sees_nothing() {
    let (folder, key) = (Folder::new("thief"), key());
    let desk = Desk::open(&folder, &key, KEEPING).await;
    let id = desk.file(filing(complaint(1))).await;
    let rows = desk.pictures(id, 2).await;
    assert_eq!(
        (rows[0].whose, rows[1].whose),
        (Side::About, Side::Reporter)
    );
    assert_eq!(rows[0].scores, [("porn".to_owned(), 0.75)]);
    assert_eq!(rows[1].taken_ms - rows[0].taken_ms, 2_000);
    desk.close().await;
    let disk = everything(&folder.0);
    assert!(disk.len() > 2 * FACE.len());
    assert!(!contains(&disk, FACE) && !contains(&disk, &FACE[..8]));
    let other = Desk::open(&folder, &self::key(), KEEPING).await;
    let refused = other.casework.picture(&ann(), id, rows[0].n).await;
    assert_eq!(refused, Err(CaseworkError::Sealed));
    other.close().await;
    let owner = Desk::open(&folder, &key, KEEPING).await;
    let seen = owner.casework.picture(&ann(), id, rows[0].n).await.unwrap();
    assert_eq!((seen.codec, &*seen.keyframe), (VideoCodec::Vp8, FACE));
}

#[tokio::test]
async fn nobody_sees_a_picture_without_a_line() {
    let folder = Folder::new("line");
    let desk = Desk::open(&folder, &key(), KEEPING).await;
    let id = desk.file(filing(complaint(1))).await;
    let n = desk.pictures(id, 2).await[0].n;
    desk.casework.picture(&ann(), id, n).await.unwrap();
    let line = desk.lines().pop().unwrap();
    assert_eq!((&*line.actor, &*line.action), ("person ann", "view"));
    assert_eq!(line.reason, format!("case {id}: picture {n}"));
    let none = desk.casework.picture(&ann(), id, 77).await;
    assert_eq!(none, Err(CaseworkError::NoSuchPicture));
    let audit = desk.audit.clone();
    tokio::task::spawn_blocking(move || audit.close())
        .await
        .unwrap();
    let unseen = desk.casework.picture(&ann(), id, n).await;
    assert_eq!(unseen, Err(CaseworkError::NotWritten));
}

#[tokio::test]
async fn what_may_show_a_child_is_seen_by_one_role() {
    let folder = Folder::new("child");
    let desk = Desk::open(&folder, &key(), KEEPING).await;
    let opening = Opening {
        class: CaseClass::ChildSafety,
        ..complaint(1)
    };
    let id = desk.file(filing(opening)).await;
    let n = desk.pictures(id, 2).await[0].n;
    for role in [Role::Moderator, Role::Senior, Role::Admin] {
        let refused = desk.casework.picture(&person("max", role), id, n).await;
        assert_eq!(refused, Err(CaseworkError::Hindered(Hindrance::Role)));
    }
    let kim = person("kim", Role::ChildSafety);
    desk.casework.picture(&kim, id, n).await.unwrap();
}

#[tokio::test]
async fn with_the_case_its_key_and_its_pictures_go() {
    let (folder, key) = (Folder::new("gone"), key());
    let desk = Desk::open(&folder, &key, AT_ONCE).await;
    let mut ids = Vec::new();
    for about in 1..=3 {
        let id = desk.file(filing(complaint(about))).await;
        desk.pictures(id, 2).await;
        ids.push(id);
    }
    for id in &ids[..2] {
        desk.dismiss(&ann(), *id).await;
    }
    let admin = person("max", Role::Admin);
    desk.casework.hold(&admin, ids[1], true).await.unwrap();
    let sealed = fs::read(folder.place_of(ids[0]).join("1")).unwrap();
    assert_eq!(desk.casework.forget_expired().await.unwrap(), 1);
    let line = desk.lines().pop().unwrap();
    assert_eq!((&*line.actor, &*line.action), ("clock", "destroy"));
    assert_eq!(line.reason, format!("case {}: its time is over", ids[0]));
    assert_eq!(files(&folder.pictures()), 4, "of the two that stay");
    // Somebody has kept a copy of the sealed picture, and puts it back.
    let place = folder.place_of(ids[0]);
    fs::create_dir(&place).unwrap();
    fs::write(place.join("1"), &sealed).unwrap();
    let gone = desk.casework.picture(&ann(), ids[0], 1).await;
    assert_eq!(gone, Err(CaseworkError::NoSuchCase));
    let theirs = folder.place_of(ids[1]);
    fs::write(theirs.join("1"), &sealed).unwrap();
    let swapped = desk.casework.picture(&ann(), ids[1], 1).await;
    assert_eq!(swapped, Err(CaseworkError::Sealed));
    assert_eq!(desk.casework.forget_expired().await.unwrap(), 0);
    assert!(!place.exists(), "what belongs to no case is swept away");
}

#[tokio::test]
async fn what_comes_later_is_added_once_and_only_as_much_as_a_case_may_hold() {
    let folder = Folder::new("later");
    let desk = Desk::open(&folder, &key(), KEEPING).await;
    let id = desk.file(filing(complaint(1))).await;
    desk.pictures(id, 2).await;
    let mut again = filing(complaint(1));
    again.exhibits.push(picture(Side::About, 20));
    assert_eq!(desk.file(again).await, id);
    let rows = desk.pictures(id, 3).await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    let exhibits = (0..60).map(|ago| picture(Side::About, 100 + ago)).collect();
    let opening = complaint(1);
    desk.file(Filing { opening, exhibits }).await;
    desk.pictures(id, visavis::limits::CASE_PICTURES).await;
    desk.close().await;
    assert_eq!(files(&folder.pictures()), visavis::limits::CASE_PICTURES);
}

#[tokio::test]
async fn a_place_that_fails_for_a_while_loses_no_picture_and_holds_up_no_case() {
    let folder = Folder::new("broken");
    let desk = Desk::open(&folder, &key(), KEEPING).await;
    // Where the folder was is a file: nothing can be put there.
    fs::remove_dir(folder.pictures()).unwrap();
    fs::write(folder.pictures(), b"in the way").unwrap();
    let id = desk.file(filing(complaint(1))).await;
    let other = desk.file(filing(complaint(2))).await;
    let row = desk.cases.find(id).await.unwrap().unwrap();
    assert_eq!(row.pictures, 0);
    fs::remove_file(folder.pictures()).unwrap();
    fs::create_dir(folder.pictures()).unwrap();
    desk.pictures(id, 2).await;
    desk.pictures(other, 2).await;
}

#[tokio::test]
async fn what_was_filed_is_put_away_before_the_end() {
    let (folder, key) = (Folder::new("end"), key());
    let desk = Desk::open(&folder, &key, KEEPING).await;
    let mut ids = Vec::new();
    for about in 1..=20 {
        ids.push(desk.file(filing(complaint(about))).await);
    }
    desk.close().await;
    let desk = Desk::open(&folder, &key, KEEPING).await;
    for id in ids {
        desk.casework.picture(&ann(), id, 2).await.unwrap();
    }
}

#[tokio::test]
async fn two_servers_that_share_a_place_leave_each_others_pictures_alone() {
    let (one, other) = (Folder::new("one"), Folder::new("other"));
    let place = || Depot::folder(&one.pictures()).unwrap();
    let first = Desk::open_at(&one, &key(), KEEPING, place()).await;
    let second = Desk::open_at(&other, &key(), AT_ONCE, place()).await;
    let id = first.file(filing(complaint(1))).await;
    first.pictures(id, 2).await;
    assert_eq!(second.casework.forget_expired().await.unwrap(), 0);
    let same = second.file(filing(complaint(1))).await;
    assert_eq!(same, id, "each counts by itself");
    second.pictures(same, 2).await;
    second.dismiss(&ann(), same).await;
    assert_eq!(second.casework.forget_expired().await.unwrap(), 1);
    first.casework.picture(&ann(), id, 1).await.unwrap();
}

/// Names the folder of the bucket to the process that is started for what follows: where a bucket is and who
/// may use it stands in a process's variables.
const BUCKET: &str = "TEST_BUCKET_FOLDER";
const BUCKET_TEST: &str = "in_a_bucket_they_lie_sealed_and_only_for_whom_it_is";

#[tokio::test]
async fn in_a_bucket_they_lie_sealed_and_only_for_whom_it_is() {
    if let Some(folder) = std::env::var_os(BUCKET) {
        return match std::env::var("AWS_SECRET_ACCESS_KEY").unwrap().as_str() {
            "right" => keep_in_a_bucket(Path::new(&folder)).await,
            _ => be_refused().await,
        };
    }
    let folder = Folder::new("bucket");
    fs::create_dir_all(folder.0.join("faces")).unwrap();
    let endpoint = format!("http://{}", serve_buckets(&folder.0).await);
    for secret in ["right", "wrong"] {
        let mut again = tokio::process::Command::new(std::env::current_exe().unwrap());
        let ended = again
            .args(["--exact", BUCKET_TEST, "--nocapture"])
            .env(BUCKET, folder.0.join("faces"))
            .env("AWS_ENDPOINT", &endpoint)
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "nowhere")
            .env("AWS_ACCESS_KEY_ID", "visavis")
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .kill_on_drop(true)
            .output();
        let ended = ended.await.unwrap();
        let said = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{secret}: {said}");
        assert!(said.contains("1 passed"), "{said}");
    }
}

/// An S3 service of other hands, which lets in who signs with the right secret.
async fn serve_buckets(folder: &Path) -> std::net::SocketAddr {
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    service.set_auth(SimpleAuth::from_single("visavis", "right"));
    let service = service.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service.clone());
            tokio::spawn(connection);
        }
    });
    address
}

async fn keep_in_a_bucket(bucket: &Path) {
    let (folder, key) = (Folder::new("bucket-desk"), key());
    let depot = Depot::bucket("s3://faces/of/cases").unwrap();
    let desk = Desk::open_at(&folder, &key, AT_ONCE, depot).await;
    let [id, other] = [
        desk.file(filing(complaint(1))).await,
        desk.file(filing(complaint(2))).await,
    ];
    let n = desk.pictures(id, 2).await[0].n;
    desk.pictures(other, 2).await;
    let seen = desk.casework.picture(&ann(), id, n).await.unwrap();
    assert_eq!(&*seen.keyframe, FACE);
    assert_eq!(files(&bucket.join("of/cases")), 4);
    let stored = everything(bucket);
    assert!(stored.len() > 4 * FACE.len() && !contains(&stored, &FACE[..8]));
    desk.dismiss(&ann(), id).await;
    assert_eq!(desk.casework.forget_expired().await.unwrap(), 1);
    assert_eq!(files(bucket), 2, "of the one that stays");
    desk.close().await;
}

async fn be_refused() {
    let folder = Folder::new("bucket-refused");
    let depot = Depot::bucket("s3://faces/of/cases").unwrap();
    let desk = Desk::open_at(&folder, &key(), KEEPING, depot).await;
    let id = desk.file(filing(complaint(1))).await;
    // The server does so at its start, and says what comes of it.
    assert!(desk.casework.forget_expired().await.is_err());
    let case = desk.cases.whole(id).await.unwrap().unwrap();
    assert!(case.pictures.is_empty(), "{:?}", case.pictures);
}
