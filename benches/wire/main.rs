//! `wire`: packets over real sockets on loopback, through a bare loop that only receives and sends
//! and through a shard, in turns. `benches/README.md` says what each number means.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that fails may say so by panicking"
)]
#![expect(clippy::print_stdout, reason = "a bench prints its numbers")]
#![expect(clippy::cast_possible_truncation, reason = "bench numbers are small")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench over real sockets lives in real time"
)]

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

mod bare;
mod crowd;
mod flow;
mod processor;

use std::time::Duration;

use bare::Bare;
use crowd::{Crowd, Target};
use flow::{Flow, Shape};

/// What is measured, and for how long each time.
struct Plan {
    matches: usize,
    turns: usize,
    turn: Duration,
    latency: Duration,
}

const WHOLE: Plan = Plan {
    matches: 100,
    turns: 5,
    turn: Duration::from_millis(500),
    latency: Duration::from_millis(1000),
};
/// What 50 pairs send with sound and a picture of 1 Mbit/s, in packets per second.
const FIFTY_PAIRS: f64 = 17_000.0;

/// To see that it runs.
const TRIAL: Plan = Plan {
    matches: 2,
    turns: 1,
    turn: Duration::from_millis(20),
    latency: Duration::from_millis(20),
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    if filter.is_some_and(|filter| !"wire".contains(filter.as_str())) {
        return;
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let is_trial = arguments.iter().any(|argument| argument == "--test");
    measure(if is_bench && !is_trial {
        &WHOLE
    } else {
        &TRIAL
    });
}

fn measure(plan: &Plan) {
    let bare = Bare::start();
    let mut crowd = Crowd::connect(plan.matches, bare.address);
    println!(
        "wire: {} matches, 1,100-byte packets; CPU of the thread that relays, by the kernel's count",
        plan.matches
    );
    for shape in [Shape::OneAtATime, Shape::FrameBursts] {
        let cost = compare(plan, &mut crowd, shape);
        let rates = [
            ("50 pairs", FIFTY_PAIRS),
            ("50 % of a core", 0.5e6 / cost),
            ("80 % of a core", 0.8e6 / cost),
        ];
        for (name, rate) in rates {
            println!("  {name}, {rate:.0} packets/s: microseconds from sending to receiving");
            for target in [Target::Bare, Target::Shard] {
                let flow = crowd.pace((target, shape), rate, plan.latency);
                let at = |quantile| flow.latency_ns.value_at_quantile(quantile) as f64 / 1000.0;
                println!(
                    "    {:6} p50 {:6.0}  p99 {:6.0}  p99.9 {:6.0}   lost {}, {:.2} us of processor per packet",
                    target.name(),
                    at(0.5),
                    at(0.99),
                    at(0.999),
                    flow.lost(),
                    flow.cost_us(),
                );
            }
        }
    }
    bare.stop();
    crowd.stop();
}

/// Both in turns. Answers what a packet costs the shard, in microseconds.
fn compare(plan: &Plan, crowd: &mut Crowd, shape: Shape) -> f64 {
    let mut flows: [Vec<Flow>; 2] = [Vec::new(), Vec::new()];
    for turn in 0..=plan.turns {
        for (target, flows) in [Target::Bare, Target::Shard].into_iter().zip(&mut flows) {
            let flow = crowd.flood(target, shape, plan.turn);
            // The first turn warms up.
            if turn > 0 || plan.turns == 1 {
                flows.push(flow);
            }
        }
    }
    let [bare, shard] = flows.each_ref().map(|flows| median(flows, Flow::cost_us));
    println!(
        "{}: {bare:.2} us per packet in the bare loop, {shard:.2} in the shard, ratio {:.2}",
        shape.name(),
        shard / bare
    );
    for (target, flows) in [Target::Bare, Target::Shard].into_iter().zip(&flows) {
        println!(
            "    {:6} {:7.0} packets/s with a core busy to {:.0} %, lost {}; the sender spends {:.2} us",
            target.name(),
            median(flows, |flow| flow.received as f64 / flow.took.as_secs_f64()),
            100.0
                * median(flows, |flow| flow.cpu.as_secs_f64()
                    / flow.took.as_secs_f64()),
            flows.iter().map(Flow::lost).sum::<u64>(),
            median(flows, |flow| flow.own_cpu.as_secs_f64() * 1e6
                / flow.sent as f64),
        );
    }
    shard
}

fn median(flows: &[Flow], number: impl Fn(&Flow) -> f64) -> f64 {
    let mut numbers: Vec<f64> = flows.iter().map(number).collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
