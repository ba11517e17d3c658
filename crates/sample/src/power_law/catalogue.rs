//! The resources of a large library: topics, popularity, dates, texts.

use chrono::{DateTime, Utc};
use docent_domain::{Resource, ResourceId, scattered};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::PERIOD_SECONDS;
use crate::{
    prose::{Words, author_name, pick},
    topics,
};

/// Resources of a topic, on average, while there are fewer than [`MAX_TOPICS`] topics.
const RESOURCES_PER_TOPIC: u32 = 200;
const MIN_TOPICS: u32 = 8;
const MAX_TOPICS: u32 = 500;
/// Weight of the resource of popularity rank `r`, from 0: `(r + q)^-e`, where `q` is this share of
/// the resources.
const POPULARITY_EXPONENT: f64 = 0.9;
const POPULARITY_SHIFT: f64 = 1.0 / 200.0;
/// Share of the resources that are published before the simulated time begins.
const OLD_SHARE: f64 = 0.7;
/// Age of the oldest resource when the simulated time begins, in seconds: seven years.
const OLD_SECONDS: f64 = 7.0 * 365.0 * 86_400.0;
const AUTHORS_PER_TOPIC: usize = 10;
/// Names of authors that differ without a number.
const DISTINCT_NAMES: usize = 768;
const MAX_CITATIONS: usize = 3;
/// A resource cites among this many older ones of its topic.
const CITED_PLACES: usize = 50;
/// Streams of random numbers; the histories of users have others.
const STREAM_OF_TOPICS: u64 = 1;
const STREAM_OF_RANKS: u64 = 2;
const STREAM_OF_TEXTS: u64 = 3;
const STREAM_OF_CITATIONS: u64 = 4;

/// The resources of one topic.
#[derive(Debug, Default)]
struct Members {
    /// Resources, the oldest first.
    by_age: Vec<u32>,
    /// The same resources, the most popular first.
    by_popularity: Vec<u32>,
    /// Sums of the weights of `by_popularity` up to and with each.
    cumulative: Vec<f64>,
}

/// Topics and popularity of all resources. Resource 0 is the oldest.
#[derive(Debug)]
pub(super) struct PowerLawCatalogue {
    resources: u32,
    seed: u64,
    members: Vec<Members>,
    /// Sums of the weights of the topics up to and with each.
    cumulative: Vec<f64>,
}

impl PowerLawCatalogue {
    pub(super) fn new(resources: u32, seed: u64) -> Self {
        let n_topics = (resources / RESOURCES_PER_TOPIC).clamp(MIN_TOPICS, MAX_TOPICS);
        let mut this =
            Self { resources, seed, members: Vec::new(), cumulative: Vec::with_capacity(n_topics as usize) };
        this.members.resize_with(n_topics as usize, Members::default);
        for resource in 0..resources {
            let topic = this.topic_of(resource);
            if let Some(members) = this.members.get_mut(topic as usize) {
                members.by_age.push(resource);
            }
        }
        let mut ranked: Vec<u32> = (0..resources).collect();
        ranked.sort_by_cached_key(|resource| scattered(u64::from(*resource), STREAM_OF_RANKS, seed));
        let shift = (f64::from(resources) * POPULARITY_SHIFT).max(1.0);
        for (rank, resource) in ranked.into_iter().enumerate() {
            let topic = this.topic_of(resource);
            let weight = (rank as f64 + shift).powf(-POPULARITY_EXPONENT);
            if let Some(members) = this.members.get_mut(topic as usize) {
                members.by_popularity.push(resource);
                members.cumulative.push(members.cumulative.last().copied().unwrap_or_default() + weight);
            }
        }
        let mut total = 0.0;
        for members in &this.members {
            total += members.cumulative.last().copied().unwrap_or_default();
            this.cumulative.push(total);
        }
        this
    }

    pub(super) fn n_topics(&self) -> u32 {
        self.members.len() as u32
    }

    pub(super) fn topic_of(&self, resource: u32) -> u32 {
        let n_topics = self.members.len().max(1) as u64;
        (scattered(u64::from(resource), STREAM_OF_TOPICS, self.seed) % n_topics) as u32
    }

    /// Returns the number of resources that are published `seconds` after the begin.
    pub(super) fn n_published(&self, seconds: u32) -> u32 {
        let progress = f64::from(seconds) / f64::from(PERIOD_SECONDS);
        let share = OLD_SHARE + (1.0 - OLD_SHARE) * progress.min(1.0);
        ((f64::from(self.resources) * share) as u32).min(self.resources)
    }

    /// Returns the time of publication, in seconds after the begin; negative before it.
    pub(super) fn published_seconds(&self, resource: u32) -> i64 {
        // A resource counts as published once `n_published` exceeds its index.
        let place = f64::from(resource + 1) / f64::from(self.resources.max(1));
        if place <= OLD_SHARE {
            return (-(1.0 - place / OLD_SHARE) * OLD_SECONDS) as i64;
        }
        ((place - OLD_SHARE) / (1.0 - OLD_SHARE) * f64::from(PERIOD_SECONDS)) as i64
    }

    /// Draws a resource by popularity, of a topic or of all.
    pub(super) fn draw(&self, topic: Option<u32>, random: &mut StdRng) -> Option<u32> {
        let topic = topic.map_or_else(|| draw_place(&self.cumulative, random), |topic| topic as usize);
        let members = self.members.get(topic)?;
        members.by_popularity.get(draw_place(&members.cumulative, random)).copied()
    }

    /// Returns the next newer resource of the same topic.
    pub(super) fn next_newer(&self, resource: u32) -> Option<u32> {
        let by_age = &self.members.get(self.topic_of(resource) as usize)?.by_age;
        by_age.get(by_age.partition_point(|member| *member <= resource)).copied()
    }

    /// Returns the resources that a resource cites: older ones of its topic.
    pub(super) fn cited_by(&self, resource: u32) -> Vec<u32> {
        let mut random = stream(resource, STREAM_OF_CITATIONS, self.seed);
        let Some(members) = self.members.get(self.topic_of(resource) as usize) else { return Vec::new() };
        let place = members.by_age.partition_point(|member| *member < resource);
        let mut cited = Vec::new();
        for _ in 0..random.random_range(0..=MAX_CITATIONS) {
            let back = random.random_range(1..=CITED_PLACES);
            if let Some(older) = place.checked_sub(back).and_then(|place| members.by_age.get(place))
                && !cited.contains(older)
            {
                cited.push(*older);
            }
        }
        cited
    }

    /// Writes a resource without links.
    pub(super) fn write(&self, id: ResourceId, resource: u32, published_at: DateTime<Utc>) -> Resource {
        let mut random = stream(resource, STREAM_OF_TEXTS, self.seed);
        let number = self.topic_of(resource) as usize;
        let [first, ..] = &topics::ALL;
        let topic = topics::ALL.get(number % topics::ALL.len()).unwrap_or(first);
        let [first, ..] = &topic.subtopics;
        let place = number / topics::ALL.len() % topic.subtopics.len();
        let subtopic = topic.subtopics.get(place).unwrap_or(first);
        let words = Words::draw(&mut random, topic, subtopic);
        let title = words.title(&mut random);
        Resource {
            text: words.text(&mut random, subtopic.name),
            authors: authors(number, &mut random),
            subjects: vec![topic.name.into(), subtopic.name.into(), format!("collection {number}")],
            source: pick(&mut random, &topic.journals).map(Into::into),
            language: Some("en".into()),
            published_at: Some(published_at),
            quality: Some((35.0 + 60.0 * random.random::<f64>().sqrt()).round() / 100.0),
            ..Resource::new(id, title)
        }
    }
}

/// Draws one or two authors of a topic, the first ones most often.
fn authors(topic: usize, random: &mut StdRng) -> Vec<String> {
    let mut signed: Vec<String> = Vec::new();
    for _ in 0..random.random_range(1..=2) {
        let place = (random.random::<f64>().powi(2) * AUTHORS_PER_TOPIC as f64) as usize;
        let number = topic * AUTHORS_PER_TOPIC + place;
        let name = match number / DISTINCT_NAMES {
            0 => author_name(number),
            round => format!("{} {}", author_name(number), round + 1),
        };
        if !signed.contains(&name) {
            signed.push(name);
        }
    }
    signed
}

/// Returns the random numbers of one resource or user.
pub(super) fn stream(of: u32, stream: u64, seed: u64) -> StdRng {
    StdRng::seed_from_u64(scattered(u64::from(of), stream, seed))
}

/// Draws a place by weights of which the sums up to and with each are given.
fn draw_place(cumulative: &[f64], random: &mut StdRng) -> usize {
    let drawn = random.random::<f64>() * cumulative.last().copied().unwrap_or_default();
    cumulative.partition_point(|sum| *sum <= drawn).min(cumulative.len().saturating_sub(1))
}
