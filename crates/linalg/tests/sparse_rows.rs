//! Sparse rows against the weights that they were made of.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use docent_linalg::SparseRows;
use proptest::prelude::*;

/// Items of two spans of 65,536 targets.
const ITEMS: u32 = 70_000;

/// One row of any targets, which may lie in both spans.
fn row() -> impl Strategy<Value = BTreeMap<u32, f32>> {
    prop::collection::btree_map(0..ITEMS, -9.0f32..9.0, 0..30)
}

fn matrix(rows: &[BTreeMap<u32, f32>]) -> SparseRows {
    let rows = rows.iter().map(|row| row.iter().map(|(target, weight)| (*target, *weight)).collect());
    SparseRows::of_rows(ITEMS as usize, 0, rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn weights_come_back_within_half_a_step(rows in prop::collection::vec(row(), 1..4)) {
        let matrix = matrix(&rows);
        for (source, row) in (0..).zip(&rows) {
            let largest = row.values().fold(0.0f32, |most, weight| most.max(weight.abs()));
            let kept: Vec<(u32, f32)> = matrix.row(source).collect();
            prop_assert_eq!(kept.len(), row.len());
            for ((target, weight), (kept_target, kept)) in row.iter().zip(kept) {
                prop_assert_eq!(*target, kept_target);
                prop_assert!((weight - kept).abs() <= largest / 65_000.0);
                prop_assert_eq!(matrix.weight(source, *target), kept);
            }
        }
        prop_assert_eq!(matrix.row(ITEMS).count() + matrix.row(9).count(), 0);
        prop_assert_eq!(matrix.weight(ITEMS, 0), 0.0);
    }

    #[test]
    fn scores_are_the_sums_of_the_rows_of_a_history(rows in prop::collection::vec(row(), 3)) {
        let matrix = matrix(&rows);
        let scores = matrix.scores(&[(0, 1.0), (2, 0.5), (ITEMS, 1.0)]);
        let mut expected = vec![0.0; ITEMS as usize];
        for (source, confidence) in [(0, 1.0), (2, 0.5)] {
            matrix.row(source).for_each(|(target, weight)| expected[target as usize] += confidence * weight);
        }
        for (item, expected) in (0..).zip(expected) {
            prop_assert!((scores.get(item) - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn saved_matrices_come_back(rows in prop::collection::vec(row(), 0..4)) {
        let matrix = matrix(&rows);
        let (offsets, cells) = (matrix.offsets().to_vec(), matrix.cells().to_vec());
        prop_assert_eq!(SparseRows::from_parts(offsets, cells, matrix.steps().to_vec()), Ok(matrix.clone()));
        // As snapshots of formats 1 and 2 have them.
        let mut offsets = vec![0];
        for row in rows.iter().chain(std::iter::repeat(&BTreeMap::new())).take(ITEMS as usize) {
            offsets.push(offsets.last().unwrap() + row.len() as u64);
        }
        let (targets, weights): (Vec<u32>, Vec<f32>) = rows.iter().flatten().unzip();
        prop_assert_eq!(SparseRows::from_weights(&offsets, &targets, &weights), Ok(matrix));
    }
}

#[test]
fn a_full_row_scores_as_others_do() {
    let row = |first: f32| (0u32..4).map(|target| (target, first - target as f32)).collect();
    let scores = SparseRows::of_rows(4, 8, [row(4.0), row(2.0)]).scores(&[(0, 1.0), (1, 2.0)]);
    for (item, expected) in (0..).zip([8.0, 5.0, 2.0, -1.0]) {
        assert!((scores.get(item) - expected).abs() < 1e-3, "{item}");
    }
}

#[test]
fn what_is_not_a_number_is_not_lost() {
    let matrix = SparseRows::of_rows(2, 0, [vec![(0, 1.0), (1, f32::NAN)]]);
    assert!(matrix.steps()[0].is_nan());
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    type Parts = (Vec<u64>, Vec<u32>, Vec<f32>);
    let matrix = SparseRows::of_rows(2, 0, [vec![(0, 1.0), (1, 0.5)], vec![(1, 2.0)]]);
    let made = |change: fn(&mut Parts)| {
        let mut parts = (matrix.offsets().to_vec(), matrix.cells().to_vec(), matrix.steps().to_vec());
        change(&mut parts);
        SparseRows::from_parts(parts.0, parts.1, parts.2)
    };
    assert_eq!(made(|_| ()), Ok(matrix.clone()));
    let broken: [fn(&mut Parts); 6] = [
        |parts| parts.0[1] = 9,
        |parts| parts.0.clear(),
        |parts| parts.1[0] |= 7,
        |parts| parts.1.swap(0, 1),
        |parts| parts.2[0] = f32::INFINITY,
        |parts| parts.2.clear(),
    ];
    for (at, change) in broken.into_iter().enumerate() {
        assert!(made(change).is_err(), "{at}");
    }
    let old = |offsets: &[u64], targets: &[u32], weights: &[f32]| {
        SparseRows::from_weights(offsets, targets, weights).is_err()
    };
    assert!(!old(&[0, 2, 2], &[0, 1], &[0.5, 0.5]));
    assert!(old(&[0, 9, 2], &[0, 1], &[0.5, 0.5]), "offsets");
    assert!(old(&[], &[], &[]), "no offsets");
    assert!(old(&[0, 2, 2], &[0, 7], &[0.5, 0.5]), "a target");
    assert!(old(&[0, 2, 2], &[1, 0], &[0.5, 0.5]), "the order");
    assert!(old(&[0, 2, 2], &[0, 1], &[0.5, f32::NAN]), "a weight");
    assert!(old(&[0, 2, 2], &[0, 1], &[0.5]), "the length");
}
