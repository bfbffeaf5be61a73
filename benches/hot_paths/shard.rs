//! `shard`: one packet of each sender in turn, so that with many matches every relay is cold.

use divan::Bencher;

use crate::pairs::Pairs;

#[divan::bench(args = [1, 100, 1000], sample_size = 2000, sample_count = 20)]
fn matches(bencher: Bencher<'_, '_>, matches: usize) {
    let pairs = std::cell::RefCell::new(Pairs::settled(matches));
    bencher
        .counter(divan::counter::ItemsCount::new(1_usize))
        .with_inputs(|| pairs.borrow_mut().next(1100))
        .bench_local_values(|mut incoming| {
            pairs.borrow_mut().take(&mut incoming);
            incoming
        });
    let (forwarded, given) = pairs.into_inner().forwarded();
    assert_eq!(forwarded, given);
}
