//! Compares personalised PageRank with a dense oracle and checks its guarantees.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};

use docent_graph::{Edge, Graph, GraphBuilder, GraphError, PprConfig};
use proptest::prelude::*;

fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("kind{i}")).collect()
}

/// Computes the exact scores by power iteration over the whole transition matrix, written from the
/// documentation alone.
fn oracle(graph: &Graph, seeds: &[(u32, f32)], config: &PprConfig) -> Vec<f64> {
    let n = graph.n_nodes() as usize;
    let mut degree = vec![0usize; n];
    for edge in graph.edges() {
        degree[edge.from as usize] += 1;
        degree[edge.to as usize] += 1;
    }
    let mut by_kind = vec![vec![vec![0.0f64; n]; n]; graph.kinds().len()];
    for edge in graph.edges() {
        let weight = f64::from(edge.weight);
        let damp = |node: u32| (degree[node as usize] as f64).powf(-f64::from(config.hub_damping));
        let of_kind = &mut by_kind[usize::from(edge.kind)];
        of_kind[edge.from as usize][edge.to as usize] += weight * damp(edge.to);
        of_kind[edge.to as usize][edge.from as usize] +=
            weight * f64::from(config.reverse_weight) * damp(edge.from);
    }
    let mut transition = vec![vec![0.0f64; n]; n];
    for (kind, name) in graph.kinds().iter().enumerate() {
        for (node, row) in by_kind[kind].iter().enumerate() {
            let total: f64 = row.iter().sum();
            let weight = f64::from(*config.kind_weights.get(name).unwrap_or(&1.0));
            if total > 0.0 {
                (0..n).for_each(|to| transition[node][to] += weight * row[to] / total);
            }
        }
    }
    for (node, row) in transition.iter_mut().enumerate() {
        let total: f64 = row.iter().sum();
        if total > 0.0 {
            row.iter_mut().for_each(|x| *x /= total);
        } else {
            row[node] = 1.0;
        }
    }
    let total: f64 = seeds.iter().map(|seed| f64::from(seed.1)).sum();
    let mut restart = vec![0.0; n];
    for &(node, weight) in seeds {
        restart[node as usize] += f64::from(weight) / total;
    }
    let mut scores = restart.clone();
    for _ in 0..2000 {
        let mut next: Vec<f64> = restart.iter().map(|x| config.alpha * x).collect();
        for (from, row) in transition.iter().enumerate() {
            for (to, share) in row.iter().enumerate() {
                next[to] += (1.0 - config.alpha) * scores[from] * share;
            }
        }
        scores = next;
    }
    scores
}

prop_compose! {
    fn small_graph()(n in 2u32..14)(
        edges in prop::collection::vec((0..n, 0..n, 0u8..3, 1u32..100), 0..50),
        n in Just(n),
    ) -> Graph {
        let edges = edges.into_iter().map(|(from, to, kind, weight)| Edge { from, to, kind, weight: weight as f32 / 50.0 });
        Graph::from_edges(n, names(3), edges).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn scores_agree_with_power_iteration_within_what_epsilon_promises(
        graph in small_graph(),
        seeds in prop::collection::vec((0u32..2, 1u32..10), 1..4),
        alpha in 0.1f64..0.6,
        epsilon_power in 3i32..9,
        reverse_weight in 0.0f32..2.0,
        hub_damping in 0.0f32..1.5,
        kind_weight in 0u8..3,
    ) {
        let seeds: Vec<(u32, f32)> = seeds.into_iter().map(|(node, weight)| (node, weight as f32)).collect();
        let config = PprConfig {
            alpha,
            epsilon: 10f64.powi(-epsilon_power),
            max_edges_walked: usize::MAX,
            reverse_weight,
            hub_damping,
            kind_weights: BTreeMap::from([("kind1".to_owned(), f32::from(kind_weight))]),
            max_results: usize::MAX,
        };
        let expected = oracle(&graph, &seeds, &config);
        let found: HashMap<u32, f32> =
            graph.personalised_pagerank(&seeds, &config).unwrap().into_iter().collect();
        let degrees: usize = (0..graph.n_nodes()).map(|node| graph.degree(node)).sum();
        let tolerance = config.epsilon * degrees as f64;
        let mut missing = 0.0;
        for node in (0..graph.n_nodes()).filter(|node| seeds.iter().all(|seed| seed.0 != *node)) {
            let score = f64::from(found.get(&node).copied().unwrap_or(0.0));
            let short_by = expected[node as usize] - score;
            prop_assert!(short_by > -1e-6, "node {node}: {score} exceeds {}", expected[node as usize]);
            missing += short_by;
        }
        prop_assert!(missing <= tolerance + 1e-6, "short by {missing}, allowed {tolerance}");
    }

    #[test]
    fn answers_are_sorted_unique_finite_without_seeds_and_repeatable(
        graph in small_graph(),
        seeds in prop::collection::vec((0u32..20, -1.0f32..3.0), 0..6),
        max_results in 0usize..8,
    ) {
        let config = PprConfig { max_results, ..PprConfig::default() };
        let found = graph.personalised_pagerank(&seeds, &config).unwrap();
        prop_assert!(found.len() <= max_results);
        prop_assert!(found.windows(2).all(|pair| pair[0].1 > pair[1].1 || (pair[0].1 == pair[1].1 && pair[0].0 < pair[1].0)));
        for &(node, score) in &found {
            prop_assert!(score > 0.0 && score <= 1.0 && node < graph.n_nodes());
            prop_assert!(seeds.iter().all(|&(seed, weight)| seed != node || weight <= 0.0));
        }
        prop_assert_eq!(graph.personalised_pagerank(&seeds, &config).unwrap(), found);
    }
}

/// Returns a graph in which seed 0 leads with equal weight to node 1, which has that edge only, and
/// to node 2, which has 60 more.
fn star() -> Graph {
    let mut builder = GraphBuilder::new(70);
    builder.link(0, 1, "a", 1.0).unwrap();
    builder.link(0, 2, "a", 1.0).unwrap();
    for leaf in 3..63 {
        builder.link(leaf, 2, "a", 1.0).unwrap();
    }
    builder.build().unwrap()
}

fn score(found: &[(u32, f32)], node: u32) -> f32 {
    found.iter().find(|entry| entry.0 == node).map_or(0.0, |entry| entry.1)
}

#[test]
fn damping_lowers_a_hub_and_raises_what_is_linked_with_little_else() {
    let rank = |hub_damping| {
        let config = PprConfig { hub_damping, ..PprConfig::default() };
        star().personalised_pagerank(&[(0, 1.0)], &config).unwrap()
    };
    let (plain, damped) = (rank(0.0), rank(1.0));
    assert!(score(&plain, 2) > score(&plain, 1));
    assert!(score(&damped, 2) < score(&plain, 2) && score(&damped, 1) > score(&plain, 1));
    assert!(score(&damped, 1) > score(&damped, 2));
}

#[test]
fn edges_are_walked_in_both_directions_unless_the_settings_forbid_it() {
    let graph = Graph::from_edges(
        3,
        names(1),
        [(1, 0), (0, 2)].map(|(from, to)| Edge { from, to, kind: 0, weight: 1.0 }),
    );
    let graph = graph.unwrap();
    let nodes = |reverse_weight| {
        let config = PprConfig { reverse_weight, ..PprConfig::default() };
        graph
            .personalised_pagerank(&[(0, 1.0)], &config)
            .unwrap()
            .into_iter()
            .map(|(node, _)| node)
            .collect::<Vec<_>>()
    };
    assert_eq!(nodes(1.0), [1, 2]);
    assert_eq!(nodes(0.5), [2, 1]);
    assert_eq!(nodes(0.0), [2]);
}

#[test]
fn kinds_of_edge_weigh_what_the_settings_say() {
    let mut builder = GraphBuilder::new(3);
    builder.link(0, 1, "weak", 1.0).unwrap();
    builder.link(0, 2, "strong", 1.0).unwrap();
    let graph = builder.build().unwrap();
    let kind_weights = BTreeMap::from([("weak".to_owned(), 0.0), ("never seen".to_owned(), 9.0)]);
    let config = PprConfig { kind_weights, ..PprConfig::default() };
    let found = graph.personalised_pagerank(&[(0, 1.0)], &config).unwrap();
    assert_eq!(found.iter().map(|entry| entry.0).collect::<Vec<_>>(), [2]);
}

#[test]
fn the_limit_on_edges_holds_even_for_a_hub() {
    let config = PprConfig { max_edges_walked: 61, ..PprConfig::default() };
    let graph = star();
    assert!(graph.personalised_pagerank(&[(2, 1.0)], &config).unwrap().len() >= 61);
    let config = PprConfig { max_edges_walked: 60, ..PprConfig::default() };
    assert!(graph.personalised_pagerank(&[(2, 1.0)], &config).unwrap().is_empty());
    let near: Vec<u32> = graph
        .personalised_pagerank(&[(0, 1.0)], &config)
        .unwrap()
        .into_iter()
        .map(|(node, _)| node)
        .collect();
    assert_eq!(near, [1, 2], "the hub is reached but not passed on");
}

#[test]
fn the_limit_on_edges_is_one_for_the_whole_walk() {
    let path = (0..40).map(|node| Edge { from: node, to: node + 1, kind: 0, weight: 1.0 });
    let graph = Graph::from_edges(41, names(1), path).unwrap();
    let reached = |max_edges_walked| {
        let config = PprConfig { max_edges_walked, epsilon: 1e-9, ..PprConfig::default() };
        graph.personalised_pagerank(&[(0, 1.0)], &config).unwrap().len()
    };
    assert_eq!([0, 1, 3, 5].map(reached), [0, 1, 2, 3]);
    assert!(reached(100_000) > 30);
}

#[test]
fn unusable_seeds_are_ignored() {
    let graph = star();
    let config = PprConfig::default();
    let plain = graph.personalised_pagerank(&[(0, 1.0)], &config).unwrap();
    let seeds = [(0, 0.5), (900, 1.0), (5, f32::NAN), (6, -1.0), (7, 0.0), (0, 0.5)];
    assert_eq!(graph.personalised_pagerank(&seeds, &config).unwrap(), plain);
    assert!(graph.personalised_pagerank(&[], &config).unwrap().is_empty());
    assert!(graph.personalised_pagerank(&[(69, 1.0)], &config).unwrap().is_empty(), "a node without edges");
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let cases = [
        (PprConfig { alpha: 0.0, ..PprConfig::default() }, "alpha"),
        (PprConfig { epsilon: f64::NAN, ..PprConfig::default() }, "epsilon"),
        (PprConfig { reverse_weight: -1.0, ..PprConfig::default() }, "reverse_weight"),
        (PprConfig { hub_damping: 3.0, ..PprConfig::default() }, "hub_damping"),
        (
            PprConfig { kind_weights: BTreeMap::from([("a".into(), -1.0)]), ..PprConfig::default() },
            "kind_weights",
        ),
    ];
    for (config, name) in cases {
        let error = star().personalised_pagerank(&[(0, 1.0)], &config).unwrap_err();
        assert!(matches!(error, GraphError::InvalidConfig { setting, .. } if setting == name), "{error}");
    }
}

#[test]
fn a_kind_of_few_edges_counts_beside_one_of_many() {
    let mut builder = GraphBuilder::new(22);
    builder.link(0, 1, "few", 0.01).unwrap();
    for node in 2..22 {
        builder.link(0, node, "many", 1.0).unwrap();
    }
    let graph = builder.build().unwrap();
    let config =
        PprConfig { kind_weights: BTreeMap::from([("few".to_owned(), 0.5)]), ..PprConfig::default() };
    let found = graph.personalised_pagerank(&[(0, 1.0)], &config).unwrap();
    let of_many: f32 = (2..22).map(|node| score(&found, node)).sum();
    assert!((score(&found, 1) / of_many - 0.5).abs() < 0.01, "{found:?}");
}
