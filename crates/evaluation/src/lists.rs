use docent_domain::gini;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Metrics of recommendation lists as a whole, apart from their accuracy. All but novelty are in
/// `[0, 1]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ListMetrics {
    /// Share of the catalogue that is in at least one list.
    pub coverage: f64,
    /// Gini coefficient of the number of lists that each item of the catalogue is in; 0 if all
    /// items are shown equally often.
    pub gini: f64,
    /// Mean self-information `-log2(share of users who chose the item)` of the shown items, in bits
    /// (Zhou et al., 2010). An item that no user chose counts as chosen by one.
    pub novelty: f64,
    /// Mean distance between two items of a list (Ziegler et al., 2005).
    pub diversity: f64,
    /// Mean share of a list that the list of another user does not contain; 1 if no two lists
    /// overlap.
    pub personalisation: f64,
}

impl ListMetrics {
    /// Returns the metrics with their names, in the order of reports.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("coverage", self.coverage),
            ("gini", self.gini),
            ("novelty", self.novelty),
            ("diversity", self.diversity),
            ("personalisation", self.personalisation),
        ]
    }
}

/// Returns the metrics of lists of items.
///
/// `popularity` `[n_items]` counts the users, of `n_users`, who chose each item. `distance` returns
/// the distance of two items, in `[0, 1]`.
#[must_use]
pub fn list_metrics(
    lists: &[Vec<u32>],
    popularity: &[u32],
    n_users: usize,
    distance: impl Fn(u32, u32) -> f64 + Sync,
) -> ListMetrics {
    let mut shown = vec![0.0; popularity.len()];
    for item in lists.iter().flatten() {
        if let Some(count) = shown.get_mut(*item as usize) {
            *count += 1.0;
        }
    }
    let covered = shown.iter().filter(|count| **count > 0.0).count();
    let with_pairs = lists.par_iter().filter(|list| list.len() > 1);
    let spreads: Vec<f64> = with_pairs.map(|list| spread(list, &distance)).collect();
    ListMetrics {
        coverage: covered as f64 / popularity.len().max(1) as f64,
        gini: gini(&shown),
        novelty: mean(lists.iter().flatten().map(|&item| self_information(item, popularity, n_users))),
        diversity: mean(spreads.into_iter()),
        personalisation: personalisation(lists, &shown),
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0u64, 0.0), |(count, sum), value| (count + 1, sum + value));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// Returns `-log2(share of users who chose the item)`, in bits.
fn self_information(item: u32, popularity: &[u32], n_users: usize) -> f64 {
    let chosen = popularity.get(item as usize).copied().unwrap_or(0).max(1);
    (n_users.max(1) as f64 / f64::from(chosen)).log2().max(0.0)
}

/// Returns the mean distance over all pairs of a list.
fn spread(list: &[u32], distance: &impl Fn(u32, u32) -> f64) -> f64 {
    mean(list.iter().enumerate().flat_map(|(place, &a)| {
        let rest = list.iter().skip(place + 1);
        rest.map(move |&b| distance(a, b))
    }))
}

/// Returns the mean personalisation over all pairs of lists, in time linear in their length: an
/// item shown `n` times is shared by `n (n - 1)` ordered pairs. Overlaps are relative to the mean
/// length, which gives the plain mean for lists of equal length.
fn personalisation(lists: &[Vec<u32>], shown: &[f64]) -> f64 {
    let n = lists.len() as f64;
    let length = mean(lists.iter().map(|list| list.len() as f64));
    if n < 2.0 || length == 0.0 {
        return 0.0;
    }
    let shared: f64 = shown.iter().map(|count| count * (count - 1.0)).sum();
    (1.0 - shared / (n * (n - 1.0) * length)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_by_hand() {
        let lists = [vec![0, 1], vec![0, 2]];
        let m = list_metrics(&lists, &[4, 2, 1, 0], 8, |a, b| f64::from(a.abs_diff(b)) / 4.0);
        assert_eq!(m.coverage, 0.75);
        // Shown 2, 1, 1, 0: ascending 0 1 1 2.
        assert!((m.gini - (2.0 * (2.0 + 3.0 + 8.0) / (4.0 * 4.0) - 5.0 / 4.0)).abs() < 1e-12);
        assert!((m.novelty - (1.0 + 2.0 + 1.0 + 3.0) / 4.0).abs() < 1e-12);
        assert!((m.diversity - (0.25 + 0.5) / 2.0).abs() < 1e-12);
        assert!((m.personalisation - 0.5).abs() < 1e-12);
    }

    #[test]
    fn no_lists_give_zeros() {
        let m = list_metrics(&[], &[], 0, |_, _| 1.0);
        assert_eq!(m, ListMetrics::default());
        assert_eq!(list_metrics(&[vec![0]], &[1], 1, |_, _| 1.0).diversity, 0.0);
    }

    proptest! {
        #[test]
        fn personalisation_agrees_with_brute_force(
            lists in prop::collection::vec(prop::sample::subsequence((0u32..12).collect::<Vec<_>>(), 4), 2..12),
        ) {
            let shares = lists.iter().enumerate().flat_map(|(i, a)| {
                lists.iter().enumerate().filter(move |(j, _)| *j != i).map(move |(_, b)| {
                    a.iter().filter(|item| !b.contains(item)).count() as f64 / 4.0
                })
            });
            let expected = mean(shares);
            let found = list_metrics(&lists, &[1; 12], 12, |_, _| 1.0);
            prop_assert!((found.personalisation - expected).abs() < 1e-12);
            prop_assert!((found.diversity - 1.0).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&found.gini));
        }
    }
}
