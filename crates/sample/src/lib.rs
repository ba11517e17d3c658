//! Generates a synthetic library: resources, users with tastes, and their interactions, to learn
//! from where there is no data yet.
//!
//! The resources read like articles on a dozen topics, by authors who keep to their topics and cite
//! each other. Each user prefers a few topics, one subtopic of each and one author; most
//! interactions follow these tastes, some are chance, and all are in the order of time. A model
//! that learns therefore beats popularity on this library, as it does on real behaviour.
//!
//! [`Library`] is made for reading and for tests: every user is simulated against the whole
//! catalogue. [`PowerLawLibrary`] is made for measurements of speed and memory: it generates
//! millions of interactions in seconds.
//!
//! This crate must never perform I/O, read a clock, or decide the strength of an interaction, which
//! is up to `docent-domain`. The same configuration always generates the same library.
//!
//! ```
//! use docent_sample::{Library, LibraryConfig};
//!
//! let config = LibraryConfig { resources: 60, users: 5, ..LibraryConfig::default() };
//! let library = Library::generate(&config);
//! assert_eq!(library.resources.len(), 60);
//! assert!(library.users[0].taste.starts_with(library.users[0].topics[0]));
//! ```

mod behaviour;
mod catalogue;
mod power_law;
mod prose;
mod topics;
mod users;

use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{NewInteraction, Resource, UserId};
use rand::{SeedableRng, rngs::StdRng};

pub use power_law::{DenseInteraction, PowerLawConfig, PowerLawLibrary};

/// Number of resources for which one more topic is opened, so that each topic is worth browsing.
const RESOURCES_PER_TOPIC: usize = 25;

/// Size and seed of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryConfig {
    /// Number of resources. There is one topic per 25 of them, at least 4 and at most 12.
    pub resources: usize,
    /// Number of users.
    pub users: usize,
    /// Number of interactions of each user, repeats included.
    pub interactions_per_user: usize,
    /// Seed of all random numbers.
    pub seed: u64,
    /// End of the simulated time. All dates of the library are earlier.
    pub until: DateTime<Utc>,
}

impl Default for LibraryConfig {
    fn default() -> Self {
        // 2026-01-01T00:00:00Z, so that the same command generates the same library on any day.
        let until = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_767_225_600);
        Self { resources: 200, users: 20, interactions_per_user: 30, seed: 42, until }
    }
}

/// A user of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleUser {
    /// Id of the user, such as `reader-017`.
    pub id: UserId,
    /// Names of the topics that the user likes, the favourite first.
    pub topics: Vec<&'static str>,
    /// The topics in words, each with the favourite subtopic in brackets.
    pub taste: String,
    /// Name of the author whom the user follows.
    pub favourite_author: String,
}

/// A synthetic library: resources, users and interactions.
#[derive(Debug, Clone, PartialEq)]
pub struct Library {
    /// Resources, oldest first. Each cites only older ones; its first subject is the name of its
    /// topic.
    pub resources: Vec<Resource>,
    /// Users of the library.
    pub users: Vec<SampleUser>,
    /// Interactions of all users, oldest first.
    pub interactions: Vec<NewInteraction>,
}

impl Library {
    /// Generates the library.
    #[must_use]
    pub fn generate(config: &LibraryConfig) -> Self {
        let mut random = StdRng::seed_from_u64(config.seed);
        let open = (config.resources / RESOURCES_PER_TOPIC).clamp(4, topics::ALL.len());
        let catalogue =
            catalogue::generate(config, topics::ALL.get(..open).unwrap_or(&topics::ALL), &mut random);
        let users = users::generate(config, &catalogue, &mut random);
        let interactions = behaviour::simulate(config, &catalogue, &users, &mut random);
        Self {
            resources: catalogue.into_resources(),
            users: users.into_iter().map(|simulated| simulated.user).collect(),
            interactions,
        }
    }

    /// Returns the name of the topic of a resource.
    #[must_use]
    pub fn topic_of(resource: &Resource) -> Option<&str> {
        resource.subjects.first().map(String::as_str)
    }
}
