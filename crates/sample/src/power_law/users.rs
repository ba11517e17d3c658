//! The users of a large library: how active they are and what they like.

use rand::RngExt;

use super::catalogue::stream;

/// Weight of the user of activity rank `r`, from 0: `(r + q)^-e`, where `q` is this share of the
/// users.
const ACTIVITY_EXPONENT: f64 = 0.8;
const ACTIVITY_SHIFT: f64 = 1.0 / 100.0;
/// Interactions of the least active user, where the mean is at least twice as large.
const MIN_INTERACTIONS: u64 = 3;
/// Topics that every user likes.
const MIN_TASTES: u32 = 2;
/// Interactions for which a user likes one more topic.
const INTERACTIONS_PER_TASTE: u32 = 30;
/// Share of all topics that one user likes, at most: one in this many.
const MIN_TOPICS_PER_TASTE: u32 = 4;
const STREAM_OF_TASTES: u64 = 5;

/// The number of interactions of each user, which falls with the index of the user. Every number is
/// computed from sums of weights, so that all together are exactly the requested number.
#[derive(Debug)]
pub(super) struct Activities {
    users: u32,
    shift: f64,
    /// Interactions that every user has.
    base: u64,
    /// Interactions that are shared out by weight.
    shared: u64,
}

impl Activities {
    pub(super) fn new(users: u32, interactions: u64) -> Self {
        let base = (interactions / (2 * u64::from(users.max(1)))).min(MIN_INTERACTIONS);
        let shift = (f64::from(users) * ACTIVITY_SHIFT).max(1.0);
        Self { users, shift, base, shared: interactions - base * u64::from(users) }
    }

    /// Returns the number of interactions of a user; 0 for an unknown one.
    pub(super) fn of(&self, user: u32) -> u32 {
        if user >= self.users {
            return 0;
        }
        let before = self.shared_before(user);
        (self.base + self.shared_before(user + 1).saturating_sub(before)) as u32
    }

    /// Returns how many of the shared interactions belong to the users before this one. The sum of
    /// the weights is taken as their integral, `(r + q)^(1 - e)` up to a factor.
    fn shared_before(&self, user: u32) -> u64 {
        if user >= self.users {
            return self.shared;
        }
        let begin = self.shift.powf(1.0 - ACTIVITY_EXPONENT);
        let end = (f64::from(self.users) + self.shift).powf(1.0 - ACTIVITY_EXPONENT);
        let here = (f64::from(user) + self.shift).powf(1.0 - ACTIVITY_EXPONENT);
        ((here - begin) / (end - begin) * self.shared as f64) as u64
    }
}

/// Returns the topics that a user likes, the favourite first.
pub(super) fn tastes(user: u32, interactions: u32, n_topics: u32, seed: u64) -> Vec<u32> {
    let most = (n_topics / MIN_TOPICS_PER_TASTE).max(1);
    let wanted = (MIN_TASTES + interactions / INTERACTIONS_PER_TASTE).min(most) as usize;
    let mut random = stream(user, STREAM_OF_TASTES, seed);
    let mut tastes: Vec<u32> = Vec::with_capacity(wanted);
    while tastes.len() < wanted {
        let topic = random.random_range(0..n_topics);
        if !tastes.contains(&topic) {
            tastes.push(topic);
        }
    }
    tastes
}
