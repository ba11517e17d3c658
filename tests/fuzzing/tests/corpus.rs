//! Replays the committed corpus of every fuzz target, and some mutations of it, on any toolchain.
//! `DOCENT_TEST_MUTATIONS` is the number of mutations of each seed, `DOCENT_TEST_SEED` where they
//! begin.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use docent_fuzzing::TARGETS;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

/// Mutations of each seed.
const MUTATIONS: u64 = 20;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// Inputs of a target with their names, ordered by name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<(String, Vec<u8>)> = fs::read_dir(corpus().join(target))
        .unwrap_or_else(|error| panic!("fuzz/corpus/{target}: {error}"))
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap())
        })
        .collect();
    seeds.sort();
    seeds
}

#[test]
fn every_target_has_seeds_and_a_fuzzer_and_no_corpus_is_without_a_target() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folders = fs::read_dir(corpus()).unwrap();
    let folders: BTreeSet<String> =
        folders.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(folders, names);
    let manifest = fs::read_to_string(corpus().join("../Cargo.toml")).unwrap();
    for name in names {
        assert!(seeds(&name).len() >= 3, "fuzz/corpus/{name}: expected at least 3 seeds");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
    }
}

#[test]
fn the_corpus_and_its_neighbours_break_no_rule() {
    let number =
        |variable: &str, default: u64| std::env::var(variable).map_or(default, |text| text.parse().unwrap());
    let mutations = number("DOCENT_TEST_MUTATIONS", MUTATIONS) as usize;
    let mut rng = StdRng::seed_from_u64(number("DOCENT_TEST_SEED", 18));
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        for (seed, bytes) in &seeds {
            println!("{name}/{seed}");
            target(bytes);
            for number in 0..mutations {
                let mutated = mutated(bytes, &seeds[number % seeds.len()].1, &mut rng);
                println!("{name}/{seed}, mutation {number}: {mutated:?}");
                target(&mutated);
            }
        }
    }
}

/// Changes, cuts, repeats or mixes bytes.
fn mutated(bytes: &[u8], other: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let (from, to) = span(bytes.len(), rng);
        match rng.random_range(0..5) {
            0 if from < bytes.len() => bytes[from] ^= 1 << rng.random_range(0..8),
            1 => bytes.truncate(from.max(1)),
            2 => {
                bytes.drain(from..to);
            }
            3 => {
                let repeated = bytes[from..to].to_vec();
                bytes.splice(from..from, repeated);
            }
            _ => {
                let (start, end) = span(other.len(), rng);
                bytes.splice(from..to, other[start..end].iter().copied());
            }
        }
    }
    bytes
}

fn span(len: usize, rng: &mut impl Rng) -> (usize, usize) {
    let from = rng.random_range(0..=len);
    (from, rng.random_range(from..=len.min(from + 64)))
}
