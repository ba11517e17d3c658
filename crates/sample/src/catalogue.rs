//! The resources of the library: dates, authors, words, citations.

use std::collections::HashSet;

use chrono::TimeDelta;
use docent_domain::{Link, Resource, ResourceId};
use rand::{Rng, RngExt, rngs::StdRng};

use crate::{
    LibraryConfig,
    prose::{Words, author_name, pick},
    topics::{Subtopic, Topic},
};

const AUTHORS_PER_TOPIC: usize = 10;
/// Maximum age of a resource at the end of the simulated time, in years.
const MAX_AGE_YEARS: f64 = 8.0;
/// Maximum number of citations of one resource.
const MAX_CITATIONS: usize = 5;
/// Share of citations that must stay within the topic.
const CITES_OWN_TOPIC: f64 = 0.9;

/// The topic and the subtopic of a resource, as indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub topic: usize,
    pub subtopic: usize,
}

/// A resource with properties that only the simulation knows.
pub(crate) struct CatalogueItem {
    pub resource: Resource,
    pub place: Place,
    /// Attraction for all users, whatever their tastes. A few resources attract very many users.
    pub appeal: f64,
}

/// The whole catalogue.
pub(crate) struct Catalogue {
    pub topics: Vec<Topic>,
    /// Authors of each topic, the most productive first.
    pub authors: Vec<Vec<String>>,
    /// All resources, oldest first.
    pub all: Vec<CatalogueItem>,
}

impl Catalogue {
    pub fn into_resources(self) -> Vec<Resource> {
        self.all.into_iter().map(|item| item.resource).collect()
    }
}

/// Generates the catalogue.
pub(crate) fn generate(config: &LibraryConfig, topics: &[Topic], random: &mut StdRng) -> Catalogue {
    let names: Vec<String> = (0..topics.len() * AUTHORS_PER_TOPIC).map(author_name).collect();
    let authors: Vec<Vec<String>> = names.chunks(AUTHORS_PER_TOPIC).map(<[String]>::to_vec).collect();
    let mut days_before: Vec<f64> = (0..config.resources).map(|_| age_days(random)).collect();
    days_before.sort_by(|a, b| b.total_cmp(a));

    let mut catalogue =
        Catalogue { topics: topics.to_vec(), authors, all: Vec::with_capacity(config.resources) };
    let mut titles = HashSet::new();
    let mut in_topic = vec![0; topics.len()];
    for (n, days) in days_before.into_iter().enumerate() {
        let topic_index = n % topics.len();
        let (Some(topic), Some(number)) = (topics.get(topic_index), in_topic.get_mut(topic_index)) else {
            continue;
        };
        let place = Place { topic: topic_index, subtopic: random.random_range(0..topic.subtopics.len()) };
        let Some(subtopic) = topic.subtopics.get(place.subtopic) else { continue };
        *number += 1;
        let Ok(id) = ResourceId::new(format!("{}-{number:03}", topic.name.replace(' ', "-"))) else {
            continue;
        };
        let (title, text) = write_up(random, topic, subtopic, &mut titles);
        let seconds = (days * 86_400.0) as i64;
        let resource = Resource {
            text,
            authors: sign(random, catalogue.authors.get(topic_index).map_or(&[], Vec::as_slice)),
            subjects: vec![topic.name.into(), subtopic.name.into()],
            source: pick(random, &topic.journals).map(Into::into),
            language: Some("en".into()),
            url: Some(format!("https://library.example/{id}")),
            published_at: Some(config.until - TimeDelta::seconds(seconds)),
            quality: Some((35.0 + 60.0 * random.random::<f64>().sqrt()).round() / 100.0),
            links: cite(random, place, &catalogue.all),
            ..Resource::new(id, title)
        };
        catalogue.all.push(CatalogueItem { resource, place, appeal: appeal(random) });
    }
    catalogue
}

/// Draws the age of a resource; recent ones are more frequent.
fn age_days(random: &mut StdRng) -> f64 {
    1.0 + random.random::<f64>().powi(2) * MAX_AGE_YEARS * 365.0
}

/// Draws the appeal of a resource from a log-normal distribution, in which the top tenth attracts
/// about half of all interactions.
fn appeal(random: &mut StdRng) -> f64 {
    let sum: f64 = (0..12).map(|_| random.random::<f64>()).sum();
    (1.1 * (sum - 6.0)).exp()
}

/// Writes a unique title and an abstract.
fn write_up(
    random: &mut StdRng,
    topic: &Topic,
    subtopic: &Subtopic,
    titles: &mut HashSet<String>,
) -> (String, String) {
    let mut words = Words::draw(random, topic, subtopic);
    let mut title = words.title(random);
    for _ in 0..20 {
        if titles.insert(title.clone()) {
            return (title, words.text(random, subtopic.name));
        }
        words = Words::draw(random, topic, subtopic);
        title = words.title(random);
    }
    // A very large library runs out of titles.
    let mut edition = 2;
    while !titles.insert(format!("{title} ({edition})")) {
        edition += 1;
    }
    (format!("{title} ({edition})"), words.text(random, subtopic.name))
}

/// Draws one to three authors of the topic, the first ones most often.
fn sign(random: &mut StdRng, authors: &[String]) -> Vec<String> {
    let mut signed: Vec<String> = Vec::new();
    for _ in 0..random.random_range(1..=3) {
        let index = (random.random::<f64>().powi(2) * authors.len() as f64) as usize;
        if let Some(author) = authors.get(index).filter(|author| !signed.contains(author)) {
            signed.push(author.clone());
        }
    }
    signed
}

/// Draws citations of older resources, mostly of the same topic and subtopic.
fn cite(random: &mut StdRng, place: Place, older: &[CatalogueItem]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for _ in 0..random.random_range(0..=MAX_CITATIONS) {
        let own_topic = random.random_bool(CITES_OWN_TOPIC);
        let weights = older.iter().map(|cited| citation_weight(place, cited, own_topic));
        let Some(cited) = draw_weighted(random, weights).and_then(|index| older.get(index)) else {
            continue;
        };
        if links.iter().all(|link| link.target != cited.resource.id) {
            links.push(Link { target: cited.resource.id.clone(), kind: "citation".into(), weight: 1.0 });
        }
    }
    links
}

fn citation_weight(place: Place, cited: &CatalogueItem, own_topic: bool) -> f64 {
    match (cited.place == place, cited.place.topic == place.topic) {
        (true, _) => 3.0 * cited.appeal,
        (false, true) => cited.appeal,
        (false, false) if own_topic => 0.0,
        (false, false) => 0.2 * cited.appeal,
    }
}

/// Draws an index with a probability in proportion to its weight, or returns `None` if all weights
/// are 0.
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
    for (index, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        last = Some(index);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}
