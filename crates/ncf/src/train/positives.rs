//! Positives by user, and sampling of negatives.

use rand::{Rng, RngExt};

/// Draws for one negative. A user who has positives with 80 % of the items still gets each negative
/// with probability 0.97 (`1 - 0.8^16`); without a limit, a user who likes everything would loop
/// forever.
const MAX_DRAWS: usize = 16;

/// Positives in compressed sparse rows: sorted by user, then item, each pair once.
pub(crate) struct Positives {
    /// `[n_users + 1]`, first entry of each user
    starts: Vec<usize>,
    users: Vec<u32>,
    items: Vec<u32>,
    n_items: usize,
}

impl Positives {
    /// Sorts the pairs and drops duplicates. Callers have checked the indices.
    pub fn new(n_users: usize, n_items: usize, pairs: &[(u32, u32)]) -> Self {
        let mut sorted = pairs.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut starts = vec![0; n_users + 1];
        for &(user, _) in &sorted {
            starts[user as usize + 1] += 1;
        }
        for user in 0..n_users {
            starts[user + 1] += starts[user];
        }
        let (users, items) = sorted.into_iter().unzip();
        Self { starts, users, items, n_items }
    }

    /// Returns the number of distinct pairs.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns the entries of a user.
    pub fn of_user(&self, user: u32) -> std::ops::Range<usize> {
        self.starts[user as usize]..self.starts[user as usize + 1]
    }

    /// Returns the items of a range of entries.
    pub fn items(&self, entries: std::ops::Range<usize>) -> &[u32] {
        &self.items[entries]
    }

    /// Returns the user and the item of an entry.
    pub fn pair(&self, entry: usize) -> (u32, u32) {
        (self.users[entry], self.items[entry])
    }

    /// Appends up to `wanted` items, drawn uniformly from those without a positive of the user, and
    /// returns their number. Users with positives for nearly all items get fewer, or none.
    pub fn draw_negatives(&self, user: u32, wanted: usize, rng: &mut impl Rng, out: &mut Vec<u32>) -> usize {
        let seen = self.items(self.of_user(user));
        if seen.len() >= self.n_items {
            return 0;
        }
        let before = out.len();
        for _ in 0..wanted {
            let unseen = (0..MAX_DRAWS)
                .map(|_| rng.random_range(0..self.n_items) as u32)
                .find(|item| seen.binary_search(item).is_err());
            out.extend(unseen);
        }
        out.len() - before
    }
}

#[cfg(test)]
mod tests {
    use super::Positives;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn negatives_are_never_positives() {
        let positives = Positives::new(2, 50, &[(0, 3), (0, 4), (1, 7), (0, 3)]);
        assert_eq!(positives.len(), 3);
        let mut drawn = Vec::new();
        assert_eq!(positives.draw_negatives(0, 500, &mut StdRng::seed_from_u64(1), &mut drawn), 500);
        assert!(drawn.iter().all(|item| ![3, 4].contains(item)));
        assert!(drawn.contains(&7), "the positive of another user is fair game");
    }

    #[test]
    fn a_user_who_likes_everything_gets_no_negatives() {
        let all: Vec<(u32, u32)> = (0..50).map(|item| (0, item)).collect();
        let positives = Positives::new(1, 50, &all);
        let mut drawn = Vec::new();
        assert_eq!(positives.draw_negatives(0, 4, &mut StdRng::seed_from_u64(1), &mut drawn), 0);
        assert!(drawn.is_empty());
    }

    #[test]
    fn a_user_who_likes_nearly_everything_is_given_up_on() {
        let nearly_all: Vec<(u32, u32)> = (1..20_000).map(|item| (0, item)).collect();
        let positives = Positives::new(1, 20_000, &nearly_all);
        let mut drawn = Vec::new();
        let count = positives.draw_negatives(0, 4, &mut StdRng::seed_from_u64(1), &mut drawn);
        assert!(count < 4, "finding the one unseen item four times takes 80,000 tries");
        assert_eq!(drawn.len(), count);
    }
}
