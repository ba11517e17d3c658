//! Exact search against brute force.
#![allow(clippy::unwrap_used)]

use docent_embeddings::{EmbeddingError, VectorIndex};
use proptest::prelude::*;

fn index_of(rows: &[Option<[f32; 3]>]) -> VectorIndex {
    let mut index = VectorIndex::new(3);
    for (row, vector) in (0u32..).zip(rows) {
        if let Some(vector) = vector {
            index.set(row, vector).unwrap();
        }
    }
    index
}

#[test]
fn rows_may_be_set_in_any_order_replaced_and_removed() {
    let mut index = VectorIndex::new(2);
    index.set(5, &[1.0, 0.0]).unwrap();
    index.set(2, &[0.0, 1.0]).unwrap();
    index.set(5, &[0.6, 0.8]).unwrap();
    assert_eq!((index.len(), index.is_empty(), index.get(3), index.get(99)), (2, false, None, None));
    assert_eq!(index.get(5), Some([0.6, 0.8].as_slice()));
    assert_eq!(index.nearest(&[0.0, 1.0], 10, |_| true), [(2, 1.0), (5, 0.8)]);
    assert!(index.remove(2) && !index.remove(2) && !index.remove(77));
    assert_eq!((index.len(), index.get(2)), (1, None));
    assert_eq!(index.nearest(&[0.0, 1.0], 10, |_| true), [(5, 0.8)]);
}

#[test]
fn vectors_that_do_not_fit_are_refused_and_change_nothing() {
    let mut index = VectorIndex::new(2);
    for vector in [vec![1.0], vec![1.0, f32::NAN], vec![1.0, 0.0, 0.0]] {
        assert!(matches!(index.set(3, &vector), Err(EmbeddingError::InvalidVector { row: 3, .. })));
    }
    assert_eq!(index, VectorIndex::new(2));
}

#[test]
fn a_query_that_does_not_fit_finds_nothing() {
    let index = index_of(&[Some([1.0, 0.0, 0.0])]);
    assert!(index.nearest(&[1.0], 3, |_| true).is_empty());
    assert!(index.nearest(&[f32::NAN, 0.0, 0.0], 3, |_| true).is_empty());
    assert!(index.nearest(&[1.0, 0.0, 0.0], 0, |_| true).is_empty());
    assert!(VectorIndex::new(0).nearest(&[], 3, |_| true).is_empty());
}

#[test]
fn a_filter_that_refuses_the_best_still_gives_k() {
    let rows: Vec<_> = (0..100).map(|i| Some([1.0 - i as f32 / 100.0, 0.0, 0.0])).collect();
    let found = index_of(&rows).nearest(&[1.0, 0.0, 0.0], 5, |row| row >= 90);
    assert_eq!(found.iter().map(|&(row, _)| row).collect::<Vec<_>>(), [90, 91, 92, 93, 94]);
}

#[test]
fn the_filter_is_asked_only_about_rows_that_would_enter() {
    let rows: Vec<_> = (0..1000).map(|i| Some([1.0 - i as f32 / 1000.0, 0.0, 0.0])).collect();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    index_of(&rows).nearest(&[1.0, 0.0, 0.0], 3, |_| {
        asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        true
    });
    assert_eq!(asked.into_inner(), 3);
}

proptest! {
    #[test]
    fn the_answer_equals_brute_force(
        rows in prop::collection::vec(prop::option::of(prop::array::uniform3(-3i8..=3)), 0..60),
        query in prop::array::uniform3(-3i8..=3),
        k in 0usize..20,
        refused in 1u32..5,
    ) {
        let rows: Vec<_> = rows.into_iter().map(|row| row.map(|v| v.map(f32::from))).collect();
        let query = query.map(f32::from);
        let mut expected: Vec<(u32, f32)> = (0u32..)
            .zip(&rows)
            .filter(|(row, _)| row % refused != 0)
            .filter_map(|(row, vector)| Some((row, vector.as_ref()?.iter().zip(query).map(|(a, b)| a * b).sum::<f32>() + 0.0)))
            .collect();
        // Adding zero makes -0.0, which sorts apart, into 0.0.
        expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        expected.truncate(k);
        let found = index_of(&rows).nearest(&query, k, |row| row % refused != 0);
        prop_assert_eq!(found, expected);
    }
}
