//! Recall among all articles, among those that somebody has in training, and among those that nobody has.

use std::collections::HashSet;

use docent::collaborative::InteractionMatrix;
use rayon::prelude::*;

use crate::evaluate::report::Judged;

/// What is to be found for one person.
struct Case {
    user: u32,
    /// Ascending.
    seen: Vec<u32>,
    relevant: HashSet<u32>,
}

/// People with something to find, and the groups of articles that are judged apart.
pub struct Cases {
    cases: Vec<Case>,
    groups: Vec<Group>,
}

/// Articles that are ranked among themselves.
struct Group {
    /// What the names of its metrics begin with.
    prefix: &'static str,
    /// By article: whether it belongs to the group.
    members: Vec<bool>,
}

impl Cases {
    /// From what each person has and what they are to be recommended. Articles that nobody has are judged apart where
    /// there are any to find.
    pub fn new(likes: &InteractionMatrix, test: &[Vec<u32>]) -> Self {
        let case = |(user, library): (u32, &Vec<u32>)| {
            let seen = likes.row(user as usize).0.to_vec();
            let relevant = library.iter().filter(|article| seen.binary_search(article).is_err());
            Case { user, relevant: relevant.copied().collect(), seen }
        };
        let cases = (0u32..).zip(test).map(case).filter(|case| !case.relevant.is_empty()).collect();
        let mut is_warm = vec![false; likes.n_cols()];
        for article in (0..likes.n_rows()).flat_map(|user| likes.row(user).0) {
            if let Some(warm) = is_warm.get_mut(*article as usize) {
                *warm = true;
            }
        }
        let is_unseen = is_warm.iter().map(|warm| !warm).collect();
        let groups = [("", vec![true; likes.n_cols()]), ("warm_", is_warm), ("unseen_", is_unseen)];
        let mut cases =
            Self { cases, groups: groups.map(|(prefix, members)| Group { prefix, members }).into() };
        cases.leave_out_idle_groups();
        cases
    }

    /// A group in which there is nothing to find, or which is everything, says nothing of its own.
    fn leave_out_idle_groups(&mut self) {
        let is_to_find = |group: &Group| {
            self.cases.iter().flat_map(|case| &case.relevant).any(|article| group.holds(*article))
        };
        let apart = self.groups.iter().skip(1).all(is_to_find);
        if !apart {
            self.groups.truncate(1);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// For each of `models` the mean recall at each of `ks`, over the people with something to find in the group; articles
    /// that a person has are not ranked. Ties count against what is to be found. `score` gives a person's scores of all
    /// articles by each model.
    pub fn judge(
        &self,
        models: usize,
        ks: &[usize],
        score: impl Fn(u32) -> anyhow::Result<Vec<Vec<f32>>> + Sync,
    ) -> anyhow::Result<Vec<Judged>> {
        let of_people = self.cases.par_iter().map(|case| {
            let by_model = score(case.user)?;
            let of_model = |scores: &Vec<f32>| {
                let of_group = |group: &Group| group.recalls(case, scores, ks);
                self.groups.iter().map(of_group).collect::<Vec<Option<Vec<f64>>>>()
            };
            Ok(by_model.iter().map(of_model).collect::<Vec<_>>())
        });
        let of_people = of_people.collect::<anyhow::Result<Vec<_>>>()?;
        let judged = |model: usize| {
            let columns = self.groups.iter().enumerate().flat_map(|(at, group)| {
                let recalls = of_people.iter().filter_map(|models| models.get(model)?.get(at)?.as_ref());
                let recalls: Vec<&Vec<f64>> = recalls.collect();
                ks.iter().enumerate().map(move |(column, k)| {
                    let values = recalls.iter().filter_map(|recalls| recalls.get(column).copied()).collect();
                    (format!("{}recall@{k}", group.prefix), values)
                })
            });
            Judged::of_columns(columns.collect::<Vec<_>>())
        };
        Ok((0..models).map(judged).collect())
    }
}

impl Group {
    fn holds(&self, article: u32) -> bool {
        self.members.get(article as usize).copied().unwrap_or(false)
    }

    /// Recall at each of `ks`; `None` where the person has nothing to find in this group.
    fn recalls(&self, case: &Case, scores: &[f32], ks: &[usize]) -> Option<Vec<f64>> {
        let key = |score: f32| if score.is_nan() { f32::NEG_INFINITY } else { score };
        let sought = case.relevant.iter().filter(|article| self.holds(**article));
        let sought: Vec<f32> = sought
            .map(|article| scores.get(*article as usize).map_or(f32::NEG_INFINITY, |s| key(*s)))
            .collect();
        if sought.is_empty() {
            return None;
        }
        let mut seen = case.seen.iter().copied().peekable();
        let mut best: Vec<f32> = (0u32..)
            .zip(scores)
            .filter(|(article, _)| seen.next_if_eq(article).is_none() && self.holds(*article))
            .map(|(_, score)| key(*score))
            .collect();
        // With the first that is left out of the longest list: whoever does not beat it is left out, too.
        let longest = ks.iter().copied().max().unwrap_or(0);
        if longest + 1 < best.len() {
            best.select_nth_unstable_by(longest, |a, b| b.total_cmp(a));
            best.truncate(longest + 1);
        }
        best.sort_unstable_by(|a, b| b.total_cmp(a));
        let recall = |k: &usize| {
            let left_out = best.get(*k).copied();
            let hits =
                sought.iter().filter(|score| left_out.is_none_or(|left_out| **score > left_out)).count();
            hits as f64 / sought.len() as f64
        };
        Some(ks.iter().map(recall).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recalls(train: &[(u32, u32)], test: &[Vec<u32>], scores: &[f32]) -> Vec<String> {
        let triples = train.iter().map(|&(user, article)| (user, article, 1.0));
        let likes = InteractionMatrix::from_triples(test.len(), scores.len(), triples);
        let likes = likes.unwrap_or_else(|error| unreachable!("{error}"));
        let judged = Cases::new(&likes, test).judge(1, &[1, 2], |_| Ok(vec![scores.to_vec()]));
        judged.unwrap_or_default().iter().flat_map(Judged::shown).collect()
    }

    #[test]
    fn warm_and_unseen_articles_are_ranked_and_counted_apart() {
        // Articles 0, 1 and 2 are in training; 3 and 4 are not. Person 0 has 0 and looks for 2 and 4.
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
