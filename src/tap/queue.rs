//! The way of a frame from the media threads to the one who looks at it: bounded by count and by
//! bytes. When it is full the oldest frame goes, because the newest is what must be looked at.
//!
//! Whoever offers takes no lock and waits for nobody: the ring is lock-free, and so is the place
//! where the reader leaves its waker (a `tokio::sync::Notify` would lock its list of waiters). What
//! is left is what waking a task costs, as for every [`Event`](crate::media::Event).

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use crossbeam_queue::ArrayQueue;
use futures_util::task::AtomicWaker;

use super::frame::Frame;
use crate::limits;

/// A queue within the bounds of [`limits`].
#[must_use]
pub fn queue() -> (Sender, Receiver) {
    queue_of(limits::TAP_QUEUE_FRAMES, limits::TAP_QUEUE_BYTES)
}

/// A queue for so many frames with so many bytes together.
fn queue_of(frames: usize, bytes: usize) -> (Sender, Receiver) {
    let shared = Arc::new(Shared {
        frames: ArrayQueue::new(frames),
        bytes: AtomicUsize::new(0),
        bytes_max: bytes,
        senders: AtomicUsize::new(1),
        reader: AtomicWaker::new(),
    });
    let sender = Sender {
        shared: Arc::clone(&shared),
    };
    (sender, Receiver { shared })
}

struct Shared {
    frames: ArrayQueue<Frame>,
    /// Of all frames in the ring, and of those about to be.
    bytes: AtomicUsize,
    bytes_max: usize,
    senders: AtomicUsize,
    reader: AtomicWaker,
}

impl Shared {
    /// The oldest frame.
    fn take(&self) -> Option<Frame> {
        self.frames.pop().inspect(|frame| self.left(frame))
    }

    fn left(&self, frame: &Frame) {
        self.bytes.fetch_sub(frame.data.len(), Ordering::AcqRel);
    }
}

/// Where the media threads put frames in; each has a clone.
pub struct Sender {
    shared: Arc<Shared>,
}

impl Sender {
    /// Puts a frame in. Answers how many older ones were dropped to make room.
    pub fn offer(&self, frame: Frame) -> u64 {
        let shared = &*self.shared;
        let mut dropped = 0;
        shared.bytes.fetch_add(frame.data.len(), Ordering::AcqRel);
        if let Some(oldest) = shared.frames.force_push(frame) {
            shared.left(&oldest);
            dropped += 1;
        }
        while shared.bytes.load(Ordering::Acquire) > shared.bytes_max && shared.take().is_some() {
            dropped += 1;
        }
        shared.reader.wake();
        dropped
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Ordering::AcqRel);
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.reader.wake();
        }
    }
}

/// Where frames come out, oldest first. There is one.
pub struct Receiver {
    shared: Arc<Shared>,
}

impl Receiver {
    /// The next frame, as soon as there is one; nothing once every sender is gone. A wait that is
    /// given up loses no frame.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is what a reader of anything that comes says"
    )]
    pub fn next(&mut self) -> impl Future<Output = Option<Frame>> + '_ {
        poll_fn(move |context| self.poll_next(context))
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(frame) = self.shared.take() {
            return Poll::Ready(Some(frame));
        }
        self.shared.reader.register(context.waker());
        // One may have come between the look and the registering; and the last before the end.
        let is_over = self.shared.senders.load(Ordering::Acquire) == 0;
        match self.shared.take() {
            Some(frame) => Poll::Ready(Some(frame)),
            None if is_over => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::codec::VideoCodec;
    use crate::id::LegId;
    use crate::tap::{Occasion, any_instant};

    fn frame(leg: u64, bytes: usize) -> Frame {
        Frame {
            leg: LegId(leg),
            occasion: Occasion::Routine,
            codec: VideoCodec::Vp8,
            taken: any_instant(),
            data: vec![0; bytes].into(),
        }
    }

    /// What comes out without waiting: a leg, the end, or nothing yet.
    fn look(receiver: &mut Receiver) -> Poll<Option<u64>> {
        let mut context = Context::from_waker(Waker::noop());
        receiver
            .poll_next(&mut context)
            .map(|frame| frame.map(|frame| frame.leg.0))
    }

    #[test]
    fn frames_come_out_in_order_and_then_the_end() {
        let (sender, mut receiver) = queue_of(4, 100);
        assert_eq!(look(&mut receiver), Poll::Pending);
        let other = sender.clone();
        assert_eq!(sender.offer(frame(1, 10)), 0);
        assert_eq!(other.offer(frame(2, 10)), 0);
        drop((sender, other));
        assert_eq!(look(&mut receiver), Poll::Ready(Some(1)));
        assert_eq!(look(&mut receiver), Poll::Ready(Some(2)));
        assert_eq!(look(&mut receiver), Poll::Ready(None));
    }

    #[test]
    fn a_full_queue_drops_the_oldest_and_counts_it() {
        let (sender, mut receiver) = queue_of(3, 1000);
        let dropped: u64 = (0..8).map(|leg| sender.offer(frame(leg, 10))).sum();
        assert_eq!(dropped, 5);
        assert_eq!(look(&mut receiver), Poll::Ready(Some(5)));
    }

    #[test]
    fn bytes_are_bounded_as_well_as_frames() {
        let (sender, mut receiver) = queue_of(100, 100);
        assert_eq!(sender.offer(frame(1, 60)), 0);
        assert_eq!(sender.offer(frame(2, 40)), 0);
        assert_eq!(sender.offer(frame(3, 1)), 1);
        assert_eq!(sender.offer(frame(4, 100)), 2);
        assert_eq!(sender.shared.bytes.load(Ordering::Acquire), 100);
        assert_eq!(look(&mut receiver), Poll::Ready(Some(4)));
        assert_eq!(sender.shared.bytes.load(Ordering::Acquire), 0);
    }

    #[test]
    fn nothing_is_lost_or_doubled_between_four_threads() {
        const EACH: u64 = 2_000;
        let (sender, mut receiver) = queue_of(8, 4_000);
        let mut got = 0;
        let dropped: u64 = std::thread::scope(|scope| {
            let offering: Vec<_> = (0..4)
                .map(|_| sender.clone())
                .map(|sender| {
                    scope.spawn(move || -> u64 {
                        (0..EACH).map(|n| sender.offer(frame(n, 500))).sum()
                    })
                })
                .collect();
            drop(sender);
            loop {
                match look(&mut receiver) {
                    Poll::Ready(Some(_)) => got += 1,
                    Poll::Ready(None) => break,
                    Poll::Pending => std::thread::yield_now(),
                }
            }
            offering
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(got + dropped, 4 * EACH);
        assert_eq!(receiver.shared.bytes.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_woken() {
        let (sender, mut receiver) = queue_of(4, 100);
        let thread = std::thread::spawn(move || sender.offer(frame(7, 1)));
        let got = receiver.next().await.map(|frame| frame.leg);
        assert_eq!(got, Some(LegId(7)));
        assert_eq!(thread.join().unwrap(), 0);
        assert!(receiver.next().await.is_none(), "the sender is gone");
    }
}
