//! The rules that must hold, and nothing else: no cache, no index, no sums.

use std::collections::{BTreeMap, BTreeSet};

use crate::operation::{Content, Event, Kind, Seen};

/// Strength above which an interaction is positive.
const POSITIVE: f64 = 0.4;
/// Rating, in halves of stars, up to which it is negative.
const NEGATIVE_HALF_STARS: u8 = 4;

/// State of all resources and users.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Resources that exist, hidden ones too.
    pub resources: BTreeMap<u8, Content>,
    pub users: BTreeMap<u8, User>,
    /// Number of verdicts so far: later ones are newer.
    verdicts: u64,
}

/// State of one user.
#[derive(Debug, Default, Clone)]
pub struct User {
    /// True from first use to erasure.
    pub is_known: bool,
    /// True if there are preferences, set or at their defaults.
    pub has_profile: bool,
    pub preferences: Preferences,
    pub events: Vec<Event>,
    /// Newest verdict on each resource, with its order.
    pub verdicts: BTreeMap<u8, (u64, bool)>,
}

/// Preferences that operations change.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    pub diversity: f64,
    pub domain: Option<u8>,
    pub excluded: Vec<u8>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { diversity: 0.25, domain: None, excluded: Vec::new() }
    }
}

/// All events of one user with one resource, of one type.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub strength: f64,
    pub repeats: usize,
    pub first_at: Option<i64>,
    pub last_at: Option<i64>,
    pub half_stars: Option<u8>,
}

/// Returns the strength of one event.
fn strength(event: &Event) -> f64 {
    match event.kind {
        Kind::View => {
            let dwell = (event.dwell_seconds.unwrap_or(0.0) / 1_000.0).min(0.3);
            (0.1 + dwell + 0.1 * event.scroll_depth.unwrap_or(0.0)).min(0.5)
        }
        Kind::Annotation => 0.7,
        Kind::CollectionAdd => 0.8,
        Kind::Export => 0.9,
        Kind::Rating => 0.1 * f64::from(event.half_stars.unwrap_or(0)),
        Kind::Dismiss => 0.0,
    }
}

impl User {
    /// Returns the newest rating of a resource: an opinion, and not a count.
    fn rating(&self, resource: u8) -> Option<&Event> {
        self.of(resource).filter(|event| event.kind == Kind::Rating).max_by_key(|event| event.at)
    }

    fn of(&self, resource: u8) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.resource == resource)
    }

    /// Returns the row of a resource and a type.
    pub fn row(&self, resource: u8, kind: Kind) -> Option<Row> {
        let events: Vec<&Event> = self.of(resource).filter(|event| event.kind == kind).collect();
        let rating = self.rating(resource).filter(|_| kind == Kind::Rating);
        let largest = events.iter().map(|event| strength(event)).reduce(f64::max)?;
        Some(Row {
            strength: rating.map_or(largest, strength),
            repeats: events.len() - 1,
            first_at: events.iter().filter_map(|event| event.at).min(),
            last_at: events.iter().filter_map(|event| event.at).max(),
            half_stars: rating.and_then(|event| event.half_stars),
        })
    }

    /// Returns the resources and types of all rows.
    pub fn rows(&self) -> BTreeSet<(u8, Kind)> {
        self.events.iter().map(|event| (event.resource, event.kind)).collect()
    }

    /// Returns true if the last word on the resource is negative: a dismissal, or a rating of at
    /// most 2 stars. At equal times it stands.
    pub fn is_rejected(&self, resource: u8) -> bool {
        let [positive, negative] = self.words(resource);
        negative.is_some_and(|negative| positive.is_none_or(|positive| negative >= positive))
    }

    fn is_liked(&self, resource: u8) -> bool {
        self.words(resource)[0].is_some() && !self.is_rejected(resource)
    }

    /// Returns the times of the newest positive and the newest negative word, `None` where there is
    /// none. An unknown time is older than any other.
    fn words(&self, resource: u8) -> [Option<Option<i64>>; 2] {
        let rating = self.rating(resource);
        // Of ratings, only the newest is a word.
        let words = self.of(resource).filter(|event| event.kind != Kind::Rating).chain(rating);
        let mut newest = [None; 2];
        for event in words {
            let is_negative = match event.kind {
                Kind::Dismiss => true,
                _ => event.half_stars.is_some_and(|halves| halves <= NEGATIVE_HALF_STARS),
            };
            let is_positive = strength(event) > POSITIVE + 1e-9;
            for (newest, holds) in newest.iter_mut().zip([is_positive, is_negative]) {
                if holds {
                    *newest = (*newest).max(Some(event.at));
                }
            }
        }
        newest
    }

    fn has_seen(&self, resource: u8, seen: Seen) -> bool {
        let is_useful = self.verdicts.get(&resource).is_some_and(|(_, is_useful)| *is_useful);
        match seen {
            Seen::Any => self.of(resource).next().is_some() || is_useful,
            Seen::Positive => self.is_liked(resource) || is_useful,
            Seen::Included => false,
        }
    }
}

impl Oracle {
    pub fn user(&self, user: u8) -> User {
        self.users.get(&user).cloned().unwrap_or_default()
    }

    pub fn user_mut(&mut self, user: u8) -> &mut User {
        self.users.entry(user).or_default()
    }

    /// Returns true for a resource that may be shown to anyone.
    pub fn is_visible(&self, resource: u8) -> bool {
        self.resources.get(&resource).is_some_and(|content| !content.is_hidden)
    }

    /// Returns the resources that may be recommended to a user.
    pub fn recommendable(&self, user: u8, seen: Seen, excluded: &[u8]) -> BTreeSet<u8> {
        let user = self.user(user);
        let allowed = self.resources.iter().filter(|&(resource, content)| {
            !content.is_hidden
                && !content.is_unpublished
                && !user.has_seen(*resource, seen)
                && !user.is_rejected(*resource)
                && !content.source.is_some_and(|source| user.preferences.excluded.contains(&source))
                && !excluded.contains(resource)
        });
        allowed.map(|(resource, _)| *resource).collect()
    }

    /// Returns the number of events of all users with a resource.
    pub fn views(&self, resource: u8) -> usize {
        self.users.values().map(|user| user.of(resource).count()).sum()
    }

    /// Records those of the events whose resource exists, and returns their number.
    pub fn record(&mut self, events: &[Event]) -> usize {
        let known: Vec<&Event> =
            events.iter().filter(|event| self.resources.contains_key(&event.resource)).collect();
        for event in &known {
            let user = self.users.entry(event.user).or_default();
            (user.is_known, user.has_profile) = (true, true);
            user.events.push((*event).clone());
        }
        known.len()
    }

    /// Takes interactions back, and returns the number of rows.
    pub fn take_back(&mut self, user: u8, resource: u8, kind: Option<Kind>) -> usize {
        let user = self.user_mut(user);
        let goes = |event: &Event| event.resource == resource && kind.is_none_or(|kind| event.kind == kind);
        let rows: BTreeSet<Kind> = user.events.iter().filter(|of| goes(of)).map(|of| of.kind).collect();
        user.events.retain(|event| !goes(event));
        rows.len()
    }

    /// Notes the verdict of a user.
    pub fn judge(&mut self, user: u8, resource: u8, is_useful: bool) {
        self.verdicts += 1;
        let verdict = (self.verdicts, is_useful);
        let user = self.user_mut(user);
        user.is_known = true;
        user.verdicts.insert(resource, verdict);
    }

    /// Makes a user a part of another. Preferences move to a user without a profile only.
    pub fn merge(&mut self, from: u8, into: u8) {
        let from = self.users.remove(&from).unwrap_or_default();
        let into = self.user_mut(into);
        if !into.has_profile && from.has_profile {
            into.preferences = from.preferences;
        }
        into.is_known = true;
        into.has_profile |= from.has_profile;
        into.events.extend(from.events);
        for (resource, verdict) in from.verdicts {
            let newest = into.verdicts.get(&resource).map_or(verdict, |own| verdict.max(*own));
            into.verdicts.insert(resource, newest);
        }
    }
}
