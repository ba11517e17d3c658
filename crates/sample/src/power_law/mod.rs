//! A library of any size, for measurements: millions of interactions in seconds, in little memory.

mod catalogue;
mod history;
mod users;

use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{
    DomainError, InteractionType, NewInteraction, Resource, ResourceId, Signals, UserId, scattered,
};

use catalogue::PowerLawCatalogue;
use users::Activities;

/// Length of the simulated time, in days.
const PERIOD_DAYS: u32 = 365;
/// Length of the simulated time, in seconds.
const PERIOD_SECONDS: u32 = PERIOD_DAYS * 86_400;
/// Pairs of a user and a resource for each interaction, at least. The most active user has about
/// twelve times the mean and must not run out of resources.
const MIN_PAIRS_PER_INTERACTION: u64 = 24;

/// Size and seed of a [`PowerLawLibrary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerLawConfig {
    /// Number of resources.
    pub resources: u32,
    /// Number of users.
    pub users: u32,
    /// Number of interactions; at most one for every 24 pairs of a user and a resource.
    pub interactions: u64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// End of the simulated year.
    pub until: DateTime<Utc>,
}

impl PowerLawConfig {
    /// Returns a size with the default seed, which ends at 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new(resources: u32, users: u32, interactions: u64) -> Self {
        let until = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_767_225_600);
        Self { resources, users, interactions, seed: 42, until }
    }
}

/// An interaction under dense indices, in 12 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DenseInteraction {
    /// Seconds since the begin of the simulated time.
    pub seconds: u32,
    /// Index of the user, from 0.
    pub user: u32,
    /// Index of the resource, from 0.
    pub resource: u32,
}

/// A synthetic library whose users and resources follow power laws.
///
/// User 0 is the most active one, resource 0 the oldest. Resources have a topic, and each user
/// prefers a few topics. A visit continues the topic with its next newer resource, follows the
/// user's taste, picks something new, or is chance: so there is something to learn from pairs, from
/// order, from time and from text. A user visits a resource at most once, and none before it is
/// published.
///
/// Only the catalogue is in memory, with about 20 bytes a resource; the history of a user is
/// generated when it is asked for, and is always the same.
///
/// ```
/// use docent_sample::{PowerLawConfig, PowerLawLibrary};
///
/// let library = PowerLawLibrary::new(&PowerLawConfig::new(1_000, 100, 2_000));
/// let interactions = (0..100).map(|user| library.history(user).len()).sum::<usize>();
/// assert_eq!(interactions, 2_000);
/// ```
#[derive(Debug)]
pub struct PowerLawLibrary {
    config: PowerLawConfig,
    catalogue: PowerLawCatalogue,
    activities: Activities,
}

impl PowerLawLibrary {
    /// Prepares a library. A size with too many interactions gets as many as it allows.
    #[must_use]
    pub fn new(config: &PowerLawConfig) -> Self {
        let pairs = u64::from(config.users) * u64::from(config.resources);
        let interactions = config.interactions.min(pairs / MIN_PAIRS_PER_INTERACTION);
        let config = PowerLawConfig { interactions, ..config.clone() };
        Self {
            catalogue: PowerLawCatalogue::new(config.resources, config.seed),
            activities: Activities::new(config.users, interactions),
            config,
        }
    }

    /// Returns the size and the seed.
    #[must_use]
    pub fn config(&self) -> &PowerLawConfig {
        &self.config
    }

    /// Returns the number of topics.
    #[must_use]
    pub fn n_topics(&self) -> u32 {
        self.catalogue.n_topics()
    }

    /// Returns the topic of a resource, from 0.
    #[must_use]
    pub fn topic_of(&self, resource: u32) -> u32 {
        self.catalogue.topic_of(resource)
    }

    /// Returns the topics that a user prefers, the favourite first.
    #[must_use]
    pub fn topics_of_user(&self, user: u32) -> Vec<u32> {
        users::tastes(user, self.activities.of(user), self.n_topics(), self.config.seed)
    }

    /// Returns the interactions of a user, oldest first; none for an unknown user.
    #[must_use]
    pub fn history(&self, user: u32) -> Vec<DenseInteraction> {
        let (tastes, length) = (self.topics_of_user(user), self.activities.of(user));
        history::generate(&self.catalogue, &tastes, user, length, self.config.seed)
    }

    /// Returns all interactions, oldest first, in 12 bytes each.
    #[must_use]
    pub fn interactions(&self) -> Vec<DenseInteraction> {
        let mut all = Vec::with_capacity(usize::try_from(self.config.interactions).unwrap_or_default());
        for user in 0..self.config.users {
            all.extend(self.history(user));
        }
        all.sort_unstable();
        all
    }

    /// Returns the time of an interaction, in microseconds since 1970.
    #[must_use]
    pub fn micros(&self, interaction: &DenseInteraction) -> i64 {
        self.time(i64::from(interaction.seconds)).timestamp_micros()
    }

    /// Returns the time that lies some seconds after the begin.
    fn time(&self, seconds: i64) -> DateTime<Utc> {
        self.config.until - TimeDelta::seconds(i64::from(PERIOD_SECONDS) - seconds)
    }

    /// Returns the id of a user, such as `user-17`.
    ///
    /// # Errors
    /// [`DomainError`], which such an id does not cause.
    pub fn user_id(&self, user: u32) -> Result<UserId, DomainError> {
        UserId::new(format!("user-{user}"))
    }

    /// Returns the id of a resource, such as `resource-17`.
    ///
    /// # Errors
    /// [`DomainError`], which such an id does not cause.
    pub fn resource_id(&self, resource: u32) -> Result<ResourceId, DomainError> {
        ResourceId::new(format!("resource-{resource}"))
    }

    /// Writes a resource: title, text, authors, subjects, dates and citations of older ones.
    ///
    /// # Errors
    /// [`DomainError`], which such ids do not cause.
    pub fn resource(&self, resource: u32) -> Result<Resource, DomainError> {
        let published_at = self.time(self.catalogue.published_seconds(resource));
        let mut written = self.catalogue.write(self.resource_id(resource)?, resource, published_at);
        for cited in self.catalogue.cited_by(resource) {
            written.links.push(docent_domain::Link {
                target: self.resource_id(cited)?,
                kind: "citation".into(),
                weight: 1.0,
            });
        }
        Ok(written)
    }

    /// Returns an interaction as applications report it. Visits by taste are read to the end, rated
    /// or collected; half of the others are left after seconds.
    ///
    /// # Errors
    /// [`DomainError`], which such ids do not cause.
    pub fn interaction(&self, interaction: &DenseInteraction) -> Result<NewInteraction, DomainError> {
        let DenseInteraction { seconds, user, resource } = *interaction;
        let drawn = scattered(u64::from(user), u64::from(resource), self.config.seed);
        let is_to_taste = self.topics_of_user(user).contains(&self.topic_of(resource));
        let (kind, signals) = reaction(drawn, is_to_taste);
        let (user_id, resource_id) = (self.user_id(user)?, self.resource_id(resource)?);
        let at = self.time(i64::from(seconds));
        Ok(NewInteraction { signals, ..NewInteraction::new(user_id, resource_id, kind, at) })
    }
}

/// Returns the reaction to a visited resource.
fn reaction(drawn: u64, is_to_taste: bool) -> (InteractionType, Signals) {
    let (share, detail) = (drawn % 100, (drawn >> 32) as u32);
    let none = Signals::default();
    if !is_to_taste && share < 50 {
        let left = Signals { dwell_seconds: Some(f64::from(4 + detail % 60)), ..none };
        return (InteractionType::View, left);
    }
    match share % 10 {
        0..=5 => {
            let (dwell, scroll) = (300 + detail % 1_200, 50 + detail % 51);
            let read = Signals {
                dwell_seconds: Some(f64::from(dwell)),
                scroll_depth: Some(f64::from(scroll) / 100.0),
                ..none
            };
            (InteractionType::View, read)
        }
        6..=8 => {
            let rating = Some(f64::from(6 + detail % 5) / 2.0);
            (InteractionType::Rating, Signals { rating, ..none })
        }
        _ => (InteractionType::CollectionAdd, none),
    }
}
