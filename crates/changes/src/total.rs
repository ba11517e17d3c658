use std::ops::{AddAssign, Neg, Sub};

use docent_domain::{Interaction, Standing};
use serde::{Deserialize, Serialize};

/// Sums over the interactions with one resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[i64; 4]", into = "[i64; 4]")]
pub struct ResourceTotal {
    /// Number of interactions, each counted once however often it was repeated.
    pub interactions: i64,
    /// Number of events, repeats included.
    pub events: i64,
    /// Number of users whose last word on it is positive.
    pub positive_users: i64,
    /// Number of users who interacted with it and did not reject it.
    pub accepting_users: i64,
}

impl ResourceTotal {
    /// Returns what the interactions of one user with one resource, one of each type, add to the
    /// sums of the resource.
    #[must_use]
    pub fn of(interactions: &[Interaction]) -> Self {
        let standing = Standing::of(interactions);
        let is_accepting = !interactions.is_empty() && standing != Standing::Negative;
        Self {
            interactions: interactions.len() as i64,
            events: interactions.iter().map(|of| 1 + i64::from(of.return_visits)).sum(),
            positive_users: i64::from(standing == Standing::Positive),
            accepting_users: i64::from(is_accepting),
        }
    }
}

impl From<[i64; 4]> for ResourceTotal {
    fn from([interactions, events, positive_users, accepting_users]: [i64; 4]) -> Self {
        Self { interactions, events, positive_users, accepting_users }
    }
}

impl From<ResourceTotal> for [i64; 4] {
    fn from(total: ResourceTotal) -> Self {
        [total.interactions, total.events, total.positive_users, total.accepting_users]
    }
}

impl AddAssign for ResourceTotal {
    fn add_assign(&mut self, other: Self) {
        self.interactions += other.interactions;
        self.events += other.events;
        self.positive_users += other.positive_users;
        self.accepting_users += other.accepting_users;
    }
}

impl Neg for ResourceTotal {
    type Output = Self;

    fn neg(self) -> Self {
        <[i64; 4]>::from(self).map(|sum| -sum).into()
    }
}

impl Sub for ResourceTotal {
    type Output = Self;

    fn sub(mut self, other: Self) -> Self {
        self += -other;
        self
    }
}
