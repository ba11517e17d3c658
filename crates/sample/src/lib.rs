//! A made-up library with people who have tastes: something to learn from where there is no data yet.
//!
//! The resources read like articles on a dozen topics, written by people who keep to their topics and cite each other.
//! The users prefer a few topics, one corner of each and one author; what they do is mostly that, sometimes chance,
//! and in the order of time. So a model that learns beats popularity here, as it would on real behaviour.
//!
//! This crate is pure: no clock, no I/O, and the same configuration always makes the same library. It must never decide
//! what an interaction is worth; that is `docent-domain`'s.
//!
//! ```
//! use docent_sample::{Library, LibraryConfig};
//!
//! let library = Library::generate(&LibraryConfig { resources: 60, users: 5, ..LibraryConfig::default() });
//! assert_eq!(library.resources.len(), 60);
//! assert!(library.people[0].taste.starts_with(library.people[0].topics[0]));
//! ```

mod behaviour;
mod catalogue;
mod people;
mod prose;
mod topics;
mod topics_humanities;
mod topics_science;

use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{NewInteraction, Resource, UserId};
use rand::{SeedableRng, rngs::StdRng};

/// Fewer resources than this make fewer topics, so that each topic is worth browsing.
const RESOURCES_PER_TOPIC: usize = 25;

/// How large the library is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryConfig {
    /// How many resources. A topic is opened for every 25 of them, at least 4 and at most 12.
    pub resources: usize,
    /// How many users.
    pub users: usize,
    /// How many interactions each user has, repeats included.
    pub interactions_per_user: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// When the library ends: the last interaction is before it. Everything else is dated back from here.
    pub until: DateTime<Utc>,
}

impl Default for LibraryConfig {
    fn default() -> Self {
        // 2026-01-01T00:00:00Z, so that the same command makes the same library on any day.
        let until = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_767_225_600);
        Self { resources: 200, users: 20, interactions_per_user: 30, seed: 42, until }
    }
}

/// A user of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id, such as `reader-017`.
    pub id: UserId,
    /// Names of the topics that they like, the dearest first.
    pub topics: Vec<&'static str>,
    /// The same in words, with the corner of each topic that they like best.
    pub taste: String,
    /// The author whom they follow.
    pub favourite_author: String,
}

/// Resources, people, and what people did with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Library {
    /// Oldest first; each cites only older ones. The first subject is the name of the topic.
    pub resources: Vec<Resource>,
    /// Who reads here.
    pub people: Vec<Person>,
    /// Oldest first.
    pub interactions: Vec<NewInteraction>,
}

impl Library {
    /// Makes the library.
    #[must_use]
    pub fn generate(config: &LibraryConfig) -> Self {
        let mut random = StdRng::seed_from_u64(config.seed);
        let all = topics::all();
        let open = (config.resources / RESOURCES_PER_TOPIC).clamp(4, all.len());
        let shelves = catalogue::fill(config, all.get(..open).unwrap_or(&all), &mut random);
        let readers = people::invite(config, &shelves, &mut random);
        let interactions = behaviour::act_out(config, &shelves, &readers, &mut random);
        Self {
            resources: shelves.into_resources(),
            people: readers.into_iter().map(|reader| reader.person).collect(),
            interactions,
        }
    }

    /// The name of a resource's topic.
    #[must_use]
    pub fn topic_of(resource: &Resource) -> Option<&str> {
        resource.subjects.first().map(String::as_str)
    }
}
