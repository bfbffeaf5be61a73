//! The supervisor of the workers, with their lives and deaths told to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use visavis::classify::judgement::Judge;
use visavis::classify::known::KnownPictures;
use visavis::classify::looking::Sight;
use visavis::classify::pdq::Fingerprint;
use visavis::classify::protocol::{Request, decode};
use visavis::classify::supervisor::{Input, Life, Output, Place, Supervisor, WorkerIndex};
use visavis::limits::{CLASSIFY_LINE, FAR_WORKERS, HANG_DEADLINES, WORKER_REST_MAX, WORKER_START};
use visavis::moderation::{Label, Outcome};
use visavis::tap::{Frame, Occasion};

use crate::show::{frame, now};

const DEADLINE: Duration = Duration::from_millis(1000);
const FIRST: WorkerIndex = WorkerIndex(0);

/// A supervisor, its clock, and what it said.
struct Stage {
    supervisor: Supervisor,
    now: Instant,
    /// The life of each worker that was started, killed or asked, and tickets.
    said: Vec<Said>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    Start(usize, u64),
    Ask(usize, u64),
    Kill(usize, u64),
    /// Leg and what became of its frame.
    Answer(u64, Outcome),
    /// The same, after it had been answered for being late.
    Belated(u64, Outcome),
}

impl Stage {
    fn new(workers: usize) -> Self {
        let now = now();
        let judge = Judge::new("test", Arc::new(KnownPictures::default()));
        let mut stage = Self {
            supervisor: Supervisor::new(workers, DEADLINE, judge, now),
            now,
            said: Vec::new(),
        };
        stage.tell(Input::Tick);
        stage
    }

    /// One worker that is ready.
    fn ready() -> Self {
        let mut stage = Self::new(1);
        stage.tell(Input::Ready(FIRST, Life(1)));
        stage.said.clear();
        stage
    }

    fn tell(&mut self, input: Input) {
        self.supervisor.handle(input, self.now);
        while let Some(output) = self.supervisor.poll() {
            self.said.push(match output {
                Output::Start(at, life) => Said::Start(at.0, life.0),
                Output::Kill(at, life) | Output::Dismiss(at, life) => Said::Kill(at.0, life.0),
                Output::Ask {
                    worker, request, ..
                } => Said::Ask(worker.0, ticket(&request)),
                Output::Answer(judged) => Said::Answer(judged.frame.leg.0, judged.verdict.outcome),
                Output::Belated(judged) => {
                    assert_eq!(*judged.frame.data, [1], "with its picture");
                    Said::Belated(judged.frame.leg.0, judged.verdict.outcome)
                }
            });
        }
    }

    fn show(&mut self, leg: u64) {
        self.tell(Input::Frame(frame(leg, &[1])));
    }

    fn seen(&mut self, life: u64, ticket: u64) {
        let sight = Sight::Seen {
            fingerprint: Fingerprint([0; 32]),
            quality: 90,
            scores: vec![("porn".to_owned(), 0.5)],
        };
        self.tell(Input::Seen(FIRST, Life(life), ticket, sight));
    }

    fn gone(&mut self, life: u64) {
        self.tell(Input::Gone(FIRST, Life(life)));
    }

    /// Time passes, and the supervisor is woken whenever it wants to be.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(wake) = self.supervisor.next_wake().filter(|wake| *wake <= end) {
            self.now = self.now.max(wake);
            let before = self.supervisor.next_wake();
            self.tell(Input::Tick);
            assert_ne!(before, self.supervisor.next_wake(), "it would spin");
        }
        self.now = end;
    }

    fn take(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }
}

fn ticket(message: &[u8]) -> u64 {
    match decode(&message[4..]).unwrap() {
        (Request::Look { ticket, .. }, [1]) => ticket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frame_is_asked_about_and_answered() {
    let mut stage = Stage::new(1);
    assert_eq!(stage.take(), [Said::Start(0, 1)]);
    stage.show(7);
    assert_eq!(stage.take(), [], "nobody is ready");
    stage.tell(Input::Ready(FIRST, Life(1)));
    assert_eq!(stage.take(), [Said::Ask(0, 1)]);
    stage.seen(1, 1);
    assert_eq!(stage.take(), [Said::Answer(7, Outcome::Judged)]);
    assert_eq!(stage.supervisor.next_wake(), None);
}

#[test]
fn frames_go_to_whoever_is_idle_the_oldest_first() {
    let mut stage = Stage::new(2);
    stage.tell(Input::Ready(FIRST, Life(1)));
    stage.tell(Input::Ready(WorkerIndex(1), Life(1)));
    stage.take();
    for leg in [1, 2, 3, 4] {
        stage.show(leg);
    }
    assert_eq!(stage.take(), [Said::Ask(0, 1), Said::Ask(1, 2)]);
    stage.seen(1, 1);
    assert_eq!(
        stage.take(),
        [Said::Answer(1, Outcome::Judged), Said::Ask(0, 3)]
    );
}

#[test]
fn when_the_line_is_full_the_oldest_goes_unseen_and_is_answered() {
    let mut stage = Stage::ready();
    for leg in 0..=u64::try_from(CLASSIFY_LINE).unwrap() + 1 {
        stage.show(leg);
    }
    // The first is under way, the second was the oldest that waited.
    assert_eq!(
        stage.take(),
        [Said::Ask(0, 1), Said::Answer(1, Outcome::Unavailable)]
    );
}

#[test]
fn a_frame_that_waits_too_long_is_late_and_without_a_worker_unavailable() {
    let mut stage = Stage::ready();
    stage.show(1);
    stage.show(2);
    stage.take();
    stage.pass(DEADLINE);
    assert_eq!(
        stage.take(),
        [
            Said::Answer(1, Outcome::Late),
            Said::Answer(2, Outcome::Late)
        ]
    );
    // The worker was only slow: what it says is still of that picture, and it goes on.
    stage.seen(1, 1);
    stage.show(3);
    assert_eq!(
        stage.take(),
        [Said::Belated(1, Outcome::Judged), Said::Ask(0, 2)]
    );
    stage.seen(1, 2);
    assert_eq!(stage.take(), [Said::Answer(3, Outcome::Judged)]);

    let mut stage = Stage::new(1);
    stage.show(1);
    stage.take();
    stage.pass(DEADLINE);
    assert_eq!(stage.take(), [Said::Answer(1, Outcome::Unavailable)]);
}

#[test]
fn a_frame_that_was_answered_is_not_tried_again_and_a_failure_is_not_said_twice() {
    let mut stage = Stage::ready();
    stage.show(1);
    stage.pass(DEADLINE);
    stage.take();
    stage.gone(1);
    assert_eq!(stage.take(), [Said::Start(0, 2)]);
    stage.tell(Input::Ready(FIRST, Life(2)));
    stage.pass(DEADLINE);
    assert_eq!(stage.take(), []);

    stage.show(2);
    stage.pass(DEADLINE);
    let reason = "a model failed".to_owned();
    stage.tell(Input::Seen(FIRST, Life(2), 2, Sight::Failed { reason }));
    assert_eq!(
        stage.take(),
        [Said::Ask(0, 2), Said::Answer(2, Outcome::Late)]
    );
    stage.show(3);
    stage.pass(DEADLINE);
    stage.tell(Input::Seen(FIRST, Life(2), 3, Sight::Undecodable));
    let late = Said::Answer(3, Outcome::Late);
    let belated = Said::Belated(3, Outcome::Undecodable);
    assert_eq!(stage.take(), [Said::Ask(0, 3), late, belated]);
}

#[test]
fn a_worker_that_hangs_is_killed_and_replaced() {
    let mut stage = Stage::ready();
    stage.show(1);
    stage.pass(DEADLINE * HANG_DEADLINES);
    assert_eq!(
        stage.take(),
        [
            Said::Ask(0, 1),
            Said::Answer(1, Outcome::Late),
            Said::Kill(0, 1)
        ]
    );
    stage.seen(1, 1);
    stage.show(2);
    assert_eq!(stage.take(), [], "whoever was told to end is not asked");
    stage.gone(1);
    assert_eq!(stage.take(), [Said::Start(0, 2)]);
    stage.tell(Input::Ready(FIRST, Life(2)));
    assert_eq!(stage.take(), [Said::Ask(0, 2)]);
}

#[test]
fn a_worker_that_never_gets_ready_is_killed() {
    let mut stage = Stage::new(1);
    stage.take();
    stage.pass(WORKER_START);
    assert_eq!(stage.take(), [Said::Kill(0, 1)]);
}

#[test]
fn a_frame_that_a_worker_died_of_is_tried_once_more() {
    let mut stage = Stage::ready();
    stage.show(1);
    stage.gone(1);
    stage.tell(Input::Ready(FIRST, Life(2)));
    assert_eq!(
        stage.take(),
        [Said::Ask(0, 1), Said::Start(0, 2), Said::Ask(0, 2)]
    );
    stage.seen(2, 2);
    assert_eq!(stage.take(), [Said::Answer(1, Outcome::Judged)]);
    // It was innocent, and its leg starts anew.
    stage.show(1);
    stage.gone(2);
    stage.tell(Input::Ready(FIRST, Life(3)));
    assert_eq!(
        stage.take(),
        [Said::Ask(0, 3), Said::Start(0, 3), Said::Ask(0, 4)]
    );
}

#[test]
fn a_frame_that_two_workers_died_of_is_undecodable_and_so_is_its_leg_for_a_while() {
    let mut stage = Stage::ready();
    stage.show(1);
    stage.gone(1);
    stage.tell(Input::Ready(FIRST, Life(2)));
    stage.take();
    stage.gone(2);
    assert_eq!(stage.take(), [Said::Answer(1, Outcome::Undecodable)]);
    stage.pass(Duration::from_millis(100));
    stage.tell(Input::Ready(FIRST, Life(3)));
    assert_eq!(stage.take(), [Said::Start(0, 3)]);
    stage.show(1);
    assert_eq!(stage.take(), [Said::Answer(1, Outcome::Undecodable)]);
    stage.show(2);
    assert_eq!(stage.take(), [Said::Ask(0, 3)], "others are looked at");
    stage.seen(3, 3);
    stage.pass(Duration::from_secs(601));
    stage.take();
    stage.show(1);
    assert_eq!(stage.take(), [Said::Ask(0, 4)], "it counts for ten minutes");
}

#[test]
fn a_worker_that_keeps_dying_rests_longer_and_longer() {
    let mut stage = Stage::new(1);
    let mut rests = Vec::new();
    for life in 1..12 {
        let died = stage.now;
        stage.gone(life);
        while !stage.take().contains(&Said::Start(0, life + 1)) {
            let wake = stage.supervisor.next_wake().unwrap();
            stage.pass(wake - stage.now);
        }
        rests.push((stage.now - died).as_millis());
    }
    assert_eq!(rests[..5], [0, 100, 200, 400, 800]);
    assert_eq!(rests.last(), Some(&WORKER_REST_MAX.as_millis()));
    // A verdict wipes it out.
    stage.tell(Input::Ready(FIRST, Life(12)));
    stage.show(1);
    stage.seen(12, 1);
    stage.take();
    stage.gone(12);
    assert_eq!(stage.take(), [Said::Start(0, 13)]);
}

#[test]
fn answers_that_nobody_asked_for_end_a_worker() {
    let mut stage = Stage::ready();
    stage.seen(1, 1);
    assert_eq!(stage.take(), [Said::Kill(0, 1)]);

    let mut stage = Stage::ready();
    stage.show(5);
    stage.seen(1, 99);
    assert_eq!(stage.take(), [Said::Ask(0, 1), Said::Kill(0, 1)]);
    stage.seen(1, 1);
    assert_eq!(stage.take(), [], "it is not heard any more");
    stage.pass(DEADLINE);
    assert_eq!(stage.take(), [Said::Answer(5, Outcome::Late)]);

    let mut stage = Stage::ready();
    stage.tell(Input::Ready(FIRST, Life(1)));
    assert_eq!(stage.take(), [Said::Kill(0, 1)], "ready twice");
}

#[test]
fn scores_that_are_none_end_a_worker_and_the_frame_goes_unjudged() {
    let mut stage = Stage::ready();
    stage.show(1);
    let sight = Sight::Seen {
        fingerprint: Fingerprint([0; 32]),
        quality: 90,
        scores: vec![(Label::PORN.to_string(), f32::INFINITY)],
    };
    stage.tell(Input::Seen(FIRST, Life(1), 1, sight));
    assert_eq!(
        stage.take(),
        [
            Said::Ask(0, 1),
            Said::Answer(1, Outcome::Unavailable),
            Said::Kill(0, 1)
        ]
    );
}

#[test]
fn whoever_has_rested_longest_is_next_here_and_far() {
    let mut stage = Stage::ready();
    let (far, life) = stage.supervisor.admit(stage.now).unwrap();
    stage.tell(Input::Ready(far, life));
    for leg in 1..=2 {
        stage.show(leg);
        stage.seen(1, leg * 2 - 1);
        stage.show(leg);
        let sight = Sight::Unusable;
        stage.tell(Input::Seen(far, life, leg * 2, sight));
    }
    let asked: Vec<_> = stage
        .take()
        .into_iter()
        .filter(|said| matches!(said, Said::Ask(..)))
        .collect();
    let turns = [(0, 1), (1, 2), (0, 3), (1, 4)];
    assert_eq!(
        asked,
        turns.map(|(worker, ticket)| Said::Ask(worker, ticket))
    );
    assert_eq!(stage.supervisor.tally(Place::Far).asked, 2);
    assert_eq!(stage.supervisor.tally(Place::Here).up, 1);
}

#[test]
fn a_lost_line_speaks_against_no_frame_and_its_place_is_taken_again() {
    let mut stage = Stage::new(0);
    for round in 1..=5 {
        let (at, life) = stage.supervisor.admit(stage.now).unwrap();
        assert_eq!((at, life), (FIRST, Life(round)));
        stage.tell(Input::Ready(at, life));
        if round == 1 {
            stage.show(1);
        }
        assert_eq!(stage.take(), [Said::Ask(0, round)]);
        stage.tell(Input::Lost(at, life));
        assert_eq!(
            stage.take(),
            [],
            "no process is started, nothing is answered"
        );
    }
    assert_eq!(stage.supervisor.tally(Place::Far).lost, 5);
    stage.pass(DEADLINE);
    assert_eq!(stage.take(), [Said::Answer(1, Outcome::Unavailable)]);
}

#[test]
fn a_far_worker_that_dies_of_a_frame_is_not_started_from_here() {
    let mut stage = Stage::new(0);
    let (at, life) = stage.supervisor.admit(stage.now).unwrap();
    stage.tell(Input::Ready(at, life));
    stage.show(1);
    stage.gone(1);
    stage.pass(DEADLINE / 2);
    assert_eq!(stage.take(), [Said::Ask(0, 1)]);
    let (at, life) = stage.supervisor.admit(stage.now).unwrap();
    stage.tell(Input::Ready(at, life));
    stage.seen(2, 2);
    assert_eq!(
        stage.take(),
        [Said::Ask(0, 2), Said::Answer(1, Outcome::Judged)]
    );
}

#[test]
fn there_is_an_end_to_the_workers_that_are_let_in() {
    let mut stage = Stage::new(1);
    for _ in 1..FAR_WORKERS {
        assert!(stage.supervisor.admit(stage.now).is_some());
    }
    assert!(stage.supervisor.admit(stage.now).is_none());
}

#[test]
fn what_an_earlier_process_said_is_not_heard() {
    let mut stage = Stage::ready();
    stage.gone(1);
    stage.tell(Input::Ready(FIRST, Life(1)));
    stage.show(1);
    stage.gone(1);
    assert_eq!(stage.take(), [Said::Start(0, 2)]);
}

#[test]
fn three_times_too_many_frames_leave_no_worker_without_use_and_nobody_at_the_door() {
    let mut stage = Stage::ready();
    let step = Duration::from_millis(30);
    let (mut asked, mut judged) = (None, Vec::new());
    for leg in 0..400 {
        let occasion = match leg % 5 {
            0 => Occasion::Door,
            _ => Occasion::Routine,
        };
        stage.tell(Input::Frame(Frame {
            occasion,
            ..frame(leg, &[1])
        }));
        stage.pass(step);
        // The one worker takes 90 ms for a frame.
        if let Some((ticket, since)) = asked
            && stage.now >= since + step * 3
        {
            stage.seen(1, ticket);
        }
        for said in stage.take() {
            match said {
                Said::Ask(_, ticket) => asked = Some((ticket, stage.now)),
                Said::Answer(leg, Outcome::Judged) => judged.push(leg),
                _ => {}
            }
        }
    }
    // 400 frames in 12 s, of which one worker can look at 133; 80 are at the door.
    assert!(judged.len() > 120, "{}", judged.len());
    let at_the_door = judged.iter().filter(|leg| *leg % 5 == 0).count();
    assert!(at_the_door >= 79, "{at_the_door}");
}
