//! What forwarding a packet costs in instructions, which do not depend on what else the machine
//! does: callgrind counts them, and `baseline.json` bounds them.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that fails may say so by panicking"
)]
#![expect(clippy::print_stdout, reason = "a bench tells what it counted")]
#![expect(clippy::cast_possible_truncation, reason = "bench numbers are small")]

#[path = "../tests/sim/browser.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod browser;
#[path = "../tests/sim/got.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod got;
#[path = "../tests/sim/makes.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod makes;
#[path = "hot_paths/pairs.rs"]
#[expect(dead_code, reason = "shared with `hot_paths`, which needs more of it")]
mod pairs;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::time::Duration;

use serde::Deserialize;
use visavis::id::LegId;
use visavis::media;
use visavis::tap::Rates;

use crate::pairs::{Incoming, Pairs};

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/baseline.json");
/// Whole batches, so that each run has the same part in what a batch costs.
const PACKETS: u64 = 2_048;
/// Small, so that what is ours is not hidden behind the cipher.
const BYTES: usize = 100;
/// A count may be so much above its baseline before it fails.
const ROOM: f64 = 1.05;
/// What is counted: by name, and whether the tap is on.
const CASES: [(&str, bool); 2] = [("forward", false), ("forward, tap on", true)];
/// Callgrind counts while this program is inside the function of this name.
const COUNTED: &str = "--toggle-collect=*what_is_counted*";

/// The part of `baseline.json` that this reads.
#[derive(Deserialize)]
struct Baseline {
    instructions: BTreeMap<String, f64>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    if let Some((_, is_tapped)) = CASES.iter().find(|(name, _)| has(name)) {
        forward(*is_tapped);
        return ExitCode::SUCCESS;
    }
    if !cfg!(target_arch = "x86_64") {
        println!("counted: the baseline is of x86-64");
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("counted: install valgrind to count instructions");
        return ExitCode::from(u8::from(has("--gate")));
    }
    let baseline: Baseline =
        serde_json::from_str(&std::fs::read_to_string(BASELINE).unwrap()).unwrap();
    println!("counted: instructions for a forwarded packet of {BYTES} bytes");
    let mut is_fine = true;
    for (name, _) in CASES {
        let count = count(name);
        let bound = baseline.instructions.get(name).copied().unwrap() * ROOM;
        println!("  {name:<16} {count:6.0}   at most {bound:6.0}");
        is_fine &= count <= bound;
    }
    // Without `--gate` it only tells: another toolchain or machine counts differently.
    ExitCode::from(u8::from(has("--gate") && !is_fine))
}

/// Runs one case of this program under callgrind.
fn count(name: &str) -> f64 {
    let own = std::env::current_exe().unwrap();
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            COUNTED,
        ])
        .arg(own)
        .arg(name)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let collected = told.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected : ")?;
        count.trim().parse::<f64>().ok()
    });
    let collected = collected.filter(|count| *count > 0.0);
    collected.unwrap_or_else(|| panic!("nothing was counted: {told}")) / PACKETS as f64
}

/// Lets a shard forward packets across one match in full flow.
fn forward(is_tapped: bool) {
    let rates = Rates {
        first_for: Duration::ZERO,
        then_every: Duration::from_secs(3_600),
        ..Rates::default()
    };
    let mut pairs = Pairs::tapped(1, is_tapped.then_some(rates));
    for _ in 0..300 {
        let mut incoming = pairs.next(BYTES);
        pairs.take(&mut incoming);
    }
    // The keyframes of the match's start were taken, and nothing is due for half an hour.
    let frames: Vec<LegId> = pairs.fx.frames.drain(..).map(|frame| frame.leg).collect();
    assert_eq!(frames.len(), if is_tapped { 2 } else { 0 }, "{frames:?}");
    let mut packets: Vec<Incoming> = (0..PACKETS).map(|_| pairs.next(BYTES)).collect();
    let before = counters(&pairs).packets_forwarded;
    what_is_counted(&mut pairs, &mut packets);
    assert_eq!(counters(&pairs).packets_forwarded - before, PACKETS);
}

#[inline(never)]
fn what_is_counted(pairs: &mut Pairs, packets: &mut [Incoming]) {
    for incoming in packets {
        pairs.take(incoming);
    }
}

fn counters(pairs: &Pairs) -> &media::Counters {
    pairs.shard.counters()
}
