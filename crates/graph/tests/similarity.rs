//! Compares edges between items that share features with their definition.
#![allow(clippy::unwrap_used)]

use docent_graph::{Edge, GraphError, SimilarityConfig, similarity_edges};
use proptest::prelude::*;

fn once(features: &[u32]) -> Vec<(u32, f32)> {
    features.iter().map(|&feature| (feature, 1.0)).collect()
}

fn weight(edges: &[Edge], from: u32, to: u32) -> Option<f32> {
    edges.iter().find(|edge| (edge.from, edge.to) == (from, to)).map(|edge| edge.weight)
}

/// Computes the weight of one edge from the definition.
fn oracle(items: &[Vec<(u32, f32)>], config: &SimilarityConfig, a: usize, b: usize) -> f64 {
    let n = items.len() as f64;
    let with = |feature: u32| items.iter().filter(|item| item.iter().any(|f| f.0 == feature)).count() as f64;
    let vector = |item: &[(u32, f32)]| -> Vec<(u32, f64)> {
        let shared = item.iter().filter(|(feature, _)| with(*feature) > 1.0);
        shared
            .map(|&(feature, frequency)| {
                let rarity = ((1.0 + n) / (1.0 + with(feature))).ln().powf(f64::from(config.rarity_power));
                (feature, f64::from(frequency).ln_1p() * rarity)
            })
            .collect()
    };
    let length = |vector: &[(u32, f64)]| vector.iter().map(|f| f.1 * f.1).sum::<f64>().sqrt();
    let (a, b) = (vector(&items[a]), vector(&items[b]));
    let dot: f64 = a.iter().flat_map(|x| b.iter().filter(move |y| y.0 == x.0).map(move |y| x.1 * y.1)).sum();
    if dot > 0.0 { dot / length(&a) / length(&b).powf(f64::from(config.length_power)) } else { 0.0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn weights_agree_with_the_definition_and_the_strongest_are_kept(
        rows in prop::collection::vec(prop::collection::btree_map(0u32..12, 1u8..5, 0..6), 2..15),
        max_neighbours in 1usize..6,
        length_power in 0.0f32..=1.0,
    ) {
        let items: Vec<Vec<(u32, f32)>> =
            rows.iter().map(|row| row.iter().map(|(&f, &amount)| (f, f32::from(amount))).collect()).collect();
        let config = SimilarityConfig { max_neighbours, length_power, ..SimilarityConfig::default() };
        let edges = similarity_edges(&items, 3, &config).unwrap();
        for from in 0..items.len() {
            let of_item: Vec<&Edge> = edges.iter().filter(|edge| edge.from as usize == from).collect();
            prop_assert!(of_item.len() <= max_neighbours);
            prop_assert!(of_item.is_sorted_by(|a, b| (b.weight, a.to) < (a.weight, b.to) || b.weight < a.weight));
            let least = of_item.iter().map(|edge| f64::from(edge.weight)).fold(f64::INFINITY, f64::min);
            for to in (0..items.len()).filter(|to| *to != from) {
                let expected = oracle(&items, &config, from, to);
                match of_item.iter().find(|edge| edge.to as usize == to) {
                    Some(edge) => {
                        prop_assert_eq!(edge.kind, 3);
                        prop_assert!((f64::from(edge.weight) - expected).abs() < 1e-4 * expected.max(1.0));
                    }
                    None => prop_assert!(expected <= least.min(1e9) + 1e-4),
                }
            }
            prop_assert!(of_item.iter().all(|edge| edge.to as usize != from));
        }
    }
}

#[test]
fn a_rare_feature_counts_more_than_a_common_one() {
    let mut items = vec![once(&[0, 1]), once(&[0]), once(&[1])];
    items.extend((0..6).map(|_| once(&[1, 2])));
    let edges = similarity_edges(&items, 0, &SimilarityConfig::default()).unwrap();
    assert!(weight(&edges, 0, 1) > weight(&edges, 0, 2));
}

#[test]
fn a_lower_power_of_the_length_favours_items_of_many_features() {
    let items = [once(&[0, 1]), once(&[0, 1]), once(&[0, 1, 2, 3]), once(&[2, 3]), once(&[4]), once(&[4])];
    let to_long = |length_power| {
        let config = SimilarityConfig { length_power, ..SimilarityConfig::default() };
        let edges = similarity_edges(&items, 0, &config).unwrap();
        weight(&edges, 0, 2).unwrap() / weight(&edges, 0, 1).unwrap()
    };
    assert!(to_long(1.0) < 0.9 && (to_long(0.0) - 1.0).abs() < 1e-5);
}

#[test]
fn of_equals_for_which_there_is_no_room_none_is_taken() {
    let mut items: Vec<_> = (0..10).map(|item| once(if item < 2 { &[0, 1] } else { &[0] })).collect();
    items.extend([once(&[2]), once(&[3])]);
    let config = SimilarityConfig { max_neighbours: 3, ..SimilarityConfig::default() };
    let edges = similarity_edges(&items, 0, &config).unwrap();
    assert_eq!(edges.iter().map(|edge| (edge.from, edge.to)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
}

#[test]
fn settings_out_of_range_are_refused_and_nothing_gives_nothing() {
    let default = SimilarityConfig::default();
    for config in [
        SimilarityConfig { rarity_power: f32::NAN, ..default.clone() },
        SimilarityConfig { length_power: 1.5, ..default.clone() },
        SimilarityConfig { max_features: 0, ..default.clone() },
        SimilarityConfig { max_item_share: 0.0, ..default.clone() },
    ] {
        let error = similarity_edges(&[], 0, &config).unwrap_err();
        assert!(matches!(error, GraphError::InvalidConfig { .. }), "{error}");
    }
    assert_eq!(similarity_edges(&[], 0, &default), Ok(vec![]));
    let unusable = [vec![(0, f32::NAN), (1, -1.0)], vec![(0, 1.0), (1, 1.0)]];
    assert_eq!(similarity_edges(&unusable, 0, &default), Ok(vec![]));
}
