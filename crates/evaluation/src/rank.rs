use std::{cmp::Ordering, collections::HashSet};

/// Returns the rank, from 0, of an item with `score` among `others`. Ties and scores that are not a
/// number count against the item.
#[must_use]
pub fn rank_against(score: f32, others: &[f32]) -> usize {
    others.iter().filter(|other| other.partial_cmp(&&score) != Some(Ordering::Less)).count()
}

/// Returns the `k` items with the largest scores, best first, without those in `seen` (ascending).
///
/// Among equal scores, items in `relevant` come last and then smaller indices first, so that a
/// model that scores all items alike gains nothing. A score that is not a number comes after all
/// others.
#[must_use]
pub fn top_k(scores: &[f32], seen: &[u32], relevant: &HashSet<u32>, k: usize) -> Vec<u32> {
    let mut seen = seen.iter().copied().peekable();
    // A catalogue is much longer than the list, so only items that may be among the best are kept.
    let capacity = k.saturating_mul(2).min(scores.len());
    let mut best: Vec<Entry> = Vec::with_capacity(capacity);
    let mut lowest = f32::NEG_INFINITY;
    for (item, &score) in (0u32..).zip(scores) {
        if seen.next_if_eq(&item).is_some() {
            continue;
        }
        let key = if score.is_nan() { f32::NEG_INFINITY } else { score };
        if key < lowest {
            continue;
        }
        best.push((key, relevant.contains(&item), item));
        if best.len() > k && best.len() >= capacity {
            best.select_nth_unstable_by(k, best_first);
            best.truncate(k);
            lowest = best.iter().map(|entry| entry.0).fold(f32::INFINITY, f32::min);
        }
    }
    best.sort_unstable_by(best_first);
    best.iter().take(k).map(|(_, _, item)| *item).collect()
}

/// Score, relevance and index of an item.
type Entry = (f32, bool, u32);

fn best_first(a: &Entry, b: &Entry) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ties_count_against_the_model() {
        assert_eq!(rank_against(0.5, &[0.5, 0.4, 0.9, 0.5]), 3);
        assert_eq!(rank_against(1.0, &[0.5, 0.4]), 0);
        assert_eq!(rank_against(f32::NAN, &[0.5, 0.4]), 2);
        assert_eq!(rank_against(0.0, &[-0.0]), 1);
        assert_eq!(top_k(&[1.0; 4], &[1], &[0].into(), 3), [2, 3, 0]);
    }

    #[test]
    fn a_score_that_is_not_a_number_comes_last() {
        assert_eq!(top_k(&[f32::NAN, 0.1, 0.3], &[], &HashSet::new(), 3), [2, 1, 0]);
    }

    proptest! {
        #[test]
        fn the_best_k_are_those_of_a_full_sort(
            scores in prop::collection::vec(0u8..6, 0..40), seen in prop::collection::btree_set(0u32..40, 0..10),
            relevant in prop::collection::hash_set(0u32..40, 0..10), k in 0usize..50,
        ) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let seen: Vec<u32> = seen.into_iter().collect();
            let mut all: Vec<u32> = (0..scores.len() as u32).filter(|item| !seen.contains(item)).collect();
            all.sort_by_key(|item| (-scores[*item as usize] as i32, relevant.contains(item), *item));
            all.truncate(k);
            prop_assert_eq!(top_k(&scores, &seen, &relevant, k), all);
        }
    }
}
