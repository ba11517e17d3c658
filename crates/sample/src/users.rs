//! The users of the library and their tastes.

use docent_domain::UserId;
use rand::{RngExt, rngs::StdRng};

use crate::{LibraryConfig, SampleUser, catalogue::Catalogue, topics::Topic};

/// Weights of the first, second and third topic of a user.
const TOPIC_WEIGHTS: [f64; 3] = [0.6, 0.28, 0.12];

/// A topic that a user likes, its favourite subtopic and its weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Liking {
    pub topic: usize,
    pub subtopic: usize,
    pub weight: f64,
}

/// A user with the tastes that drive the simulation.
pub(crate) struct SimulatedUser {
    pub user: SampleUser,
    pub likings: Vec<Liking>,
}

impl SimulatedUser {
    /// Returns the liking for a topic, if any.
    pub fn liking_of(&self, topic: usize) -> Option<&Liking> {
        self.likings.iter().find(|liking| liking.topic == topic)
    }
}

/// Generates the users.
pub(crate) fn generate(
    config: &LibraryConfig,
    catalogue: &Catalogue,
    random: &mut StdRng,
) -> Vec<SimulatedUser> {
    let width = config.users.to_string().len().max(3);
    let mut users = Vec::with_capacity(config.users);
    for n in 0..config.users {
        if let Ok(id) = UserId::new(format!("reader-{:0width$}", n + 1)) {
            users.push(user(id, n, catalogue, random));
        }
    }
    users
}

/// Generates the nth user. Favourite topics go round, so that every topic has users and the first
/// users differ from each other.
fn user(id: UserId, n: usize, catalogue: &Catalogue, random: &mut StdRng) -> SimulatedUser {
    let topics = catalogue.topics.len();
    let n_topics = [1, 2, 2, 2, 3].get(random.random_range(0..5usize)).copied().unwrap_or(2);
    let mut likings: Vec<Liking> = Vec::new();
    while likings.len() < n_topics.min(topics) {
        let topic = if likings.is_empty() { n % topics } else { random.random_range(0..topics) };
        if likings.iter().any(|liking| liking.topic == topic) {
            continue;
        }
        let subtopics = catalogue.topics.get(topic).map_or(1, |topic| topic.subtopics.len());
        let weight = TOPIC_WEIGHTS.get(likings.len()).copied().unwrap_or(0.1);
        likings.push(Liking { topic, subtopic: random.random_range(0..subtopics), weight });
    }
    let authors = catalogue.authors.get(n % topics).map_or(&[][..], Vec::as_slice);
    let favourite_author = match authors.len() {
        0 => String::new(),
        count => authors.get(random.random_range(0..count)).cloned().unwrap_or_default(),
    };
    let mut topics = Vec::with_capacity(likings.len());
    let mut taste = Vec::with_capacity(likings.len());
    for liking in &likings {
        let Some(topic) = catalogue.topics.get(liking.topic) else { continue };
        topics.push(topic.name);
        taste.push(in_words(topic, liking.subtopic));
    }
    let taste = taste.join(", ");
    SimulatedUser { user: SampleUser { id, topics, taste, favourite_author }, likings }
}

fn in_words(topic: &Topic, subtopic: usize) -> String {
    format!("{} ({})", topic.name, topic.subtopics.get(subtopic).map_or("", |subtopic| subtopic.name))
}
