//! The resources.

use std::collections::HashSet;

use chrono::TimeDelta;
use docent_domain::{Link, Resource, ResourceId};
use rand::{Rng, RngExt, rngs::StdRng};

use crate::{
    LibraryConfig,
    prose::{Words, author_name, pick},
    topics::{Corner, Topic},
};

const AUTHORS_PER_TOPIC: usize = 10;
/// The oldest resource appeared this long before the end.
const YEARS: f64 = 8.0;
const MOST_CITATIONS: usize = 5;
/// Share of citations that stay within the topic.
const CITES_OWN_TOPIC: f64 = 0.9;

/// Where a resource stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shelf {
    pub topic: usize,
    pub corner: usize,
}

/// A resource with what only its readers feel.
pub(crate) struct Shelved {
    pub resource: Resource,
    pub shelf: Shelf,
    /// How many people it draws, whatever their taste: a few draw very many.
    pub appeal: f64,
}

/// The whole catalogue, oldest first.
pub(crate) struct Shelves {
    pub topics: Vec<Topic>,
    /// By topic, the most productive first.
    pub authors: Vec<Vec<String>>,
    pub all: Vec<Shelved>,
}

impl Shelves {
    pub fn into_resources(self) -> Vec<Resource> {
        self.all.into_iter().map(|shelved| shelved.resource).collect()
    }
}

pub(crate) fn fill(config: &LibraryConfig, topics: &[Topic], random: &mut StdRng) -> Shelves {
    let author =
        |topic: usize| (0..AUTHORS_PER_TOPIC).map(|n| author_name(topic * AUTHORS_PER_TOPIC + n)).collect();
    let authors: Vec<Vec<String>> = (0..topics.len()).map(author).collect();
    let mut days_before: Vec<f64> = (0..config.resources).map(|_| age_days(random)).collect();
    days_before.sort_by(|a, b| b.total_cmp(a));

    let mut shelves = Shelves { topics: topics.to_vec(), authors, all: Vec::with_capacity(config.resources) };
    let mut titles = HashSet::new();
    let mut in_topic = vec![0; topics.len()];
    for (n, days) in days_before.into_iter().enumerate() {
        let topic_index = n % topics.len();
        let (Some(topic), Some(number)) = (topics.get(topic_index), in_topic.get_mut(topic_index)) else {
            continue;
        };
        let shelf = Shelf { topic: topic_index, corner: random.random_range(0..topic.corners.len()) };
        let Some(corner) = topic.corners.get(shelf.corner) else { continue };
        *number += 1;
        let Ok(id) = ResourceId::new(format!("{}-{number:03}", topic.name.replace(' ', "-"))) else {
            continue;
        };
        let (title, text) = write_up(random, topic, corner, &mut titles);
        let seconds = (days * 86_400.0) as i64;
        let resource = Resource {
            text,
            authors: sign(random, shelves.authors.get(topic_index).map_or(&[], Vec::as_slice)),
            subjects: vec![topic.name.into(), corner.name.into()],
            source: pick(random, &topic.journals).map(Into::into),
            language: Some("en".into()),
            url: Some(format!("https://library.example/{id}")),
            published_at: Some(config.until - TimeDelta::seconds(seconds)),
            quality: Some((35.0 + 60.0 * random.random::<f64>().sqrt()).round() / 100.0),
            links: cite(random, shelf, &shelves.all),
            ..Resource::new(id, title)
        };
        shelves.all.push(Shelved { resource, shelf, appeal: appeal(random) });
    }
    shelves
}

/// More was published lately than long ago.
fn age_days(random: &mut StdRng) -> f64 {
    1.0 + random.random::<f64>().powi(2) * YEARS * 365.0
}

/// Log-normal: the top tenth draws about half of all readers.
fn appeal(random: &mut StdRng) -> f64 {
    let sum: f64 = (0..12).map(|_| random.random::<f64>()).sum();
    (1.1 * (sum - 6.0)).exp()
}

fn write_up(
    random: &mut StdRng,
    topic: &Topic,
    corner: &Corner,
    titles: &mut HashSet<String>,
) -> (String, String) {
    let mut words = Words::draw(random, topic, corner);
    let mut title = words.title(random);
    for _ in 0..20 {
        if titles.insert(title.clone()) {
            return (title, words.text(random, corner.name));
        }
        words = Words::draw(random, topic, corner);
        title = words.title(random);
    }
    // A very large library runs out of titles.
    let mut edition = 2;
    while !titles.insert(format!("{title} ({edition})")) {
        edition += 1;
    }
    (format!("{title} ({edition})"), words.text(random, corner.name))
}

/// One to three authors of the topic, the first ones most often.
fn sign(random: &mut StdRng, authors: &[String]) -> Vec<String> {
    let mut signed: Vec<String> = Vec::new();
    for _ in 0..random.random_range(1..=3) {
        let place = (random.random::<f64>().powi(2) * authors.len() as f64) as usize;
        if let Some(author) = authors.get(place).filter(|author| !signed.contains(author)) {
            signed.push(author.clone());
        }
    }
    signed
}

fn cite(random: &mut StdRng, shelf: Shelf, older: &[Shelved]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for _ in 0..random.random_range(0..=MOST_CITATIONS) {
        let own_topic = random.random_bool(CITES_OWN_TOPIC);
        let weight = |cited: &Shelved| match (cited.shelf == shelf, cited.shelf.topic == shelf.topic) {
            (true, _) => 3.0 * cited.appeal,
            (false, true) => cited.appeal,
            (false, false) if own_topic => 0.0,
            (false, false) => 0.2 * cited.appeal,
        };
        let Some(cited) = draw_weighted(random, older.iter().map(weight)).and_then(|place| older.get(place))
        else {
            continue;
        };
        if links.iter().all(|link| link.target != cited.resource.id) {
            links.push(Link { target: cited.resource.id.clone(), kind: "citation".into(), weight: 1.0 });
        }
    }
    links
}

/// A place with a chance in proportion to its weight; `None` where all weights are 0.
pub(crate) fn draw_weighted(
    random: &mut impl Rng,
    weights: impl Iterator<Item = f64> + Clone,
) -> Option<usize> {
    let total: f64 = weights.clone().sum();
    if total <= 0.0 {
        return None;
    }
    let mut left = random.random::<f64>() * total;
    let mut last = None;
    for (place, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        last = Some(place);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}
