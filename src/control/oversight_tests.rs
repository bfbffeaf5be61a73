//! Nobody is met unseen, and nothing is done that is not written down.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::age::AgeBand;
use crate::classify::Judged;
use crate::classify::afterwards::{Afterword, Opined};
use crate::classify::remarks::Remarks;
use crate::codec::VideoCodec;
use crate::config;
use crate::control::device::Devices;
use crate::control::line::SocketId;
use crate::control::request::{Marks, Message, Refusal, Request, Ruled, Screening, Whose};
use crate::control::switchboard::{Switchboard, leg_of};
use crate::control::watch::DeviceBook;
use crate::id::CaseId;
use crate::lobby::{Ask, Door, Notice, Wish};
use crate::media::{Command, Event};
use crate::moderation::{Actor, DeviceTokens, NetworkKey, Policy, Ruling, Score, Verdict};
use crate::private::Private;
use crate::store::{KeptOut, Receipt};
use crate::tap::{Frame, Occasion};

const HOUR: Duration = Duration::from_secs(3_600);

/// A switchboard with a desk, and what it says and commands.
struct Board {
    board: Switchboard<Box<dyn FnMut(Command)>>,
    commands: mpsc::UnboundedReceiver<Command>,
    inboxes: Vec<(mpsc::Receiver<Message>, oneshot::Receiver<()>)>,
    now: Instant,
    folder: PathBuf,
}

impl Drop for Board {
    fn drop(&mut self) {
        // Whatever is left of it is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The session that joined as the number so-and-so, from zero.
const fn nth(number: u64) -> SessionId {
    SessionId(number + 1)
}

impl Board {
    fn with_visitors(count: u64) -> Self {
        let (asked, commands) = mpsc::unbounded_channel();
        let command: Box<dyn FnMut(Command)> =
            Box::new(move |command| asked.send(command).unwrap());
        let desk = Desk::new(Policy::default(), &config::Moderation::default(), 7);
        let rng = || StdRng::seed_from_u64(7);
        let now = tokio::time::Instant::now().into_std();
        let folder = std::env::temp_dir().join(format!(
            "visavis-oversight-{}-{count}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let (kept_out, _) = KeptOut::open(&folder).unwrap();
        let book = DeviceBook {
            tokens: DeviceTokens::new(&[7; 32]),
            kept_out,
            moment: (now, 1_800_000_000),
        };
        // No word that insults anybody stands in this file.
        let remarks = Remarks::parse(&["text_offensive=blorp".to_owned()]).unwrap();
        let board = Switchboard::new(&config::Lobby::default(), rng(), command).with_desk(
            desk,
            remarks,
            Devices::new(book, rng()),
        );
        let mut all = Self {
            board,
            commands,
            inboxes: Vec::new(),
            now,
            folder,
        };
        for number in 0..count {
            all.join(number, Marks::default());
        }
        all
    }

    fn join(&mut self, number: u64, marks: Marks) {
        let socket = SocketId(number);
        let (outbox, inbox) = mpsc::channel(64);
        let (hold, held) = oneshot::channel();
        self.inboxes.push((inbox, held));
        let connect = Request::Connect {
            socket,
            outbox,
            hold,
        };
        let offer = Private::new("an offer".to_owned());
        let wish = Wish {
            door: Door::Video { offer },
            band: Some(AgeBand::Adult),
            interests: vec![],
            languages: vec![],
        };
        let join = Request::Join {
            socket,
            wish,
            marks,
        };
        self.board.handle_request(connect, self.now);
        self.board.handle_request(join, self.now);
        let leg = leg_of(nth(number));
        let answer = Private::new("an answer".to_owned());
        let video = VideoCodec::Vp8;
        let answered = Event::Answered { leg, answer, video };
        self.board.handle_event(answered, self.now);
        self.board.handle_event(Event::Connected { leg }, self.now);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn judge(&mut self, number: u64, label: Label) {
        self.pass(Duration::from_millis(10));
        let frame = Frame {
            leg: leg_of(nth(number)),
            occasion: Occasion::Routine,
            codec: VideoCodec::Vp8,
            taken: self.now,
            data: Bytes::new(),
        };
        self.pass(Duration::from_millis(40));
        let scores = vec![Score::certain(label)];
        let verdict = Verdict::judged(scores, Arc::from("test"), Duration::from_millis(40));
        self.board
            .handle_judged(Judged { frame, verdict }, self.now);
    }

    /// The disk takes what is to be written; says whether there was anything.
    fn write(&mut self) -> bool {
        let lines = self.board.lines_to_write(self.now);
        if lines.is_some() {
            self.board.handle_written(true, self.now);
        }
        lines.is_some()
    }

    fn commands(&mut self) -> Vec<Command> {
        std::iter::from_fn(|| self.commands.try_recv().ok()).collect()
    }

    fn gates(&mut self) -> Vec<(SessionId, Gate)> {
        let gate = |command| match command {
            Command::Video { leg, gate } => Some((SessionId(leg.0), gate)),
            _ => None,
        };
        self.commands().into_iter().filter_map(gate).collect()
    }

    fn told(&mut self, number: usize) -> Vec<Message> {
        let (inbox, _) = &mut self.inboxes[number];
        std::iter::from_fn(|| inbox.try_recv().ok()).collect()
    }
}

fn begins_a_match(command: &Command) -> bool {
    matches!(command, Command::Match { .. })
}

fn ends(message: &Message) -> bool {
    matches!(message, Message::Ended { .. })
}

#[tokio::test]
async fn nobody_is_met_before_a_picture_of_theirs_was_judged() {
    let mut board = Board::with_visitors(2);
    assert_eq!(board.gates(), [(nth(0), Gate::Shut), (nth(1), Gate::Shut)]);
    assert!(
        board
            .told(0)
            .iter()
            .any(|message| matches!(message, Message::Screening(Screening::Pending)))
    );
    board.judge(0, Label::NEUTRAL);
    assert_eq!(board.gates(), [(nth(0), Gate::Open)]);
    board.judge(1, Label::NEUTRAL);
    assert!(board.commands().iter().any(begins_a_match));
    let told = board.told(0);
    let passed = |message: &Message| matches!(message, Message::Screening(Screening::Passed));
    let matched = |message: &Message| matches!(message, Message::Notice(Notice::Matched { .. }));
    let at = |which: &dyn Fn(&Message) -> bool| told.iter().position(which);
    assert!(at(&passed) < at(&matched), "{told:?}");
}

fn receipt_of(session: SessionId) -> Receipt {
    Receipt {
        session,
        reporter: None,
        id: CaseId(1),
        code: "7Q2M".to_owned(),
    }
}

#[tokio::test]
async fn whoever_was_stopped_before_their_case_was_on_disk_is_told_its_code_then() {
    let mut board = Board::with_visitors(1);
    board.judge(0, Label::NEUTRAL);
    board.judge(0, Label::PORN);
    board.judge(0, Label::PORN);
    assert!(board.write());
    let codes = |told: Vec<Message>| -> Vec<Option<String>> {
        let code = |message| match message {
            Message::Blocked { case, .. } => Some(case),
            _ => None,
        };
        told.into_iter().filter_map(code).collect()
    };
    assert_eq!(codes(board.told(0)), [None]);
    board.board.handle_receipts(vec![receipt_of(nth(0))]);
    assert_eq!(codes(board.told(0)), [Some("7Q2M".to_owned())]);
    board.board.handle_receipts(vec![receipt_of(nth(0))]);
    assert_eq!(codes(board.told(0)), [], "it is no news");
}

#[tokio::test]
async fn whoever_is_sent_away_is_told_the_code_of_their_case() {
    let mut board = Board::with_visitors(1);
    board.judge(0, Label::KNOWN_PICTURE);
    board.told(0);
    board.board.lines_to_write(board.now).unwrap();
    let filings = board.board.cases_to_open(board.now);
    assert!(
        filings
            .iter()
            .all(|filing| filing.opening.session == nth(0))
    );
    assert!(!filings.is_empty());
    assert!(filings.iter().all(|filing| filing.exhibits.len() == 1));
    board.board.handle_receipts(vec![receipt_of(nth(0))]);
    board.board.handle_written(true, board.now);
    let told = board.told(0);
    let tells = |message: &Message| matches!(message, Message::Ended { case: Some(code), .. } if code == "7Q2M");
    assert!(told.iter().any(tells), "{told:?}");
    assert!(board.board.cases_to_open(board.now).is_empty());
}

#[tokio::test]
async fn a_person_who_warns_is_heard_by_the_visitor_behind_a_line() {
    let mut board = Board::with_visitors(1);
    board.judge(0, Label::NEUTRAL);
    board.told(0);
    let rule = |ruling| {
        Request::Rule(Ruled {
            session: Some(nth(0)),
            device: None,
            ruling,
            label: Label::SEXY,
            by: Actor::Person(Arc::from("ann")),
        })
    };
    board.board.handle_request(rule(Ruling::Warn), board.now);
    assert!(board.told(0).is_empty(), "not before the line");
    assert!(board.write());
    let told = board.told(0);
    assert!(matches!(told[..], [Message::Warned(_)]), "{told:?}");
    board
        .board
        .handle_request(rule(Ruling::Ban(HOUR)), board.now);
    assert!(board.write());
    assert!(board.told(0).iter().any(ends));
}

#[tokio::test]
async fn nothing_is_done_before_its_line_is_on_disk() {
    let mut board = Board::with_visitors(1);
    board.judge(0, Label::KNOWN_PICTURE);
    board.told(0);
    let lines = board.board.lines_to_write(board.now).unwrap();
    assert!(lines.iter().any(|line| line.label == Label::KNOWN_PICTURE));
    assert!(!board.told(0).iter().any(ends));
    assert!(
        board.board.lines_to_write(board.now).is_none(),
        "one batch at a time"
    );
    board.board.handle_written(true, board.now);
    assert!(board.told(0).iter().any(ends));
}

#[tokio::test]
async fn who_is_to_be_stopped_is_shown_to_nobody_while_the_disk_takes_no_line() {
    let mut board = Board::with_visitors(2);
    board.judge(0, Label::NEUTRAL);
    board.judge(1, Label::NEUTRAL);
    board.gates();
    board.judge(0, Label::KNOWN_PICTURE);
    assert!(board.board.lines_to_write(board.now).is_some());
    assert_eq!(board.gates(), []);
    board.board.handle_written(false, board.now);
    assert_eq!(board.gates(), [(nth(0), Gate::Shut)]);
    assert!(!board.told(0).iter().any(ends));
    assert!(
        board.board.lines_to_write(board.now).is_none(),
        "it is not tried at once again"
    );
    assert!(board.board.next_deadline() <= Some(board.now + WRITE_AGAIN));
    board.pass(WRITE_AGAIN);
    assert!(board.write());
    assert!(board.told(0).iter().any(ends));
}

#[tokio::test]
async fn a_stopped_picture_is_told_to_both_and_passes_again_with_one_that_is_well() {
    let mut board = Board::with_visitors(2);
    board.judge(0, Label::NEUTRAL);
    board.judge(1, Label::NEUTRAL);
    board.gates();
    board.judge(0, Label::PORN);
    board.judge(0, Label::PORN);
    assert!(board.write());
    assert_eq!(board.gates(), [(nth(0), Gate::Shut)]);
    let is = |wanted: Whose, stopped: bool| {
        move |message: &Message| {
            matches!(message, Message::Blocked { whose, blocked, .. }
                if *whose == wanted && *blocked == stopped)
        }
    };
    assert!(board.told(0).iter().any(is(Whose::Own, true)));
    assert!(board.told(1).iter().any(is(Whose::Partner, true)));
    board.judge(0, Label::NEUTRAL);
    assert!(board.write());
    assert_eq!(board.gates(), [(nth(0), Gate::Open)]);
    assert!(board.told(0).iter().any(is(Whose::Own, false)));
    assert!(board.told(1).iter().any(is(Whose::Partner, false)));
}

#[tokio::test]
async fn the_next_partner_hears_at_once_that_a_picture_is_stopped() {
    let mut board = Board::with_visitors(3);
    for number in 0..3 {
        board.judge(number, Label::NEUTRAL);
    }
    board.judge(0, Label::PORN);
    board.judge(0, Label::PORN);
    assert!(board.write());
    board.told(2);
    let socket = SocketId(0);
    let ask = Ask::Next;
    board
        .board
        .handle_request(Request::Ask { socket, ask }, board.now);
    let told = board.told(2);
    let matched = told
        .iter()
        .position(|message| matches!(message, Message::Notice(Notice::Matched { .. })));
    let blocked = told.iter().position(|message| {
        matches!(
            message,
            Message::Blocked {
                whose: Whose::Partner,
                ..
            }
        )
    });
    assert!(matched.is_some() && matched < blocked, "{told:?}");
}

#[tokio::test]
async fn a_device_that_was_sent_out_is_turned_away_when_it_comes_back() {
    let mut board = Board::with_visitors(1);
    let device = board
        .told(0)
        .into_iter()
        .find_map(|message| match message {
            Message::Joined { device, .. } => device,
            _ => None,
        })
        .unwrap();
    board.judge(0, Label::KNOWN_PICTURE);
    assert!(board.write());
    assert!(board.told(0).iter().any(ends));
    let device = Some(device);
    board.join(
        1,
        Marks {
            device,
            ..Marks::default()
        },
    );
    assert!(board.write());
    assert!(board.told(1).iter().any(ends));
    assert_eq!(board.board.online(), 0);
    let oversight = board.board.oversight.as_ref().unwrap();
    assert!(oversight.is_empty());
}

#[tokio::test]
async fn an_account_that_was_sent_out_is_turned_away_in_another_browser() {
    let mut board = Board::with_visitors(0);
    let by = |name: &str| Marks {
        account: Some(Private::new(name.to_owned())),
        ..Marks::default()
    };
    board.join(0, by("ada"));
    board.judge(0, Label::KNOWN_PICTURE);
    assert!(board.write());
    assert!(board.told(0).iter().any(ends));
    board.join(1, by("ada"));
    board.join(2, by("grace"));
    assert!(board.write());
    assert!(board.told(1).iter().any(ends));
    assert!(!board.told(2).iter().any(ends));
}

#[tokio::test]
async fn a_new_browser_of_a_network_that_somebody_was_sent_out_of_is_turned_away_for_a_while() {
    let mut board = Board::with_visitors(0);
    let from = |first: u8| Marks {
        network: Some([NetworkKey([first; 16]), NetworkKey([0; 16])]),
        ..Marks::default()
    };
    board.join(0, from(1));
    board.judge(0, Label::KNOWN_PICTURE);
    assert!(board.write());
    assert!(board.told(0).iter().any(ends));
    board.join(1, from(1));
    board.join(2, from(2));
    let account = Some(Private::new("grace".to_owned()));
    board.join(3, Marks { account, ..from(1) });
    assert!(board.write());
    assert!(board.told(1).iter().any(ends), "the same, most likely");
    assert!(!board.told(2).iter().any(ends), "from elsewhere");
    assert!(
        !board.told(3).iter().any(ends),
        "an account speaks for itself"
    );
}

#[tokio::test]
async fn a_picture_is_held_at_the_start_of_a_match_whatever_the_disk_does() {
    let mut board = Board::with_visitors(3);
    for number in 0..3 {
        board.judge(number, Label::NEUTRAL);
    }
    board.pass(Duration::from_secs(20));
    // The two who are matched; the third waits, and nobody has been looked at for long.
    board.judge(0, Label::KNOWN_PICTURE);
    assert!(board.board.lines_to_write(board.now).is_some());
    board.commands();
    let socket = SocketId(1);
    let ask = Ask::Next;
    board
        .board
        .handle_request(Request::Ask { socket, ask }, board.now);
    let commands = board.commands();
    let shut = |command: &Command| {
        matches!(
            command,
            Command::Video {
                gate: Gate::Shut,
                ..
            }
        )
    };
    let held = commands.iter().rposition(shut);
    let begun = commands.iter().position(begins_a_match);
    assert_eq!(commands.iter().filter(|command| shut(command)).count(), 2);
    assert!(begun.is_some() && held < begun, "{commands:?}");
    board.board.handle_written(false, board.now);
    board.pass(WRITE_AGAIN);
    assert!(board.write());
    board.gates();
    board.judge(1, Label::NEUTRAL);
    board.judge(2, Label::NEUTRAL);
    board.write();
    let open: Vec<_> = board.gates();
    assert_eq!(open, [(nth(1), Gate::Open), (nth(2), Gate::Open)]);
}

#[tokio::test]
async fn what_is_done_is_timed_from_its_picture_to_the_disk_and_behind() {
    let mut board = Board::with_visitors(1);
    board.judge(0, Label::KNOWN_PICTURE);
    board.pass(Duration::from_millis(60));
    board.write();
    let figures = board.board.pulse.figures();
    let figures = figures.lock();
    assert_eq!(figures.first_verdict.count(), 1);
    // Forty of the judging and sixty of the disk.
    assert_eq!(figures.action.percentile_ms(50.0), Some(100));
}

impl Board {
    /// Writes to the partner: what they got of it, and whether the writer was told that they did not.
    fn write_to_partner(&mut self, writer: usize, text: &str) -> (Vec<String>, bool) {
        self.pass(Duration::from_secs(2));
        let ask = Request::Ask {
            socket: SocketId(writer.try_into().unwrap()),
            ask: Ask::Chat(Private::new(text.to_owned())),
        };
        self.board.handle_request(ask, self.now);
        let got = |message| match message {
            Message::Notice(Notice::Chat(text)) => Some(text.into_inner()),
            _ => None,
        };
        let read = self.told(1 - writer).into_iter().filter_map(got).collect();
        let told = self.told(writer);
        let refused = |message: &Message| matches!(message, Message::Refused(Refusal::KeptBack));
        (read, told.iter().any(refused))
    }
}

#[tokio::test]
async fn a_slur_reaches_nobody_and_who_goes_on_has_a_pause() {
    let mut board = Board::with_visitors(2);
    for number in 0..2 {
        board.judge(number, Label::NEUTRAL);
    }
    drop(board.commands());
    let hello = board.write_to_partner(0, "hello");
    assert_eq!(hello, (vec!["hello".to_owned()], false));
    let slur = "you are a blorp";
    assert_eq!(board.write_to_partner(0, slur), (Vec::new(), true));
    let lines = board.board.lines_to_write(board.now).unwrap();
    let [line] = &lines[..] else {
        panic!("one line: {lines:?}")
    };
    assert_eq!(
        (line.deed, line.label.as_str()),
        (Deed::Withhold, "text_offensive")
    );
    assert!(!line.reason.contains(slur) && !format!("{line:?}").contains("blorp"));
    board.board.handle_written(true, board.now);
    assert_eq!(board.gates(), [], "the picture goes on");
    for _ in 0..2 {
        assert_eq!(board.write_to_partner(0, slur), (Vec::new(), true));
        board.write();
    }
    assert!(board.told(0).iter().any(ends));
}

#[tokio::test]
async fn a_later_word_of_who_has_left_opens_a_case_with_the_picture() {
    let mut all = Board::with_visitors(1);
    all.write();
    let frame = Frame {
        leg: leg_of(nth(0)),
        occasion: Occasion::Routine,
        codec: VideoCodec::Vp8,
        taken: all.now,
        data: Bytes::from_static(b"a keyframe"),
    };
    let awaited = Afterword::Awaited(frame.leg);
    all.board.handle_afterword(awaited, all.now);
    let leaving = Request::Ask {
        socket: SocketId(0),
        ask: Ask::Leave,
    };
    all.board.handle_request(leaving, all.now);
    all.pass(Duration::from_secs(60));
    let picture = frame.data.clone();
    let scores = vec![Score::certain(Label::KNOWN_PICTURE)];
    let word = Afterword::Said(Opined { frame, scores });
    all.board.handle_afterword(word, all.now);
    let filings = all.board.cases_to_open(all.now);
    assert!(!filings.is_empty());
    for filing in filings {
        assert!(filing.opening.device.is_some());
        let [exhibit] = &filing.exhibits[..] else {
            panic!("{}", filing.exhibits.len());
        };
        assert_eq!(exhibit.picture, picture);
        assert_eq!(exhibit.age, Duration::from_secs(60));
    }
    assert!(all.write());
    assert!(all.board.oversight.as_ref().unwrap().is_empty());
}
