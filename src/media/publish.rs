//! Publishes a shard's plain counters through the metrics table, once a second.

use ::metrics::{Counter, Gauge};

use super::counters::Counters;
use super::driver::Publish;
use crate::id::ShardIndex;
use crate::metrics;

type Row = (Counter, fn(&Counters) -> u64);

/// A publisher for one shard: its handles are made once, so that publishing takes no lock. All
/// shards add to the same counters, so each adds what is new.
pub(crate) fn publisher(shard: ShardIndex) -> Publish {
    let rows = rows();
    let legs: Gauge = metrics::LEGS.gauge();
    let shed: Gauge = metrics::MEDIA_LEGS_SHED.gauge();
    let load: Gauge = metrics::MEDIA_LOAD.gauge_of(shard.to_string());
    let mut last = Counters::default();
    Box::new(move |counters| {
        for (handle, of) in &rows {
            handle.increment(of(counters).saturating_sub(of(&last)));
        }
        legs.increment(change(counters.legs, last.legs));
        shed.increment(change(counters.legs_shed, last.legs_shed));
        load.set(f64::from(counters.load_permille) / 1_000.0);
        last.clone_from(counters);
    })
}

/// All shards move the same gauge, each by what is new.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn change(now: u64, before: u64) -> f64 {
    now as f64 - before as f64
}

fn rows() -> Vec<Row> {
    let drops = |reason| metrics::MEDIA_DROPS.counter_of(reason);
    vec![
        (metrics::MEDIA_DATAGRAMS_IN.counter(), |c| c.datagrams_in),
        (metrics::MEDIA_BYTES_IN.counter(), |c| c.bytes_in),
        (metrics::MEDIA_DATAGRAMS_OUT.counter(), |c| c.datagrams_out),
        (metrics::MEDIA_BYTES_OUT.counter(), |c| c.bytes_out),
        (metrics::MEDIA_FORWARDED.counter(), |c| c.packets_forwarded),
        (metrics::MEDIA_HELD.counter(), |c| c.packets_held),
        (metrics::MEDIA_SHED.counter(), |c| c.packets_shed),
        (metrics::MEDIA_WAITING.counter(), |c| c.packets_waiting),
        (metrics::MEDIA_RESENT.counter(), |c| c.packets_resent),
        (metrics::MEDIA_ASKED.counter(), |c| c.packets_asked),
        (metrics::MEDIA_KEYFRAMES_ASKED.counter(), |c| {
            c.keyframes_asked
        }),
        (metrics::MEDIA_FACES_SHOWN.counter(), |c| c.faces_shown),
        (metrics::TAP_FRAMES.counter(), |c| c.frames_tapped),
        (metrics::TAP_BYTES.counter(), |c| c.bytes_tapped),
        (metrics::TAP_ABANDONED.counter(), |c| c.frames_abandoned),
        (metrics::TAP_DROPPED.counter(), |c| c.frames_dropped),
        (metrics::MEDIA_STRAYED.counter(), |c| c.strayed),
        (metrics::MEDIA_BROKEN_LEGS.counter(), |c| c.broken_legs),
        (drops("unknown_address"), |c| c.drops.unknown_address),
        (drops("unknown_stun"), |c| c.drops.unknown_stun),
        (drops("unknown_kind"), |c| c.drops.unknown_kind),
        (drops("before_handshake"), |c| c.drops.before_handshake),
        (drops("malformed"), |c| c.drops.malformed),
        (drops("foreign"), |c| c.drops.foreign),
        (drops("unauthentic"), |c| c.drops.unauthentic),
        (drops("stale"), |c| c.drops.stale),
        (drops("failed"), |c| c.drops.failed),
        (drops("mail"), |c| c.drops.mail),
        (drops("over_share"), |c| c.resends_over_share),
    ]
}
