//! How much is known of a person, and the hybrid weights that fit.

use std::{collections::BTreeMap, fmt};

use docent_domain::{Component, Weights};
use serde::{Deserialize, Serialize};

/// Learned weights keep this much for recency: people who all look back teach a weight of 0, which nothing new and no
/// wish for new things could overcome.
const MIN_RECENCY_WEIGHT: f64 = 0.005;

/// People by the number of resources that they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ActivityLevel {
    /// Nothing.
    #[serde(rename = "none")]
    None,
    /// One to four.
    #[serde(rename = "1-4")]
    Few,
    /// Five to 19.
    #[serde(rename = "5-19")]
    Some,
    /// Twenty and more.
    #[serde(rename = "20+")]
    Many,
}

impl ActivityLevel {
    /// All four, from the least.
    pub const ALL: [Self; 4] = [Self::None, Self::Few, Self::Some, Self::Many];

    /// The activity of somebody with so many positives.
    #[must_use]
    pub fn of(positives: usize) -> Self {
        match positives {
            0 => Self::None,
            1..=4 => Self::Few,
            5..=19 => Self::Some,
            _ => Self::Many,
        }
    }

    /// Its name: `none`, `1-4`, `5-19`, `20+`.
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

/// The hybrid weights that a model has learned, by activity; where there are none, the configured ones serve.
///
/// Models of before had weights for people with 20 positives and more only, and these are still read.
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
    /// What was learned for an activity.
    #[must_use]
    pub fn get(&self, activity: ActivityLevel) -> Option<&Weights> {
        self.0.get(&activity)
    }

    /// What was learned, from the least activity.
    pub fn iter(&self) -> impl Iterator<Item = (ActivityLevel, &Weights)> {
        self.0.iter().map(|(activity, weights)| (*activity, weights))
    }

    pub fn set(&mut self, activity: ActivityLevel, weights: Weights) {
        self.0.insert(activity, weights);
    }
}

/// Where weights are not learned, the graph counts this much more for somebody with positives: a walk from each of a few
/// follows every topic of theirs, a mean of them none.
const GRAPH_FACTOR: f64 = 2.0;
/// And at this many positives the collaborative component has half its weight: a vector that rests on few says little.
const HALF_TRUST_AT: f64 = 10.0;

/// The weights for a person with so many positives: the learned ones, else the configured ones by what so many
/// positives tell.
pub fn weights_for(
    positives: usize,
    learned: Option<&LearnedWeights>,
    configured: &Weights,
) -> Weights {
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
    fn people_are_told_apart_by_how_much_they_like() {
        let activities = [0, 1, 4, 5, 19, 20, 500].map(ActivityLevel::of).map(ActivityLevel::as_str);
        assert_eq!(activities, ["none", "1-4", "1-4", "5-19", "5-19", "20+", "20+"]);
    }

    #[test]
    fn learned_weights_serve_whom_they_were_learned_for_and_the_configured_ones_everybody_else() {
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
    fn what_is_written_is_read_again_and_weights_of_before_are_those_of_the_most_active() {
        let mut learned = LearnedWeights::default();
        learned.set(ActivityLevel::None, Weights::only(Component::Quality));
        learned.set(ActivityLevel::Some, Weights::only(Component::Graph));
        let text = serde_json::to_string(&learned).unwrap();
        assert!(text.contains(r#""5-19":{"collaborative":0.0"#), "{text}");
        assert_eq!(serde_json::from_str::<LearnedWeights>(&text).unwrap(), learned);
        let before = serde_json::to_string(&Weights::only(Component::Graph)).unwrap();
        let read: LearnedWeights = serde_json::from_str(&before).unwrap();
        assert_eq!(read.iter().collect::<Vec<_>>(), [(ActivityLevel::Many, &Weights::only(Component::Graph))]);
        assert!(serde_json::from_str::<LearnedWeights>(r#"{"6-7": {"graph": 1}}"#).is_err());
        assert_eq!(serde_json::from_str::<LearnedWeights>("{}").unwrap(), LearnedWeights::default());
    }
}
