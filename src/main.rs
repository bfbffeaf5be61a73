//! The binary: parse, load, run.

fn main() {}
