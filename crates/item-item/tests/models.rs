//! Compares both models with their definitions, worked out by hand or the slow way.
#![allow(clippy::unwrap_used, missing_docs)]

use docent_domain::InteractionMatrix;
use docent_item_item::{EaseConfig, ItemItemError, ItemWeights, KnnConfig, ease, knn};
use proptest::prelude::*;

fn matrix(n_users: usize, n_items: usize, pairs: &[(u32, u32)]) -> InteractionMatrix {
    InteractionMatrix::from_triples(n_users, n_items, pairs.iter().map(|&(u, i)| (u, i, 1.0))).unwrap()
}

fn weight(weights: &ItemWeights, from: u32, to: u32) -> f32 {
    let (targets, values) = weights.row(from);
    targets.iter().position(|&target| target == to).map_or(0.0, |at| values[at])
}

#[test]
fn knn_by_hand() {
    // Item 0 is liked by users 0, 1, 2; item 1 by 0, 1; item 2 by 3.
    let likes = matrix(4, 3, &[(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (3, 2)]);
    let weights = knn(&likes, &KnnConfig { neighbors: 2, shrinkage: 1.0 }).unwrap();
    let expected = 2.0 / (6f32.sqrt() + 1.0);
    assert!((weight(&weights, 0, 1) - expected).abs() < 1e-6);
    assert!((weight(&weights, 1, 0) - expected).abs() < 1e-6);
    assert_eq!((weight(&weights, 0, 2), weight(&weights, 0, 0)), (0.0, 0.0));
    let mut scores = Vec::new();
    weights.score_all(&[(1, 2.0), (9, 1.0)], &mut scores);
    assert_eq!(scores, [2.0 * expected, 0.0, 0.0]);
    let mut some = Vec::new();
    weights.score(&[(1, 2.0)], &[2, 0], &mut some);
    assert_eq!(some, [0.0, 2.0 * expected]);
}

proptest! {
    #[test]
    fn some_items_score_as_among_all(
        pairs in prop::collection::btree_set((0u32..12, 0u32..20), 1..120),
        items in prop::collection::vec(0u32..20, 0..40),
        max_weights in prop::option::of(20usize..=400),
        history in prop::collection::vec((0u32..20, 0.5f32..2.0), 0..10),
    ) {
        let likes = matrix(12, 20, &pairs.into_iter().collect::<Vec<_>>());
        let config = EaseConfig { l2: 1.0, max_weights, ..EaseConfig::default() };
        let weights = ease(&likes, &config).unwrap();
        prop_assert!(weights.weights().len() <= max_weights.unwrap_or(400));
        let (mut all, mut some) = (Vec::new(), Vec::new());
        weights.score_all(&history, &mut all);
        weights.score(&history, &items, &mut some);
        prop_assert_eq!(some, items.iter().map(|&item| all[item as usize]).collect::<Vec<_>>());
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
    let weights = ease(&likes, &EaseConfig { l2: 1.0, ..EaseConfig::default() }).unwrap();
    assert!((weight(&weights, 1, 0) - 2.0 / 3.0).abs() < 1e-6);
    assert!((weight(&weights, 0, 1) - 0.5).abs() < 1e-6);
}

#[test]
fn dropout_adds_to_the_ridge_of_each_item_by_its_count() {
    // As above with a dropout of 1/2: [[3 + 1 + 3, 2], [2, 2 + 1 + 2]] = [[7, 2], [2, 5]],
    // inverse [[5, -2], [-2, 7]] / 31.
    let likes = matrix(3, 2, &[(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]);
    let config = EaseConfig { l2: 1.0, dropout: 0.5, ..EaseConfig::default() };
    let weights = ease(&likes, &config).unwrap();
    assert!((weight(&weights, 1, 0) - 2.0 / 5.0).abs() < 1e-6);
    assert!((weight(&weights, 0, 1) - 2.0 / 7.0).abs() < 1e-6);
}

#[test]
fn settings_and_data_without_a_model_are_refused() {
    let likes = matrix(1, 3, &[(0, 0)]);
    let too_many = ease(&likes, &EaseConfig { max_items: 2, ..EaseConfig::default() }).unwrap_err();
    assert!(matches!(too_many, ItemItemError::TooManyItems { items: 3, max_items: 2 }), "{too_many}");
    assert!(ease(&likes, &EaseConfig { l2: 0.0, ..EaseConfig::default() }).is_err());
    assert!(ease(&likes, &EaseConfig { dropout: 1.0, ..EaseConfig::default() }).is_err());
    assert!(knn(&likes, &KnnConfig { neighbors: 0, ..KnnConfig::default() }).is_err());
    assert!(knn(&likes, &KnnConfig { shrinkage: f32::NAN, ..KnnConfig::default() }).is_err());
    let nothing = matrix(1, 3, &[]);
    assert_eq!(knn(&nothing, &KnnConfig::default()), Err(ItemItemError::NoInteractions));
    assert_eq!(ease(&nothing, &EaseConfig::default()), Err(ItemItemError::NoInteractions));
}

#[test]
fn the_old_name_of_a_setting_is_still_read() {
    let old: EaseConfig = serde_json::from_str(r#"{"most_weights": 7}"#).unwrap();
    let new: EaseConfig = serde_json::from_str(r#"{"max_weights": 7}"#).unwrap();
    assert_eq!((old.max_weights, &old), (Some(7), &new));
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let likes = matrix(2, 2, &[(0, 0), (0, 1), (1, 0)]);
    let weights = knn(&likes, &KnnConfig::default()).unwrap();
    let parts = || (weights.offsets().to_vec(), weights.targets().to_vec(), weights.weights().to_vec());
    let (offsets, targets, values) = parts();
    assert_eq!(ItemWeights::from_parts(offsets, targets, values), Ok(weights.clone()));
    type Parts = (Vec<u64>, Vec<u32>, Vec<f32>);
    let broken = |change: fn(&mut Parts)| {
        let mut parts = parts();
        change(&mut parts);
        ItemWeights::from_parts(parts.0, parts.1, parts.2)
    };
    assert!(broken(|p| p.0[1] = 9).is_err());
    assert!(broken(|p| p.1[0] = 7).is_err());
    assert!(broken(|p| p.2[0] = f32::NAN).is_err());
    assert!(broken(|p| *p = (vec![0, 2, 2], vec![1, 0], vec![0.5, 0.5])).is_err());
    assert!(broken(|p| p.2.clear()).is_err());
    assert!(broken(|p| p.0.clear()).is_err());
}

proptest! {
    /// Checks that each column of EASE solves the ridge regression of that item on all others.
    #[test]
    fn ease_is_a_ridge_regression(pairs in prop::collection::hash_set((0u32..8, 0u32..5), 1..30)) {
        let pairs: Vec<(u32, u32)> = pairs.into_iter().collect();
        let weights = ease(&matrix(8, 5, &pairs), &EaseConfig { l2: 2.0, ..EaseConfig::default() }).unwrap();
        let x = |user: u32, item: u32| if pairs.contains(&(user, item)) { 1.0f32 } else { 0.0 };
        for item in 0..5u32 {
            for other in (0..5u32).filter(|&other| other != item) {
                let residual = |user| x(user, item) - (0..5).map(|j| x(user, j) * weight(&weights, j, item)).sum::<f32>();
                let gradient: f32 = (0..8).map(|user| x(user, other) * residual(user)).sum();
                prop_assert!((gradient - 2.0 * weight(&weights, other, item)).abs() < 1e-4);
            }
        }
    }
}
