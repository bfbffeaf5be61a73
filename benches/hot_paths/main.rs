//! What the hot paths cost in memory, without sockets. `benches/README.md` says what each number means.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that fails may say so by panicking"
)]
#![expect(clippy::cast_possible_truncation, reason = "bench numbers are small")]

#[path = "../../tests/sim/browser.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod browser;
#[path = "../../tests/sim/got.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod got;
#[path = "../../tests/sim/makes.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod makes;

mod cipher;
mod forward;
mod matching;
#[expect(dead_code, reason = "shared with `tapped`, which needs more of it")]
mod pairs;
mod shard;

fn main() {
    divan::main();
}
