//! `shard`: batches with one packet of each sender in turn, so that with many matches every relay is
//! cold.

use divan::Bencher;

use crate::pairs::{BATCH, Pairs};

#[divan::bench(args = [1, 100, 1000], sample_size = 60, sample_count = 20)]
fn batches(bencher: Bencher<'_, '_>, matches: usize) {
    let pairs = std::cell::RefCell::new(Pairs::settled(matches));
    bencher
        .counter(divan::counter::ItemsCount::new(BATCH))
        .with_inputs(|| pairs.borrow_mut().next_batch(1100))
        .bench_local_values(|mut batch| {
            pairs.borrow_mut().take_batch(&mut batch);
            batch
        });
    let (forwarded, given) = pairs.into_inner().forwarded();
    assert_eq!(forwarded, given);
}
