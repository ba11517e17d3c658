//! Compares co-interaction edges with brute force.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use docent_graph::{CoInteractionConfig, Edge, GraphError, co_interaction_edges};
use proptest::prelude::*;

fn rows(histories: &[Vec<u32>]) -> (Vec<u64>, Vec<u32>) {
    let mut offsets = vec![0];
    for history in histories {
        offsets.push(offsets.last().unwrap() + history.len() as u64);
    }
    (offsets, histories.concat())
}

fn brute_force(histories: &[Vec<u32>], n_items: u32, config: &CoInteractionConfig) -> Vec<Edge> {
    let sets: Vec<BTreeSet<u32>> = histories
        .iter()
        .map(|history| history.iter().rev().take(config.max_history_len).copied().collect())
        .collect();
    let with =
        |items: &[u32]| sets.iter().filter(|set| items.iter().all(|item| set.contains(item))).count() as f64;
    let mut edges = Vec::new();
    for from in 0..n_items {
        let mut row = Vec::new();
        for to in (0..n_items).filter(|&to| to != from) {
            let common = with(&[from, to]);
            if common > 0.0 {
                let cosine = common / (with(&[from]) * with(&[to])).sqrt();
                let weight = (cosine * common / (common + f64::from(config.shrinkage))) as f32;
                row.push(Edge { from, to, kind: 4, weight });
            }
        }
        row.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.to.cmp(&b.to)));
        row.truncate(config.max_neighbours);
        edges.extend(row);
    }
    edges
}

proptest! {
    #[test]
    fn edges_equal_brute_force(
        histories in prop::collection::vec(prop::collection::vec(0u32..9, 0..12), 0..20),
        max_neighbours in 0usize..10,
        shrinkage in 0.0f32..20.0,
        max_history_len in 1usize..12,
    ) {
        let config = CoInteractionConfig { max_neighbours, shrinkage, max_history_len };
        let (offsets, items) = rows(&histories);
        let found = co_interaction_edges(&offsets, &items, 9, 4, &config).unwrap();
        prop_assert_eq!(found, brute_force(&histories, 9, &config));
    }
}

#[test]
fn items_that_more_users_share_weigh_more_and_the_oldest_of_a_long_history_is_dropped() {
    let histories = [vec![2, 0, 1], vec![0, 1], vec![0, 1], vec![3, 4]];
    let (offsets, items) = rows(&histories);
    let config = CoInteractionConfig { max_history_len: 2, ..CoInteractionConfig::default() };
    let edges = co_interaction_edges(&offsets, &items, 5, 0, &config).unwrap();
    let weight =
        |from, to| edges.iter().find(|edge| edge.from == from && edge.to == to).map(|edge| edge.weight);
    assert_eq!(weight(0, 1), Some(3.0 / 8.0));
    assert_eq!(weight(3, 4), Some(1.0 / 6.0));
    assert_eq!(weight(2, 0), None);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let histories: Vec<Vec<u32>> =
        (0..3000u32).map(|user| (0..20).map(|i| (user * 7 + i * i * 13) % 2000).collect()).collect();
    let (offsets, items) = rows(&histories);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            co_interaction_edges(&offsets, &items, 2000, 0, &CoInteractionConfig::default()).unwrap()
        })
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn damaged_histories_and_settings_are_refused() {
    let default = CoInteractionConfig::default();
    let histories: [(&[u64], &[u32]); 5] =
        [(&[], &[]), (&[0, 1], &[5]), (&[0, 2], &[1]), (&[0, 9, 1], &[1]), (&[1, 1], &[1])];
    for (offsets, items) in histories {
        let error = co_interaction_edges(offsets, items, 5, 0, &default).unwrap_err();
        assert!(matches!(error, GraphError::InvalidHistories(_)), "{error}");
    }
    for config in [
        CoInteractionConfig { shrinkage: -1.0, ..default.clone() },
        CoInteractionConfig { max_history_len: 0, ..default },
    ] {
        let error = co_interaction_edges(&[0], &[], 5, 0, &config).unwrap_err();
        assert!(matches!(error, GraphError::InvalidConfig { .. }), "{error}");
    }
}
