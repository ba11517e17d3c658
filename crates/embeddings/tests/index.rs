//! Compares exact search with brute force, and search by the graph with exact search.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

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

/// Returns unit vectors around centres, twenty around each.
fn clustered(n: usize, dim: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut state = seed;
    let mut noise = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let centres: Vec<Vec<f32>> = (0..n.div_ceil(20)).map(|_| (0..dim).map(|_| noise()).collect()).collect();
    let mut vector = |at: usize| -> Vec<f32> {
        let vector: Vec<f32> = centres[at % centres.len()].iter().map(|x| x + 0.5 * noise()).collect();
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.into_iter().map(|x| x / norm).collect()
    };
    (0..n).map(&mut vector).collect()
}

fn filled(vectors: &[Vec<f32>], graph_from: usize) -> VectorIndex {
    let dim = vectors.first().map_or(0, Vec::len);
    let mut index = VectorIndex::new(dim).with_graph_from(graph_from);
    for (row, vector) in (0u32..).zip(vectors) {
        index.set(row, vector).unwrap();
    }
    index
}

/// Returns the share of the exact best `k` that the graph finds, over queries between two rows.
fn recall(
    graph: &VectorIndex,
    exact: &VectorIndex,
    k: usize,
    accept: impl Fn(u32) -> bool + Sync + Copy,
) -> f64 {
    let (mut found, mut wanted) = (0, 0);
    for row in (0u32..2_000).step_by(41) {
        let (Some(a), Some(b)) = (exact.get(row), exact.get(row + 7)) else { continue };
        let query: Vec<f32> = a.iter().zip(b).map(|(a, b)| a + 0.5 * b).collect();
        let answer: HashSet<u32> = graph.nearest(&query, k, accept).into_iter().map(|(row, _)| row).collect();
        let expected = exact.nearest(&query, k, accept);
        wanted += expected.len();
        found += expected.iter().filter(|(row, _)| answer.contains(row)).count();
    }
    assert!(wanted > 0);
    f64::from(found as u32) / wanted as f64
}

#[test]
fn the_graph_finds_nearly_all_that_an_exact_search_finds() {
    // Enough vectors that neither the answer of 100 nor the filter makes the index search exactly.
    let exact = filled(&clustered(18_000, 16, 1), usize::MAX);
    let graph = exact.indexed();
    assert!(recall(&graph, &exact, 100, |_| true) >= 0.97);
    assert!(recall(&graph, &exact, 10, |row| row % 2 == 0) >= 0.97);
}

#[test]
fn a_graph_whose_vectors_were_added_and_removed_finds_as_much() {
    let (early, late) = (clustered(6_600, 16, 1), clustered(6_600, 16, 2));
    let mut graph = filled(&early, 100).indexed();
    for (row, vector) in (0u32..).zip(&late) {
        // A third of the rows stays, a third is replaced, a third is removed, and new rows are
        // added.
        match row % 3 {
            0 => graph.set(row + 6_600, vector).unwrap(),
            1 => graph.set(row, vector).unwrap(),
            _ => assert!(graph.remove(row)),
        }
    }
    let mut exact = VectorIndex::new(16).with_graph_from(usize::MAX);
    for row in 0..13_200 {
        if let Some(vector) = graph.get(row) {
            exact.set(row, vector).unwrap();
        }
    }
    assert_eq!((exact.len(), graph.len()), (6_600, 6_600));
    assert!(recall(&graph, &exact, 10, |_| true) >= 0.97);
    assert!(graph.graph_is_due(), "much of it leads through removed vectors");
    let fresh = graph.indexed();
    assert!(!fresh.graph_is_due() && fresh.len() == 6_600);
    assert!(recall(&fresh, &exact, 10, |_| true) >= 0.97);
}

#[test]
fn all_rows_that_a_filter_accepts_are_found_even_when_they_are_few() {
    let exact = filled(&clustered(3_000, 16, 3), usize::MAX);
    let graph = exact.indexed();
    let query = exact.get(17).unwrap();
    for allowed in [0, 1, 5, 40, 400] {
        let accept = |row: u32| row.wrapping_mul(2_654_435_769) % 3_000 < allowed;
        assert_eq!(
            graph.nearest(query, 50, accept).len(),
            exact.nearest(query, 50, accept).len(),
            "{allowed}"
        );
    }
    let few = |row: u32| row >= 2_990;
    assert_eq!(graph.nearest(query, 50, few), exact.nearest(query, 50, few));
    assert_eq!(graph.nearest(query, 2_000, |_| true), exact.nearest(query, 2_000, |_| true));
}

#[test]
fn the_same_vectors_make_the_same_graph_on_any_number_of_threads() {
    let exact = filled(&clustered(2_000, 16, 4), usize::MAX);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| exact.indexed())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn vectors_that_are_all_the_same_are_found_in_the_order_of_their_rows() {
    let graph = filled(&vec![vec![0.6, 0.8]; 500], 1).indexed();
    let found = graph.nearest(&[0.6, 0.8], 10, |row| row != 3);
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|&(row, score)| row != 3 && (score - 1.0).abs() < 1e-6), "{found:?}");
    assert!(found.is_sorted_by_key(|&(row, _)| row), "{found:?}");
}

#[test]
fn a_graph_goes_when_few_vectors_are_left_and_comes_back_when_asked() {
    let vectors = clustered(200, 8, 5);
    let mut index = filled(&vectors, 100);
    assert!(index.graph_is_due());
    index = index.indexed();
    assert!(!index.graph_is_due());
    (40..200).for_each(|row| assert!(index.remove(row)));
    let expected = filled(&vectors[..40], usize::MAX);
    let of = |index: &VectorIndex| index.nearest(&vectors[150], 40, |_| true);
    assert_eq!((of(&index), index.graph_is_due()), (of(&expected), false));
    (0u32..).zip(&vectors).for_each(|(row, vector)| index.set(row, vector).unwrap());
    assert!(index.graph_is_due() && index.len() == 200);
}

#[test]
fn an_index_follows_what_changed_while_its_graph_was_built() {
    let vectors = clustered(300, 8, 6);
    let mut current = filled(&vectors, 100);
    let mut indexed = current.indexed();
    current.set(7, &vectors[8]).unwrap();
    current.set(500, &vectors[9]).unwrap();
    (20..30).for_each(|row| assert!(current.remove(row)));
    assert!(indexed.follow(&current) && !indexed.graph_is_due());
    assert_eq!(indexed.len(), current.len());
    (0..510).for_each(|row| assert_eq!(indexed.get(row), current.get(row), "{row}"));
    assert!(!indexed.follow(&VectorIndex::new(9)) && indexed.len() == current.len());
}

/// Change to an index.
#[derive(Debug, Clone)]
enum Change {
    Set(u32, [i8; 4]),
    Remove(u32),
    Index,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => (0u32..120, prop::array::uniform4(-5i8..=5)).prop_map(|(row, vector)| Change::Set(row, vector)),
        3 => (0u32..120).prop_map(Change::Remove),
        1 => Just(Change::Index),
    ]
}

/// Returns an index of many vectors and their graph, with some of them removed.
fn large() -> &'static VectorIndex {
    static LARGE: OnceLock<VectorIndex> = OnceLock::new();
    LARGE.get_or_init(|| {
        let mut index = filled(&clustered(9_000, 16, 7), 100).indexed();
        (0..9_000).step_by(10).for_each(|row| assert!(index.remove(row)));
        index
    })
}

proptest! {
    #[test]
    fn an_answer_from_the_graph_holds_present_and_accepted_rows_each_once_best_first(
        near in 1u32..8_990,
        k in 0usize..60,
        refused in 2u32..30,
    ) {
        let index = large();
        let query: Vec<f32> = (near..near + 9).find_map(|row| index.get(row)).unwrap().to_vec();
        let found = index.nearest(&query, k, |row| row % refused != 0);
        prop_assert_eq!(found.len(), k);
        let rows: HashSet<u32> = found.iter().map(|(row, _)| *row).collect();
        prop_assert_eq!(rows.len(), k);
        for &(row, score) in &found {
            prop_assert!(row % refused != 0 && !row.is_multiple_of(10));
            let vector = index.get(row).unwrap();
            let expected = vector.iter().zip(&query).map(|(a, b)| a * b).sum::<f32>();
            prop_assert!((score - expected).abs() < 1e-5);
        }
        let better = |a: &(u32, f32), b: &(u32, f32)| a.1 > b.1 || (a.1 == b.1 && a.0 < b.0);
        prop_assert!(found.windows(2).all(|pair| better(&pair[0], &pair[1])), "{:?}", found);
    }

    /// Checks the answer after any changes, with and without a graph.
    #[test]
    fn an_answer_holds_present_and_accepted_rows_each_once_with_its_score_best_first(
        changes in prop::collection::vec(change(), 1..300),
        query in prop::array::uniform4(-5i8..=5),
        k in 0usize..30,
        refused in 1u32..5,
    ) {
        let mut index = VectorIndex::new(4).with_graph_from(10);
        let mut model = BTreeMap::new();
        for change in changes {
            match change {
                Change::Set(row, vector) => {
                    let vector = vector.map(f32::from);
                    index.set(row, &vector).unwrap();
                    model.insert(row, vector);
                }
                Change::Remove(row) => prop_assert_eq!(index.remove(row), model.remove(&row).is_some()),
                Change::Index => index = index.indexed(),
            }
        }
        prop_assert_eq!(index.len(), model.len());
        for row in 0..125 {
            prop_assert_eq!(index.get(row), model.get(&row).map(<[f32; 4]>::as_slice));
        }
        let query = query.map(f32::from);
        let accept = |row: u32| !row.is_multiple_of(refused);
        let found = index.nearest(&query, k, accept);
        let allowed = model.keys().filter(|row| accept(**row)).count();
        prop_assert_eq!(found.len(), k.min(allowed));
        for &(row, score) in &found {
            let vector = &model[&row];
            prop_assert!(accept(row));
            prop_assert_eq!(score, vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>());
        }
        let better = |a: &(u32, f32), b: &(u32, f32)| a.1 > b.1 || (a.1 == b.1 && a.0 < b.0);
        prop_assert!(found.windows(2).all(|pair| better(&pair[0], &pair[1])), "{:?}", found);
    }

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
        // Adding zero turns -0.0, which sorts apart, into 0.0.
        expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        expected.truncate(k);
        let found = index_of(&rows).nearest(&query, k, |row| row % refused != 0);
        prop_assert_eq!(found, expected);
    }
}
