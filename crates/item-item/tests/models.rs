//! Compares both models with their definitions, worked out by hand or the slow way.
#![allow(clippy::unwrap_used, missing_docs)]

use docent_domain::InteractionMatrix;
use docent_item_item::{
    EaseConfig, ItemItemError, KnnConfig, Rp3betaConfig, attribute_cosine, ease, knn, rp3beta,
};
use docent_linalg::{SparseRows, top_k_where};
use proptest::prelude::*;

/// Difference that the rounding of weights can make.
const ROUNDING: f32 = 2e-5;

fn matrix(n_users: usize, n_items: usize, pairs: &[(u32, u32)]) -> InteractionMatrix {
    InteractionMatrix::from_triples(n_users, n_items, pairs.iter().map(|&(u, i)| (u, i, 1.0))).unwrap()
}

fn weight(weights: &SparseRows, from: u32, to: u32) -> f32 {
    weights.weight(from, to)
}

/// EASE as published.
fn plain(l2: f32) -> EaseConfig {
    EaseConfig { l2, dropout: 0.0, activity_exponent: 0.0, max_weights: None, ..EaseConfig::default() }
}

#[test]
fn knn_by_hand() {
    // Item 0 is liked by users 0, 1, 2; item 1 by 0, 1; item 2 by 3.
    let likes = matrix(4, 3, &[(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (3, 2)]);
    let weights = knn(&likes, &KnnConfig { neighbors: 2, shrinkage: 1.0 }).unwrap();
    let expected = 2.0 / (6f32.sqrt() + 1.0);
    assert!((weight(&weights, 0, 1) - expected).abs() < ROUNDING);
    assert!((weight(&weights, 1, 0) - expected).abs() < ROUNDING);
    assert_eq!((weight(&weights, 0, 2), weight(&weights, 0, 0)), (0.0, 0.0));
    let scores = weights.scores(&[(1, 2.0), (9, 1.0)]);
    assert_eq!(scores.all(), [2.0 * expected, 0.0, 0.0]);
    assert_eq!([2, 0, 9].map(|item| scores.get(item)), [0.0, 2.0 * expected, 0.0]);
}

proptest! {
    #[test]
    fn the_best_and_the_mean_are_those_of_all_scores(
        pairs in prop::collection::btree_set((0u32..12, 0u32..20), 1..120),
        k in 0usize..25,
        refused in 1u32..5,
        max_weights in prop::option::of(20usize..=400),
        history in prop::collection::vec((0u32..20, 0.5f32..2.0), 0..10),
    ) {
        let likes = matrix(12, 20, &pairs.into_iter().collect::<Vec<_>>());
        let config = EaseConfig { max_weights, ..plain(1.0) };
        let weights = ease(&likes, &config).unwrap();
        prop_assert!(weights.cells().len() <= max_weights.unwrap_or(400));
        let scores = weights.scores(&history);
        let mean = scores.all().iter().sum::<f32>() / 20.0;
        prop_assert!((weights.mean_score(&history) - mean).abs() < 1e-4 * (1.0 + mean.abs()));
        let accept = |item: u32| !item.is_multiple_of(refused + 1);
        let expected = top_k_where((0u32..).zip(scores.all().iter().copied()), k, accept);
        prop_assert_eq!(scores.best_where(k, &accept), expected);
    }
}

#[test]
fn only_the_nearest_neighbours_of_an_item_are_kept() {
    let likes = matrix(4, 3, &[(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 2), (3, 2)]);
    let weights = knn(&likes, &KnnConfig { neighbors: 1, shrinkage: 0.0 }).unwrap();
    assert!(weight(&weights, 1, 0) > 0.0 && weight(&weights, 0, 2) > 0.0);
    assert_eq!(weight(&weights, 2, 0), 0.0, "item 1 is nearer to item 0");
}

#[test]
fn ease_of_two_items_by_hand() {
    // G = [[3, 2], [2, 2]], l2 = 1: P = inverse of [[4, 2], [2, 3]] = [[3, -2], [-2, 4]] / 8.
    let likes = matrix(3, 2, &[(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]);
    let weights = ease(&likes, &plain(1.0)).unwrap();
    assert!((weight(&weights, 1, 0) - 2.0 / 3.0).abs() < ROUNDING);
    assert!((weight(&weights, 0, 1) - 0.5).abs() < ROUNDING);
}

#[test]
fn ease_of_a_large_catalogue_is_that_of_its_most_chosen_items() {
    // Items 1 and 3 are those of the test by hand; items 0 and 2 have one user each.
    let likes = matrix(3, 4, &[(0, 1), (1, 1), (2, 1), (0, 3), (1, 3), (2, 0), (0, 2)]);
    let weights = ease(&likes, &EaseConfig { max_items: 2, ..plain(1.0) }).unwrap();
    assert!((weight(&weights, 3, 1) - 2.0 / 3.0).abs() < ROUNDING);
    assert!((weight(&weights, 1, 3) - 0.5).abs() < ROUNDING);
    assert_eq!((weights.n_items(), weights.row(0).count(), weights.row(2).count()), (4, 0, 0));
}

#[test]
fn rp3beta_by_hand() {
    // Item 0 leads to users 0 and 1 alike. User 0 has items 0 and 1; user 1 has items 0, 1 and 2.
    let likes = matrix(2, 3, &[(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]);
    let weights = rp3beta(&likes, &Rp3betaConfig { beta: 0.5, neighbors: 2 }).unwrap();
    let to_1 = (0.5 / 2.0 + 0.5 / 3.0) / 2f32.sqrt();
    assert!((weight(&weights, 0, 1) - to_1).abs() < ROUNDING);
    assert!((weight(&weights, 0, 2) - 0.5 / 3.0).abs() < ROUNDING);
    assert_eq!(weight(&weights, 0, 0), 0.0);
    let nearest = rp3beta(&likes, &Rp3betaConfig { beta: 0.5, neighbors: 1 }).unwrap();
    assert_eq!((weight(&nearest, 0, 2), nearest.row(0).count()), (0.0, 1));
}

#[test]
fn attributes_that_few_items_have_count_more() {
    // Attribute 0 belongs to items 0, 1 and 2; attribute 1 to 0 and 1; item 3 has none.
    let attributes = matrix(2, 4, &[(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]);
    let weights = attribute_cosine(&attributes, 10).unwrap();
    assert!((weight(&weights, 0, 1) - 1.0).abs() < ROUNDING);
    let (common, rare) = ((4f32 / 3.0).ln(), 2f32.ln());
    let expected = common / common.hypot(rare);
    assert!((weight(&weights, 0, 2) - expected).abs() < ROUNDING);
    assert_eq!(weights.row(3).count(), 0);
    let of_all = matrix(1, 2, &[(0, 0), (0, 1)]);
    assert_eq!(attribute_cosine(&of_all, 10).unwrap().cells().len(), 0, "it tells nothing apart");
}

#[test]
fn dropout_adds_to_the_ridge_of_each_item_by_its_count() {
    // As above with a dropout of 1/2: [[3 + 1 + 3, 2], [2, 2 + 1 + 2]] = [[7, 2], [2, 5]],
    // inverse [[5, -2], [-2, 7]] / 31.
    let likes = matrix(3, 2, &[(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]);
    let config = EaseConfig { dropout: 0.5, ..plain(1.0) };
    let weights = ease(&likes, &config).unwrap();
    assert!((weight(&weights, 1, 0) - 2.0 / 5.0).abs() < ROUNDING);
    assert!((weight(&weights, 0, 1) - 2.0 / 7.0).abs() < ROUNDING);
}

#[test]
fn settings_and_data_without_a_model_are_refused() {
    let likes = matrix(1, 3, &[(0, 0)]);
    assert!(ease(&likes, &EaseConfig { max_items: 0, ..EaseConfig::default() }).is_err());
    assert!(rp3beta(&likes, &Rp3betaConfig { beta: -1.0, ..Rp3betaConfig::default() }).is_err());
    assert!(rp3beta(&likes, &Rp3betaConfig { neighbors: 0, ..Rp3betaConfig::default() }).is_err());
    assert!(ease(&likes, &EaseConfig { l2: 0.0, ..EaseConfig::default() }).is_err());
    assert!(ease(&likes, &EaseConfig { dropout: 1.0, ..EaseConfig::default() }).is_err());
    assert!(knn(&likes, &KnnConfig { neighbors: 0, ..KnnConfig::default() }).is_err());
    assert!(knn(&likes, &KnnConfig { shrinkage: f32::NAN, ..KnnConfig::default() }).is_err());
    let nothing = matrix(1, 3, &[]);
    assert_eq!(knn(&nothing, &KnnConfig::default()), Err(ItemItemError::NoInteractions));
    assert_eq!(rp3beta(&nothing, &Rp3betaConfig::default()), Err(ItemItemError::NoInteractions));
    assert_eq!(ease(&nothing, &EaseConfig::default()), Err(ItemItemError::NoInteractions));
}

#[test]
fn the_old_name_of_a_setting_is_still_read() {
    let old: EaseConfig = serde_json::from_str(r#"{"most_weights": 7}"#).unwrap();
    let new: EaseConfig = serde_json::from_str(r#"{"max_weights": 7}"#).unwrap();
    assert_eq!((old.max_weights, &old), (Some(7), &new));
}

proptest! {
    /// Checks that each column of EASE solves the ridge regression of that item on all others.
    #[test]
    fn ease_is_a_ridge_regression(pairs in prop::collection::hash_set((0u32..8, 0u32..5), 1..30)) {
        let pairs: Vec<(u32, u32)> = pairs.into_iter().collect();
        let weights = ease(&matrix(8, 5, &pairs), &plain(2.0)).unwrap();
        let x = |user: u32, item: u32| if pairs.contains(&(user, item)) { 1.0f32 } else { 0.0 };
        for item in 0..5u32 {
            for other in (0..5u32).filter(|&other| other != item) {
                let residual = |user| x(user, item) - (0..5).map(|j| x(user, j) * weight(&weights, j, item)).sum::<f32>();
                let gradient: f32 = (0..8).map(|user| x(user, other) * residual(user)).sum();
                // Weights of 5 items, each rounded, are summed over 8 users.
                prop_assert!((gradient - 2.0 * weight(&weights, other, item)).abs() < 40.0 * ROUNDING);
            }
        }
    }
}
