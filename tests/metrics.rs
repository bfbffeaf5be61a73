//! The table of metrics against its golden list, and what `/metrics` makes of it.

use visavis::metrics::{self, METRICS};

const GOLDEN: &str = "tests/golden/metrics.txt";

#[test]
fn every_metric_is_in_the_golden_list() {
    let mut list = String::new();
    for metric in METRICS {
        let label = if metric.label.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", metric.label)
        };
        let (name, shape, unit, help) = (metric.name, metric.shape, metric.unit, metric.help);
        list.push_str(&format!(
            "{name}{label} {shape:?} {}\n    {help}\n",
            unit.as_str()
        ));
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &list).expect("the golden list can be written");
    }
    let golden = std::fs::read_to_string(GOLDEN).expect("the golden list is there");
    assert_eq!(
        golden, list,
        "UPDATE_GOLDEN=1 cargo test --test metrics writes the list anew"
    );
}

#[test]
fn every_metric_without_a_label_is_there_from_the_start() {
    let handle = metrics::install().expect("this process has no other recorder");
    let text = handle.render();
    for metric in METRICS.iter().filter(|metric| metric.label.is_empty()) {
        assert!(
            text.contains(&format!("# HELP {} {}", metric.name, metric.help)),
            "{}",
            metric.name
        );
        assert!(
            text.contains(&format!("\n{}", metric.name)),
            "{}",
            metric.name
        );
    }
    metrics::REPORTS.counter_of("other").increment(2);
    assert!(
        handle
            .render()
            .contains("\nvisavis_reports_total{category=\"other\"} 2\n")
    );
    metrics::install().expect_err("there is one already");
}
