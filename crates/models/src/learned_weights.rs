//! Hybrid weights by the amount of history that a user has.

use std::{collections::BTreeMap, fmt};

use docent_domain::{Component, Weights};
use serde::{Deserialize, Serialize};

/// Minimum share of recency in learned weights. Histories of old resources teach a weight of 0,
/// which neither a new resource nor a user's recency bias could overcome.
const MIN_RECENCY_WEIGHT: f64 = 0.005;

/// Classes of users by the number of resources that they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ActivityLevel {
    /// 0 resources, as for a new user.
    #[serde(rename = "none")]
    None,
    /// 1 to 4 resources.
    #[serde(rename = "1-4")]
    Few,
    /// 5 to 19 resources.
    #[serde(rename = "5-19")]
    Some,
    /// 20 resources or more.
    #[serde(rename = "20+")]
    Many,
}

impl ActivityLevel {
    /// All levels, the least active first.
    pub const ALL: [Self; 4] = [Self::None, Self::Few, Self::Some, Self::Many];

    /// Returns the level of a user with this number of positives.
    #[must_use]
    pub fn of(positives: usize) -> Self {
        match positives {
            0 => Self::None,
            1..=4 => Self::Few,
            5..=19 => Self::Some,
            _ => Self::Many,
        }
    }

    /// Returns the name: `none`, `1-4`, `5-19` or `20+`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Few => "1-4",
            Self::Some => "5-19",
            Self::Many => "20+",
        }
    }
}

impl fmt::Display for ActivityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Hybrid weights that a model learned, by activity level. Levels without learned weights use the
/// configured ones.
///
/// The first models had weights for users with 20 positives or more only; these are still read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved")]
pub struct LearnedWeights(BTreeMap<ActivityLevel, Weights>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Saved {
    OfMany(Weights),
    ByActivity(BTreeMap<ActivityLevel, Weights>),
}

impl From<Saved> for LearnedWeights {
    fn from(saved: Saved) -> Self {
        Self(match saved {
            Saved::OfMany(weights) => BTreeMap::from([(ActivityLevel::Many, weights)]),
            Saved::ByActivity(weights) => weights,
        })
    }
}

impl LearnedWeights {
    /// Returns the weights that were learned for an activity level.
    #[must_use]
    pub fn get(&self, activity: ActivityLevel) -> Option<&Weights> {
        self.0.get(&activity)
    }

    /// Returns all learned weights, the least active level first.
    pub fn iter(&self) -> impl Iterator<Item = (ActivityLevel, &Weights)> {
        self.0.iter().map(|(activity, weights)| (*activity, weights))
    }

    /// Sets the weights of an activity level.
    pub fn set(&mut self, activity: ActivityLevel, weights: Weights) {
        self.0.insert(activity, weights);
    }
}

/// Factor of the configured graph weight for users with positives. A walk starts at each positive
/// and so follows every topic of the user; the content profile is one mean over all topics.
const GRAPH_FACTOR: f64 = 2.0;
/// Number of positives at which the collaborative component has half its configured weight: a user
/// vector that is folded in from a few positives says little.
const HALF_TRUST_AT: f64 = 10.0;

/// Returns the hybrid weights for a user with this number of positives: the learned ones of their
/// activity level, or else the configured ones.
///
/// Without learned weights and with `n > 0` positives, the configured graph weight counts twice and
/// the collaborative weight is multiplied by `n / (n + 10)`.
#[must_use]
pub fn weights_for(positives: usize, learned: Option<&LearnedWeights>, configured: &Weights) -> Weights {
    match learned.and_then(|learned| learned.get(ActivityLevel::of(positives))) {
        Some(learned) => learned.with_min_recency(MIN_RECENCY_WEIGHT),
        None if positives == 0 => *configured,
        None => {
            let trust = positives as f64 / (positives as f64 + HALF_TRUST_AT);
            configured.scaled(Component::Graph, GRAPH_FACTOR).scaled(Component::Collaborative, trust)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_classified_by_how_much_they_like() {
        let activities = [0, 1, 4, 5, 19, 20, 500].map(ActivityLevel::of).map(ActivityLevel::as_str);
        assert_eq!(activities, ["none", "1-4", "1-4", "5-19", "5-19", "20+", "20+"]);
    }

    #[test]
    fn learned_weights_serve_their_own_level_and_the_configured_ones_every_other() {
        let (configured, only) = (Weights::default(), Weights::only(Component::Content));
        let mut learned = LearnedWeights::default();
        learned.set(ActivityLevel::Few, only);
        let content = |positives| weights_for(positives, Some(&learned), &configured).get(Component::Content);
        assert_eq!([0, 1, 4, 5, 20].map(content), [0.3, 1.0, 1.0, 0.3, 0.3]);
        assert_eq!(weights_for(0, None, &configured), configured);
    }

    #[test]
    fn without_learned_weights_a_walk_counts_more_and_few_positives_less() {
        let share = |positives, component| weights_for(positives, None, &Weights::default()).get(component);
        assert_eq!(share(1, Component::Graph), 0.4);
        assert!((share(10, Component::Collaborative) - 0.175).abs() < 1e-12);
        assert!(share(1, Component::Collaborative) < 0.04);
    }

    #[test]
    fn learned_weights_leave_something_to_recency() {
        let mut learned = LearnedWeights::default();
        learned.set(ActivityLevel::Many, Weights::new([1.0, 1.0, 1.0, 1.0, 0.0]).unwrap());
        let served = weights_for(100, Some(&learned), &Weights::default()).with_recency_bias(1.0);
        assert_eq!(served.get(Component::Recency), 2.0 * MIN_RECENCY_WEIGHT);
    }

    #[test]
    fn weights_are_read_as_written_and_the_first_format_is_that_of_the_most_active() {
        let mut learned = LearnedWeights::default();
        learned.set(ActivityLevel::None, Weights::only(Component::Quality));
        learned.set(ActivityLevel::Some, Weights::only(Component::Graph));
        let text = serde_json::to_string(&learned).unwrap();
        assert!(text.contains(r#""5-19":{"collaborative":0.0"#), "{text}");
        assert_eq!(serde_json::from_str::<LearnedWeights>(&text).unwrap(), learned);
        let before = serde_json::to_string(&Weights::only(Component::Graph)).unwrap();
        let read: LearnedWeights = serde_json::from_str(&before).unwrap();
        assert_eq!(
            read.iter().collect::<Vec<_>>(),
            [(ActivityLevel::Many, &Weights::only(Component::Graph))]
        );
        assert!(serde_json::from_str::<LearnedWeights>(r#"{"6-7": {"graph": 1}}"#).is_err());
        assert_eq!(serde_json::from_str::<LearnedWeights>("{}").unwrap(), LearnedWeights::default());
    }
}
