//! Recall among all articles, among those in training, and among those outside training.

use std::collections::HashSet;

use docent_domain::InteractionMatrix;
use rayon::prelude::*;

use crate::{BenchmarkError, Column, Estimates};

/// Users with held-out articles to find, and the groups of articles that are ranked.
pub(super) struct HoldoutEvaluation {
    cases: Vec<Case>,
    groups: Vec<Group>,
    ks: Vec<usize>,
}

/// User to rank articles for, with the expected result.
struct Case {
    user: u32,
    /// Articles of the user in training, ascending.
    seen: Vec<u32>,
    /// Held-out articles that are not in `seen`.
    relevant: HashSet<u32>,
}

/// Articles that are ranked among themselves.
struct Group {
    /// Prefix of the names of its metrics.
    prefix: &'static str,
    /// By article: true for a member.
    members: Vec<bool>,
}

/// Recall at each cut-off; `None` for a user with nothing to find.
type Recalls = Option<Vec<f64>>;

impl HoldoutEvaluation {
    /// Takes the libraries in training and the held-out articles of each user. Articles outside
    /// training form a group of their own if some of them are held out.
    pub fn new(likes: &InteractionMatrix, test: &[Vec<u32>], ks: Vec<usize>) -> Self {
        let mut cases = Vec::new();
        for (user, library) in (0u32..).zip(test) {
            let seen = likes.row(user as usize).0.to_vec();
            let relevant: HashSet<u32> =
                library.iter().filter(|article| seen.binary_search(article).is_err()).copied().collect();
            if !relevant.is_empty() {
                cases.push(Case { user, seen, relevant });
            }
        }
        let mut is_warm = vec![false; likes.n_cols()];
        for article in (0..likes.n_rows()).flat_map(|user| likes.row(user).0) {
            if let Some(warm) = is_warm.get_mut(*article as usize) {
                *warm = true;
            }
        }
        let is_unseen = is_warm.iter().map(|warm| !warm).collect();
        let all = Group { prefix: "", members: vec![true; likes.n_cols()] };
        let warm = Group { prefix: "warm_", members: is_warm };
        let unseen = Group { prefix: "unseen_", members: is_unseen };
        let groups = if warm.is_sought(&cases) && unseen.is_sought(&cases) {
            vec![all, warm, unseen]
        } else {
            vec![all]
        };
        Self { cases, groups, ks }
    }

    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Returns the user of each case.
    pub fn users(&self) -> impl Iterator<Item = u32> {
        self.cases.iter().map(|case| case.user)
    }

    /// Returns for each of `models` the mean recall at each cut-off, over the users with something
    /// to find in the group. Articles that a user has in training are not ranked, and ties count
    /// against the held-out articles. `score` returns `[models][articles]` for a user.
    pub fn recalls(
        &self,
        models: usize,
        score: impl Fn(u32) -> Result<Vec<Vec<f32>>, BenchmarkError> + Sync,
    ) -> Result<Vec<Estimates>, BenchmarkError> {
        let by_user = self.cases.par_iter().map(|case| {
            let mut by_model: Vec<Vec<Recalls>> = Vec::with_capacity(models);
            for scores in score(case.user)? {
                by_model
                    .push(self.groups.iter().map(|group| group.recalls(case, &scores, &self.ks)).collect());
            }
            Ok(by_model)
        });
        let by_user = by_user.collect::<Result<Vec<_>, BenchmarkError>>()?;
        Ok((0..models).map(|model| self.estimates(&by_user, model)).collect())
    }

    /// Collects the recalls of one model, `[users][models][groups]`, into named columns.
    fn estimates(&self, by_user: &[Vec<Vec<Recalls>>], model: usize) -> Estimates {
        let mut columns: Vec<Column> = Vec::new();
        for (at, group) in self.groups.iter().enumerate() {
            let recalls = by_user.iter().map(|models| models.get(model)?.get(at)?.as_ref());
            let recalls: Vec<Option<&Vec<f64>>> = recalls.collect();
            for (column, k) in self.ks.iter().enumerate() {
                let values = recalls.iter().map(|recalls| recalls.as_ref()?.get(column).copied()).collect();
                columns.push((format!("{}recall@{k}", group.prefix), values));
            }
        }
        Estimates::of_columns(columns)
    }
}

impl Group {
    fn holds(&self, article: u32) -> bool {
        self.members.get(article as usize).copied().unwrap_or(false)
    }

    /// Returns true if a user has something to find in the group.
    fn is_sought(&self, cases: &[Case]) -> bool {
        cases.iter().flat_map(|case| &case.relevant).any(|article| self.holds(*article))
    }

    fn recalls(&self, case: &Case, scores: &[f32], ks: &[usize]) -> Recalls {
        let sought: Vec<f32> = case
            .relevant
            .iter()
            .filter(|article| self.holds(**article))
            .map(|article| scores.get(*article as usize).copied().map_or(f32::NEG_INFINITY, comparable))
            .collect();
        if sought.is_empty() {
            return None;
        }
        let mut seen = case.seen.iter().copied().peekable();
        let mut best: Vec<f32> = (0u32..)
            .zip(scores)
            .filter(|(article, _)| seen.next_if_eq(article).is_none() && self.holds(*article))
            .map(|(_, score)| comparable(*score))
            .collect();
        // One more than the longest list: an article that does not beat the first one outside a
        // list is outside it, too.
        let longest = ks.iter().copied().max().unwrap_or(0);
        if longest + 1 < best.len() {
            best.select_nth_unstable_by(longest, |a, b| b.total_cmp(a));
            best.truncate(longest + 1);
        }
        best.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut recalls = Vec::with_capacity(ks.len());
        for k in ks {
            let outside = best.get(*k).copied();
            let hits = sought.iter().filter(|score| outside.is_none_or(|outside| **score > outside)).count();
            recalls.push(hits as f64 / sought.len() as f64);
        }
        Some(recalls)
    }
}

/// Returns a score that can be ordered: NaN comes last.
fn comparable(score: f32) -> f32 {
    if score.is_nan() { f32::NEG_INFINITY } else { score }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cost, ModelReport};

    fn recalls(train: &[(u32, u32)], test: &[Vec<u32>], scores: &[f32]) -> Vec<String> {
        let triples = train.iter().map(|&(user, article)| (user, article, 1.0));
        let likes = InteractionMatrix::from_triples(test.len(), scores.len(), triples);
        let likes = likes.unwrap_or_else(|error| unreachable!("{error}"));
        let holdout = HoldoutEvaluation::new(&likes, test, vec![1, 2]);
        let estimates = holdout.recalls(1, |_| Ok(vec![scores.to_vec()])).unwrap_or_default();
        let cost = Cost { train_seconds: 0.0, score_seconds: 0.0, peak_rss_bytes: None, parameters: 0 };
        let reports = estimates.into_iter().map(|estimates| ModelReport::new("model", estimates, &cost));
        let named = reports.flat_map(|report| report.estimates);
        named.map(|(name, estimate)| format!("{name} {}", estimate.mean)).collect()
    }

    #[test]
    fn warm_and_unseen_articles_are_ranked_and_counted_apart() {
        // Articles 0, 1 and 2 are in training; 3 and 4 are not. User 0 has 0 and looks for 2 and 4.
        let found = recalls(&[(0, 0), (1, 1), (1, 2)], &[vec![2, 4, 0], vec![]], &[9.0, 8.0, 7.0, 6.0, 5.0]);
        let expected = [
            "recall@1 0",
            "recall@2 0.5",
            "warm_recall@1 0",
            "warm_recall@2 1",
            "unseen_recall@1 0",
            "unseen_recall@2 1",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn ties_and_scores_that_are_no_number_find_nothing() {
        let found = recalls(&[(0, 0), (1, 1), (1, 2)], &[vec![1], vec![0]], &[1.0, f32::NAN, 1.0]);
        assert_eq!(found, ["recall@1 0.5", "recall@2 1"]);
        assert_eq!(recalls(&[(0, 0), (1, 1)], &[vec![1], vec![]], &[1.0; 3]), ["recall@1 0", "recall@2 1"]);
    }

    #[test]
    fn where_nothing_unseen_is_to_be_found_there_is_one_group() {
        assert_eq!(
            recalls(&[(0, 0), (1, 1)], &[vec![1], vec![0]], &[1.0, 1.0, 0.0]),
            ["recall@1 1", "recall@2 1"]
        );
    }
}
