//! `forward`: one packet across one relay, everything in the cache.

use divan::Bencher;

use crate::pairs::Pairs;

#[divan::bench(args = [100, 1100], sample_size = 64, sample_count = 500)]
fn aes_256_gcm(bencher: Bencher<'_, '_>, bytes: usize) {
    let pairs = std::cell::RefCell::new(Pairs::connect(1));
    bencher
        .counter(divan::counter::ItemsCount::new(1_usize))
        .with_inputs(|| pairs.borrow_mut().next(bytes))
        .bench_local_values(|mut incoming| {
            pairs.borrow_mut().take(&mut incoming);
            incoming
        });
    let (forwarded, given) = pairs.into_inner().forwarded();
    assert_eq!(forwarded, given);
}
