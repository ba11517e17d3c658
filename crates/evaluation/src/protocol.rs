use std::collections::HashSet;

use rayon::prelude::*;

use crate::{Metrics, metrics_at_k, metrics_of_ranks, rank_against, top_k};

/// One held-out item of one user and the items that it is ranked among.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaveOneOutCase {
    /// Dense user index.
    pub user: u32,
    /// Item that is held out.
    pub item: u32,
    /// Items that it is ranked among. The held-out item is ignored if it is one of them.
    pub negatives: Vec<u32>,
}

/// The seen and the held-out items of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankingCase {
    /// Dense user index.
    pub user: u32,
    /// Items that are not ranked, ascending.
    pub seen: Vec<u32>,
    /// Items that are held out.
    pub relevant: HashSet<u32>,
}

/// Ranks the held-out item of each case among its negatives and returns the metrics at each cut-off
/// of `ks`, `[ks][cases]`. Ties count against the held-out item.
///
/// `score(user, items, scores)` writes the scores of the items, in their order.
///
/// # Errors
/// Returns the first error of `score`.
pub fn leave_one_out<E: Send>(
    cases: &[LeaveOneOutCase],
    ks: &[usize],
    score: impl Fn(u32, &[u32], &mut Vec<f32>) -> Result<(), E> + Sync,
) -> Result<Vec<Vec<Metrics>>, E> {
    let ranks = cases.par_iter().map_init(Vec::new, |scores, case| {
        let negatives = case.negatives.iter().filter(|&&item| item != case.item);
        let items: Vec<u32> = std::iter::once(case.item).chain(negatives.copied()).collect();
        score(case.user, &items, scores)?;
        Ok(scores.split_first().map_or(0, |(own, others)| rank_against(*own, others)))
    });
    let ranks = ranks.collect::<Result<Vec<usize>, E>>()?;
    Ok(ks.iter().map(|&k| ranks.iter().map(|&rank| metrics_of_ranks(&[rank], 1, k)).collect()).collect())
}

/// Metrics of cases at several cut-offs, `[ks][cases]`.
pub type MetricsByK = Vec<Vec<Metrics>>;

/// Ranks all unseen items for each case. Returns the metrics at each cut-off of `ks`,
/// `[ks][cases]`, and the list of each case at the largest cut-off. Ties count against relevant
/// items.
///
/// `score(user, scores)` writes the scores of all items, `[n_items]`.
///
/// # Errors
/// Returns the first error of `score`.
pub fn full_ranking<E: Send>(
    cases: &[RankingCase],
    ks: &[usize],
    score: impl Fn(u32, &mut Vec<f32>) -> Result<(), E> + Sync,
) -> Result<(MetricsByK, Vec<Vec<u32>>), E> {
    let max_k = ks.iter().copied().max().unwrap_or(0);
    let lists = cases.par_iter().map_init(Vec::new, |scores, case| {
        score(case.user, scores)?;
        Ok(top_k(scores, &case.seen, &case.relevant, max_k))
    });
    let lists = lists.collect::<Result<Vec<Vec<u32>>, E>>()?;
    let mut by_k = Vec::with_capacity(ks.len());
    for &k in ks {
        let metrics = cases.iter().zip(&lists).map(|(case, list)| metrics_at_k(list, &case.relevant, k));
        by_k.push(metrics.collect());
    }
    Ok((by_k, lists))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn the_held_out_item_is_not_its_own_negative_and_ties_count_against_it() {
        let case = |negatives: &[u32]| LeaveOneOutCase { user: 0, item: 5, negatives: negatives.to_vec() };
        let cases = [case(&[1, 5, 2]), case(&[6, 7]), case(&[9])];
        // Item 5 scores as item 6 does; 7 and 9 score more.
        let metrics = leave_one_out(&cases, &[1, 2], |_, items, scores| {
            scores.clear();
            scores.extend(items.iter().map(|&item| item.max(6).min(if item == 5 { 6 } else { 9 }) as f32));
            scores.iter_mut().zip(items).filter(|(_, item)| **item < 5).for_each(|(score, _)| *score = 0.0);
            Ok::<(), Infallible>(())
        });
        let Ok(metrics) = metrics;
        let hits = |at: usize| metrics[at].iter().map(|m| m.hit_rate).collect::<Vec<_>>();
        assert_eq!(hits(0), [1.0, 0.0, 0.0]);
        assert_eq!(hits(1), [1.0, 0.0, 1.0]);
    }

    #[test]
    fn all_unseen_items_are_ranked() {
        let cases = [RankingCase { user: 0, seen: vec![3], relevant: [1, 2].into() }];
        let ranked = full_ranking(&cases, &[1, 2], |_, scores| {
            *scores = vec![0.5, 0.4, 0.5, 0.9];
            Ok::<(), Infallible>(())
        });
        let Ok((metrics, lists)) = ranked;
        assert_eq!(lists, [[0, 2]], "2 ties with 0, and ties count against relevant items");
        assert_eq!((metrics[0][0].recall, metrics[1][0].recall), (0.0, 0.5));
    }

    #[test]
    fn an_error_of_the_model_is_passed_on() {
        let case = LeaveOneOutCase { user: 0, item: 0, negatives: vec![] };
        assert_eq!(leave_one_out(&[case], &[1], |_, _, _| Err("broken")), Err("broken"));
    }
}
