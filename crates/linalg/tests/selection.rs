//! Selections against a full sort.

use std::cmp::Ordering;

use docent_linalg::{best_first, keep_best, ranks_by_sum, select_best, top_k, top_k_where};
use proptest::prelude::*;

/// Scores with many ties, infinities and values that are not numbers.
fn score() -> impl Strategy<Value = f32> {
    prop_oneof![
        12 => (-4i8..4).prop_map(f32::from),
        1 => Just(f32::NAN),
        1 => Just(-f32::NAN),
        1 => Just(f32::INFINITY),
        1 => Just(f32::NEG_INFINITY),
    ]
}

/// The definition: numbers by descending value, the others after them, ties by lower index.
fn sorted(scores: &[f32]) -> Vec<u32> {
    let mut indices: Vec<u32> = (0..scores.len() as u32).collect();
    let key = |index: u32| scores[index as usize];
    indices.sort_by(|&a, &b| match (key(a).is_nan(), key(b).is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => key(b).partial_cmp(&key(a)).unwrap_or(Ordering::Equal),
    });
    indices
}

proptest! {
    #[test]
    fn the_best_k_are_the_first_of_a_full_sort(
        scores in prop::collection::vec(score(), 0..200), k in 0usize..60,
    ) {
        let found = top_k((0u32..).zip(scores.iter().copied()), k);
        let mut expected = sorted(&scores);
        expected.truncate(k);
        prop_assert_eq!(found.iter().map(|found| found.0).collect::<Vec<_>>(), expected);
        for (index, score) in found {
            prop_assert_eq!(score.to_bits(), scores[index as usize].to_bits());
        }
    }

    #[test]
    fn the_best_k_do_not_depend_on_the_order_of_the_scores(
        scores in prop::collection::vec(score(), 0..100), k in 0usize..30,
    ) {
        let forwards: Vec<(u32, f32)> = (0u32..).zip(scores).collect();
        let found = top_k(forwards.iter().copied(), k);
        let backwards = top_k(forwards.iter().rev().copied(), k);
        let indices = |pairs: &[(u32, f32)]| pairs.iter().map(|pair| pair.0).collect::<Vec<_>>();
        prop_assert_eq!(indices(&found), indices(&backwards));
    }

    #[test]
    fn selecting_and_keeping_hold_the_same_items(
        mut items in prop::collection::vec((-3i8..3, any::<u32>()), 0..80), k in 0usize..100,
    ) {
        items.sort_unstable();
        items.dedup_by_key(|item| item.1);
        let order = |a: &(i8, u32), b: &(i8, u32)| best_first((a.0.into(), a.1), (b.0.into(), b.1));
        let (mut selected, mut kept, mut all) = (items.clone(), items.clone(), items);
        select_best(&mut selected, k, order);
        keep_best(&mut kept, k, order);
        all.sort_by(order);
        all.truncate(k);
        prop_assert_eq!(&kept, &all);
        selected.sort_by(order);
        prop_assert_eq!(selected, all);
    }
}

#[test]
fn ties_go_to_the_lower_index_and_what_is_no_number_comes_last() {
    let scores = [f32::NAN, 1.0, 2.0, 1.0, f32::NEG_INFINITY, 2.0];
    let indices: Vec<u32> = top_k((0u32..).zip(scores), 6).into_iter().map(|found| found.0).collect();
    assert_eq!(indices, [2, 5, 1, 3, 4, 0]);
    assert_eq!(best_first((0.0, 1), (-0.0, 0)), Ordering::Less, "0 comes before -0");
}

#[test]
fn only_indices_that_may_enter_the_answer_are_asked_for() {
    let scores = (0u32..10_000).map(|index| (index, (index.wrapping_mul(2_654_435_761) >> 8) as f32));
    let asked = std::cell::Cell::new(0);
    let found = top_k_where(scores.clone(), 10, |index| {
        asked.set(asked.get() + 1);
        index % 3 == 0
    });
    let thirds = top_k(scores.filter(|(index, _)| index % 3 == 0), 10);
    assert_eq!(found, thirds);
    assert!(asked.get() < 500, "{}", asked.get());
}

#[test]
fn ranks_by_a_sum_are_the_places_in_the_sorted_list() {
    // Sums 3, 5, 3 and 0: keys 8 and 2 are tied.
    let rows = [1.0, 1.0, 3.0, 1.0, 3.0, 0.0, 0.0, 0.0];
    let ranks = |places: &[usize]| ranks_by_sum(&rows, &[1.0, 2.0], &[8, 4, 2, 1], places);
    assert_eq!(ranks(&[0, 1, 2, 3]), [2, 0, 1, 3]);
    assert_eq!(ranks(&[3, 9]), [3], "no such place");
    assert!(ranks_by_sum(&[], &[], &[], &[0]).is_empty());
}
