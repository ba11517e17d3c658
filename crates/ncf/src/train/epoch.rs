//! Order of an epoch: users at random, in parts whose base vectors fit in memory.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::data::TrainingData;
use super::positives::Positives;
use crate::error::check_values;
use crate::{NcfConfig, NcfError};

/// Positives in a part. Their base vectors are in memory together: 16 MiB at 64 dimensions.
const MIN_PART_POSITIVES: usize = 65_536;

/// The positives of some users in random order, with a base vector for each.
pub(crate) struct Part {
    /// Entry of [`Positives`] and row of `bases`, for each positive
    pub order: Vec<(u32, u32)>,
    /// `[order.len(), dim]`
    pub bases: Vec<f32>,
}

/// Splits the users with positives, in random order, into parts of at least `at_least` positives;
/// the last part may be smaller.
pub(crate) fn parts(all: &Positives, n_users: usize, at_least: usize, rng: &mut StdRng) -> Vec<Vec<u32>> {
    let mut users: Vec<u32> = (0..n_users as u32).filter(|&user| !all.of_user(user).is_empty()).collect();
    users.shuffle(rng);
    let mut parts: Vec<Vec<u32>> = Vec::new();
    let mut positives = usize::MAX;
    for user in users {
        if positives >= at_least {
            parts.push(Vec::new());
            positives = 0;
        }
        positives += all.of_user(user).len();
        if let Some(part) = parts.last_mut() {
            part.push(user);
        }
    }
    parts
}

/// Returns the minimum number of positives in a part.
pub(crate) fn part_size(config: &NcfConfig) -> usize {
    MIN_PART_POSITIVES.max(config.batch_size)
}

impl Part {
    /// Computes the base vectors of the users' positives and shuffles the positives.
    pub fn of(
        users: &[u32],
        data: &TrainingData<'_>,
        positives: &Positives,
        dim: usize,
        rng: &mut StdRng,
    ) -> Result<Self, NcfError> {
        let of_users: Vec<Vec<f32>> = users
            .par_iter()
            .map(|&user| bases(user, data, positives, dim))
            .collect::<Result<_, NcfError>>()?;
        let entries = users.iter().flat_map(|&user| positives.of_user(user));
        let mut order: Vec<(u32, u32)> = entries.map(|entry| entry as u32).zip(0..).collect();
        order.shuffle(rng);
        Ok(Self { order, bases: of_users.concat() })
    }
}

/// Returns the base vectors of one user's positives, `[positives of the user, dim]`.
fn bases(
    user: u32,
    data: &TrainingData<'_>,
    positives: &Positives,
    dim: usize,
) -> Result<Vec<f32>, NcfError> {
    let entries = positives.of_user(user);
    let Some(source) = data.leave_one_out else {
        return Ok(data.user_base[user as usize * dim..][..dim].repeat(entries.len()));
    };
    let expected = entries.len() * dim;
    let found = source.bases_without_each(user, positives.items(entries));
    let found = found.ok_or(NcfError::NoBase { user })?;
    check_values("leave_one_out", &found, expected)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn parts_hold_every_user_with_positives_once() {
        let positives = Positives::new(6, 4, &[(0, 1), (1, 0), (1, 2), (3, 3), (4, 0), (4, 1), (4, 2)]);
        let parts = parts(&positives, 6, 2, &mut StdRng::seed_from_u64(1));
        let size = |part: &Vec<u32>| part.iter().map(|&user| positives.of_user(user).len()).sum::<usize>();
        assert!(parts.iter().rev().skip(1).all(|part| size(part) >= 2));
        let mut users = parts.concat();
        users.sort_unstable();
        assert_eq!(users, [0, 1, 3, 4]);
    }

    #[test]
    fn each_positive_has_its_base() {
        struct Marked;
        impl super::super::LeaveOneOut for Marked {
            fn bases_without_each(&self, user: u32, items: &[u32]) -> Option<Vec<f32>> {
                Some(items.iter().flat_map(|&item| [user as f32, item as f32]).collect())
            }
        }
        let pairs = [(0, 1), (1, 0), (1, 2), (3, 3)];
        let positives = Positives::new(4, 4, &pairs);
        let data = TrainingData {
            n_users: 4,
            n_items: 4,
            user_base: &[9.0; 8],
            item_base: &[0.0; 8],
            positives: &pairs,
            item_features: None,
            leave_one_out: Some(&Marked),
        };
        let rng = &mut StdRng::seed_from_u64(1);
        let part = Part::of(&[3, 1, 0], &data, &positives, 2, rng).unwrap();
        assert_eq!(part.order.len(), 4);
        for &(entry, row) in &part.order {
            let (user, item) = positives.pair(entry as usize);
            assert_eq!(part.bases[row as usize * 2..][..2], [user as f32, item as f32]);
        }
        let plain = TrainingData { leave_one_out: None, ..data };
        assert_eq!(Part::of(&[3, 1, 0], &plain, &positives, 2, rng).unwrap().bases, [9.0; 8]);
    }
}
