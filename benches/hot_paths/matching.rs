//! `matching`: what one decision costs while 100,000 wait.

use std::time::Instant;

use divan::Bencher;
use visavis::age::AgeBand;
use visavis::config;
use visavis::id::SessionId;
use visavis::lobby::{Ask, Door, Input, Lobby, Output, Wish};

const WAITING: u64 = 100_000;

/// A lobby where everybody insists on an interest that nobody shares.
struct Hall {
    lobby: Lobby,
    now: Instant,
    next_session: u64,
    matches: u64,
}

impl Hall {
    fn full() -> Self {
        let config = config::Lobby {
            max_sessions: 2 * WAITING as usize,
            interests_patience_ms: 600_000,
            ..config::Lobby::default()
        };
        #[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
        let now = Instant::now();
        let mut hall = Self {
            lobby: Lobby::new(&config, 7),
            now,
            next_session: 0,
            matches: 0,
        };
        for seat in 0..WAITING {
            hall.join(wish(seat));
        }
        assert_eq!(hall.lobby.waiting(), WAITING as usize);
        hall
    }

    fn join(&mut self, wish: Wish) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        self.handle(Input::Join { session, wish });
        session
    }

    fn handle(&mut self, input: Input) {
        self.lobby.handle(input, self.now);
        while let Some(output) = self.lobby.poll() {
            self.matches += u64::from(matches!(output, Output::MatchBegan { .. }));
        }
    }
}

fn wish(seat: u64) -> Wish {
    Wish {
        door: Door::Text,
        band: Some(AgeBand::Adult),
        interests: vec![format!("seat {seat}")],
        languages: vec!["en".to_owned()],
    }
}

/// Somebody comes, is matched with the one who fits, and leaves; the one who stays behind waits
/// again. All of it is counted.
#[divan::bench(sample_size = 100, sample_count = 50)]
fn come_meet_and_leave(bencher: Bencher<'_, '_>) {
    let mut hall = Hall::full();
    let mut seat = 0;
    let mut visits = 0;
    bencher
        .with_inputs(|| {
            // Far apart, as strangers are.
            seat = (seat + 7_919) % WAITING;
            wish(seat)
        })
        .bench_local_values(|wish| {
            visits += 1;
            let session = hall.join(wish);
            hall.handle(Input::Ask {
                session,
                ask: Ask::Leave,
            });
        });
    assert_eq!(
        hall.matches, visits,
        "every decision found the one who fits"
    );
}

/// Somebody comes whom nobody fits, waits, and leaves.
#[divan::bench(sample_size = 100, sample_count = 50)]
fn come_wait_and_leave(bencher: Bencher<'_, '_>) {
    let mut hall = Hall::full();
    bencher
        .with_inputs(|| wish(WAITING))
        .bench_local_values(|wish| {
            let session = hall.join(wish);
            hall.handle(Input::Ask {
                session,
                ask: Ask::Leave,
            });
        });
    assert_eq!(hall.matches, 0);
}
