//! What the fuzzers begin with, and what they once found, without a fuzzer.
#![cfg(all(not(loom), feature = "format"))]

use std::{fs, path::Path};

#[path = "../fuzz/bodies/edn.rs"]
mod edn;
#[path = "../fuzz/bodies/jsonl.rs"]
mod jsonl;

fn each_seed(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut seeds = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&fs::read(path).unwrap());
        seeds += 1;
    }
    assert!(seeds > 0);
}

#[test]
fn edn_holds_for_each_seed() {
    each_seed("edn", edn::run);
}

#[test]
fn jsonl_holds_for_each_seed() {
    each_seed("jsonl", jsonl::run);
}
