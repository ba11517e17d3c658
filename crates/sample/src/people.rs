//! Who reads, and what they like.

use docent_domain::UserId;
use rand::{RngExt, rngs::StdRng};

use crate::{LibraryConfig, Person, catalogue::Shelves};

/// How much the first, second and third topic of a person count.
const TOPIC_WEIGHTS: [f64; 3] = [0.6, 0.28, 0.12];

/// A topic that a person likes, and the corner of it that they like best.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Liking {
    pub topic: usize,
    pub corner: usize,
    pub weight: f64,
}

/// A person with what drives them.
pub(crate) struct Reader {
    pub person: Person,
    pub likings: Vec<Liking>,
}

impl Reader {
    /// The liking that speaks for a topic, if any.
    pub fn liking_of(&self, topic: usize) -> Option<&Liking> {
        self.likings.iter().find(|liking| liking.topic == topic)
    }
}

pub(crate) fn invite(config: &LibraryConfig, shelves: &Shelves, random: &mut StdRng) -> Vec<Reader> {
    let width = config.users.to_string().len().max(3);
    let reader = |n: usize| {
        let id = UserId::new(format!("reader-{:0width$}", n + 1)).ok()?;
        Some(reader(id, n, shelves, random))
    };
    (0..config.users).filter_map(reader).collect()
}

/// The dearest topic goes round, so that no topic is without readers and the first readers differ from each other.
fn reader(id: UserId, n: usize, shelves: &Shelves, random: &mut StdRng) -> Reader {
    let topics = shelves.topics.len();
    let how_many = [1, 2, 2, 2, 3].get(random.random_range(0..5usize)).copied().unwrap_or(2);
    let mut likings: Vec<Liking> = Vec::new();
    while likings.len() < how_many.min(topics) {
        let topic = if likings.is_empty() { n % topics } else { random.random_range(0..topics) };
        if likings.iter().any(|liking| liking.topic == topic) {
            continue;
        }
        let corners = shelves.topics.get(topic).map_or(1, |topic| topic.corners.len());
        let weight = TOPIC_WEIGHTS.get(likings.len()).copied().unwrap_or(0.1);
        likings.push(Liking { topic, corner: random.random_range(0..corners), weight });
    }
    let authors = shelves.authors.get(n % topics).map_or(&[][..], Vec::as_slice);
    let favourite_author = match authors.len() {
        0 => String::new(),
        count => authors.get(random.random_range(0..count)).cloned().unwrap_or_default(),
    };
    let named =
        || likings.iter().filter_map(|liking| Some((shelves.topics.get(liking.topic)?, liking.corner)));
    let in_words = |(topic, corner): (&crate::topics::Topic, usize)| {
        format!("{} ({})", topic.name, topic.corners.get(corner).map_or("", |corner| corner.name))
    };
    let taste = named().map(in_words).collect::<Vec<_>>().join(", ");
    let topics = named().map(|(topic, _)| topic.name).collect();
    Reader { person: Person { id, topics, taste, favourite_author }, likings }
}
