//! Transitions against their definition.
#![allow(clippy::unwrap_used, missing_docs)]

use docent_domain::{Event, Histories};
use docent_transitions::{TransitionsConfig, TransitionsError, transitions};
use proptest::prelude::*;

/// Difference that the rounding of weights can make, as a share of the largest one of a row.
const ROUNDING: f32 = 2e-5;

fn histories(lists: &[&[u32]], n_items: usize) -> Histories {
    let events = (0u32..).zip(lists).flat_map(|(user, list)| list.iter().map(move |&i| (user, Event::of(i))));
    Histories::new(lists.len(), n_items, events, true).unwrap()
}

#[test]
fn transitions_by_hand() {
    let config = TransitionsConfig { window: 2, gap_decay: 1.0, ..TransitionsConfig::default() };
    let weights = transitions(&histories(&[&[0, 1, 2], &[0, 1]], 3), &config).unwrap();
    // Item 0 occurs twice and is followed by item 1 at distance 1 twice; item 1 occurs twice.
    let close =
        |found: f32, expected: f32| assert!((found - expected).abs() < ROUNDING, "{found} {expected}");
    close(weights.weight(0, 1), 2.0 / (2f32.powf(0.5) * 2f32.powf(0.3)));
    close(weights.weight(0, 2), (-1f32).exp() / 2f32.powf(0.5));
    close(weights.weight(2, 1), 0.25 / 2f32.powf(0.3));
    close(weights.weight(1, 0), 0.5 / (2f32.powf(0.5) * 2f32.powf(0.3)));
    let one_way = transitions(&histories(&[&[0, 1]], 2), &TransitionsConfig { backward: 0.0, ..config });
    assert_eq!(one_way.unwrap().weight(1, 0), 0.0);
}

#[test]
fn only_the_largest_weights_of_a_row_are_kept() {
    let config = TransitionsConfig { neighbors: 1, ..TransitionsConfig::default() };
    let weights = transitions(&histories(&[&[0, 1], &[0, 1], &[0, 2]], 3), &config).unwrap();
    assert!(weights.weight(0, 1) > 0.0);
    assert_eq!(weights.weight(0, 2), 0.0);
}

#[test]
fn histories_without_order_or_events_and_settings_out_of_range_are_refused() {
    let unordered = Histories::new(1, 2, [(0, Event::of(0)), (0, Event::of(1))], false).unwrap();
    let config = TransitionsConfig::default();
    assert_eq!(transitions(&unordered, &config), Err(TransitionsError::NoOrder));
    assert_eq!(transitions(&histories(&[&[]], 2), &config), Err(TransitionsError::NoInteractions));
    for (wrong, field) in [
        (TransitionsConfig { window: 0, ..config.clone() }, "window"),
        (TransitionsConfig { gap_decay: 0.0, ..config.clone() }, "gap_decay"),
        (TransitionsConfig { source_exponent: -0.1, ..config.clone() }, "source_exponent"),
        (TransitionsConfig { target_exponent: f32::NAN, ..config.clone() }, "target_exponent"),
        (TransitionsConfig { backward: 1.5, ..config.clone() }, "backward"),
        (TransitionsConfig { neighbors: 0, ..config.clone() }, "neighbors"),
    ] {
        let refused = transitions(&histories(&[&[0, 1]], 2), &wrong).unwrap_err();
        assert!(refused.to_string().contains(field), "{refused}");
    }
}

proptest! {
    #[test]
    fn every_weight_is_the_sum_over_its_pairs(
        lists in prop::collection::vec(prop::collection::vec(0u32..6, 0..9), 1..6), window in 1usize..5,
    ) {
        prop_assume!(lists.iter().any(|list| !list.is_empty()));
        let config = TransitionsConfig { window, gap_decay: 2.0, ..TransitionsConfig::default() };
        let borrowed: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
        let weights = transitions(&histories(&borrowed, 6), &config).unwrap();
        let count = |item| lists.iter().flatten().filter(|i| **i == item).count() as f32;
        for from in 0..6u32 {
            for to in (0..6u32).filter(|to| *to != from) {
                let mut sum = 0.0;
                for list in &lists {
                    for (a, b) in (0..list.len()).flat_map(|a| (a + 1..list.len()).map(move |b| (a, b))) {
                        if b - a <= window {
                            let weight = (-((b - a - 1) as f32) / 2.0).exp();
                            if (list[a], list[b]) == (from, to) { sum += weight; }
                            if (list[b], list[a]) == (from, to) { sum += 0.25 * weight; }
                        }
                    }
                }
                let expected = sum / (count(from).max(1.0).powf(0.5) * count(to).max(1.0).powf(0.3));
                let largest = weights.row(from).fold(1.0, |most: f32, (_, weight)| most.max(weight));
                prop_assert!((weights.weight(from, to) - expected).abs() < ROUNDING * largest);
            }
        }
    }
}
