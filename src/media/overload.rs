//! [`Overload`]: how busy a media thread is, and how many of its pictures it can carry no more.
//!
//! Where more comes than a thread can carry, what waits in its socket grows old, and once the kernel's
//! buffer is full it drops whatever comes next, whoever sent it. Before that the shard keeps back
//! pictures, whole legs at a time: most of what a packet costs is sending it. Sound, STUN, DTLS and
//! RTCP go on. How old the waiting is tells the kernel's time stamp; a thread that is late and
//! catching up needs no help.

use std::time::{Duration, Instant};

/// How often the state of things is looked at.
const WINDOW: Duration = Duration::from_millis(20);

/// What was read last may have waited for so long.
const LATE: Duration = Duration::from_millis(20);

/// Windows in a row in which it waited longer than that, and no less than before, until pictures are
/// kept back.
const PATIENCE: u32 = 2;

/// Turns that such a window must hold. A thread that was merely not let run has fewer.
const TURNS: u32 = 3;

/// How long nothing is given back after something was taken, and after something was given back.
const RESPITE: Duration = Duration::from_millis(400);
const PAUSE: Duration = Duration::from_millis(60);

/// Permille of its time that a thread must have to spare before something is given back: each step
/// brings less work than that.
const SPARE: u32 = 250;

/// How much of the newest window the load is made of: a mean over about a second.
const SHARE: u32 = 48;

/// How many of its pictures a shard keeps back, in eighths of its matches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Shed(pub u8);

impl Shed {
    /// Every picture.
    pub const ALL: Self = Self(8);

    /// So many of these, rounded up.
    pub(crate) fn of(self, pictures: usize) -> usize {
        (pictures * usize::from(self.0)).div_ceil(usize::from(Self::ALL.0))
    }
}

/// Watches one media thread. Time comes in, what is to be kept back goes out.
#[derive(Debug)]
pub(crate) struct Overload {
    window: Window,
    /// How long what was read last had waited, at the end of the window before.
    age: Duration,
    /// Windows in a row in which it grew.
    behind: u32,
    shed: Shed,
    /// Nothing is given back before.
    held_until: Instant,
    /// Permille of the time that was used, over about a second, times [`SHARE`].
    load: u32,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    waited: Duration,
    turns: u32,
}

impl Window {
    const fn at(began: Instant) -> Self {
        Self {
            began,
            waited: Duration::ZERO,
            turns: 0,
        }
    }
}

impl Overload {
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            window: Window::at(now),
            age: Duration::ZERO,
            behind: 0,
            shed: Shed(0),
            held_until: now,
            load: 0,
        }
    }

    /// The thread has waited, for the socket or for the time.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.window.waited += time;
    }

    /// A turn is over, and what it read last had waited for so long; nothing, if it read everything.
    /// Answers what is to be kept back from now on, where that is to be seen to.
    pub(crate) fn turned(&mut self, age: Duration, now: Instant) -> Option<Shed> {
        self.window.turns += 1;
        let lasted = now.saturating_duration_since(self.window.began);
        if lasted < WINDOW {
            return None;
        }
        let window = std::mem::replace(&mut self.window, Window::at(now));
        let waited = permille(window.waited, lasted);
        // A long wait is many windows.
        for _ in 0..(lasted.as_millis() / WINDOW.as_millis()).min(u128::from(SHARE)) {
            self.load = self.load - self.load / SHARE + (1_000 - waited);
        }
        let before = self.shed;
        self.decide(&window, age, waited, now);
        // Matches that began meanwhile are to be kept back, too.
        (before != Shed(0) || self.shed != Shed(0)).then_some(self.shed)
    }

    /// Permille of the time that the thread does not wait, over about a second.
    pub(crate) const fn load_permille(&self) -> u32 {
        self.load / SHARE
    }

    fn decide(&mut self, window: &Window, age: Duration, waited: u32, now: Instant) {
        let falls_behind = age > LATE && age >= self.age && window.turns >= TURNS;
        self.age = age;
        self.behind = if falls_behind { self.behind + 1 } else { 0 };
        if self.behind >= PATIENCE {
            self.shed = Shed((self.shed.0 + 1).min(Shed::ALL.0));
            self.held_until = now + RESPITE;
        } else if waited >= SPARE && self.shed != Shed(0) && now >= self.held_until {
            self.shed = Shed(self.shed.0 - 1);
            self.held_until = now + PAUSE;
        }
    }
}

fn permille(part: Duration, whole: Duration) -> u32 {
    let permille = part.as_micros() * 1_000 / whole.as_micros().max(1);
    u32::try_from(permille).unwrap_or(1_000).min(1_000)
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    /// A thread with a clock of its own.
    struct Thread {
        overload: Overload,
        now: Instant,
        shed: Shed,
    }

    impl Thread {
        fn new() -> Self {
            let now = Instant::now();
            let overload = Overload::new(now);
            Self {
                overload,
                now,
                shed: Shed(0),
            }
        }

        /// Turns of a millisecond each, of which so much is waiting.
        fn turns(&mut self, count: u32, waits: Duration, mut age: impl FnMut() -> Duration) {
            for _ in 0..count {
                self.now += Duration::from_millis(1);
                self.overload.waited(waits);
                if let Some(shed) = self.overload.turned(age(), self.now) {
                    self.shed = shed;
                }
            }
        }
    }

    const BUSY: Duration = Duration::ZERO;
    const HALF: Duration = Duration::from_micros(500);

    fn nothing() -> Duration {
        Duration::ZERO
    }

    /// A backlog that grows or shrinks from turn to turn.
    fn from_to(from_ms: u64, step_ms: i64) -> impl FnMut() -> Duration {
        let mut age_ms = from_ms;
        move || {
            age_ms = age_ms.saturating_add_signed(step_ms);
            Duration::from_millis(age_ms)
        }
    }

    #[test]
    fn a_thread_that_falls_behind_keeps_back_more_and_more() {
        let mut thread = Thread::new();
        thread.turns(40, BUSY, from_to(0, 1));
        assert_eq!(thread.shed, Shed(0), "a burst is no overload");
        thread.turns(40, BUSY, from_to(40, 1));
        assert_eq!(thread.shed, Shed(2));
        thread.turns(200, BUSY, from_to(80, 1));
        assert_eq!(thread.shed, Shed::ALL);
    }

    #[test]
    fn who_is_busy_and_not_late_keeps_nothing_back() {
        let mut thread = Thread::new();
        thread.turns(5_000, BUSY, || Duration::from_millis(10));
        assert_eq!(thread.shed, Shed(0));
        assert!(thread.overload.load_permille() > 900);
    }

    #[test]
    fn who_is_late_and_catches_up_keeps_nothing_back() {
        let mut thread = Thread::new();
        thread.turns(200, BUSY, from_to(250, -1));
        assert_eq!(thread.shed, Shed(0));
    }

    #[test]
    fn who_was_not_let_run_is_not_overloaded() {
        let mut thread = Thread::new();
        for _ in 0..10 {
            thread.now += Duration::from_millis(100);
            let age = Duration::from_millis(100);
            assert_eq!(thread.overload.turned(age, thread.now), None);
        }
    }

    #[test]
    fn within_a_second_of_the_end_everything_flows_again() {
        let mut thread = Thread::new();
        thread.turns(400, BUSY, from_to(50, 1));
        assert_eq!(thread.shed, Shed::ALL);
        thread.turns(1_000, HALF, nothing);
        assert_eq!(thread.shed, Shed(0));
    }

    #[test]
    fn what_just_suffices_is_not_given_back() {
        let mut thread = Thread::new();
        thread.turns(100, BUSY, from_to(50, 1));
        let kept = thread.shed;
        assert!(kept > Shed(0));
        thread.turns(5_000, Duration::from_micros(100), nothing);
        assert_eq!(thread.shed, kept);
    }

    #[test]
    fn the_load_is_the_time_that_is_not_waited() {
        let mut thread = Thread::new();
        thread.turns(5_000, HALF, nothing);
        let load = thread.overload.load_permille();
        assert!((450..=550).contains(&load), "{load}");
        thread.now += Duration::from_secs(1);
        thread.overload.waited(Duration::from_secs(1));
        thread.overload.turned(Duration::ZERO, thread.now);
        assert!(thread.overload.load_permille() < 250);
    }

    #[test]
    fn an_eighth_of_few_is_one() {
        assert_eq!(Shed(1).of(1), 1);
        assert_eq!(Shed(0).of(100), 0);
        assert_eq!(Shed(2).of(100), 25);
        assert_eq!(Shed::ALL.of(3), 3);
    }
}
