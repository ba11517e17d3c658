//! Operations, drawn from a seed.

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Number of resources that operations name.
pub const RESOURCES: u8 = 40;
/// Number of users that operations name.
pub const USERS: u8 = 10;
/// Number of sources of resources.
const SOURCES: u8 = 4;
/// Publications of a round: each trains a model.
const PUBLICATIONS: usize = 3;

/// Type of an interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    View,
    Annotation,
    CollectionAdd,
    Export,
    Rating,
    Dismiss,
}

/// One event of a user with a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub user: u8,
    pub resource: u8,
    pub kind: Kind,
    pub dwell_seconds: Option<f64>,
    pub scroll_depth: Option<f64>,
    /// Rating, in halves of stars.
    pub half_stars: Option<u8>,
    /// Time in seconds from the first; `None` if it is not known.
    pub at: Option<i64>,
}

/// Content of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub title: u32,
    pub source: Option<u8>,
    pub is_hidden: bool,
    pub is_unpublished: bool,
}

/// Resources that count as seen in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Any,
    Positive,
    Included,
}

/// One step of a round.
#[derive(Debug, Clone)]
pub enum Operation {
    Ingest(Vec<(u8, Content)>),
    Patch {
        resource: u8,
        title: Option<u32>,
        source: Option<Option<u8>>,
        is_hidden: Option<bool>,
    },
    Delete(u8),
    Hide {
        resources: Vec<u8>,
        is_hidden: bool,
    },
    /// With a key, the request can be repeated. One event without a batch is sent as such.
    Record {
        events: Vec<Event>,
        is_batch: bool,
        is_keyed: bool,
    },
    /// Sends an earlier request with a key again.
    Repeat(usize),
    TakeBack {
        user: u8,
        resource: u8,
        kind: Option<Kind>,
    },
    Profile {
        user: u8,
        diversity: Option<Option<f64>>,
        domain: Option<Option<u8>>,
        excluded: Option<Vec<u8>>,
    },
    Erase(u8),
    Merge {
        from: u8,
        into: u8,
    },
    Recommend {
        user: u8,
        seen: Seen,
        excluded: Vec<u8>,
    },
    Pages {
        user: u8,
        limit: usize,
    },
    Similar(u8),
    Rank {
        user: u8,
        resources: Vec<u8>,
    },
    /// Feedback on a place of an earlier answer of the user.
    Feedback {
        user: u8,
        answer: usize,
        place: usize,
        is_useful: Option<bool>,
    },
    Publish,
    Restart,
    Kill,
}

impl Operation {
    /// Returns true if everything should be compared after it.
    pub fn is_sweeping(&self) -> bool {
        matches!(self, Self::Publish | Self::Restart | Self::Kill)
    }
}

/// Returns the operations of a seed: first a catalogue, and then whatever comes.
pub fn generate(seed: u64, length: usize) -> Vec<Operation> {
    let mut draw = Draw { rng: StdRng::seed_from_u64(seed), times: BTreeSet::new() };
    let catalogue = (0..RESOURCES * 3 / 4).map(|resource| (resource, draw.content())).collect();
    let mut operations = vec![Operation::Ingest(catalogue)];
    while operations.len() < length {
        let share = length / (PUBLICATIONS + 1);
        operations.push(if operations.len().is_multiple_of(share.max(100)) {
            Operation::Publish
        } else {
            draw.operation()
        });
    }
    operations
}

struct Draw {
    rng: StdRng,
    /// Times that are taken, so that the newest of two ratings is always known.
    times: BTreeSet<i64>,
}

impl Draw {
    fn operation(&mut self) -> Operation {
        let (user, resource) = (self.user(), self.resource());
        match self.rng.random_range(0..1_000) {
            0..60 => Operation::Ingest(
                (0..self.rng.random_range(1..5)).map(|_| (self.resource(), self.content())).collect(),
            ),
            60..100 => Operation::Patch {
                resource,
                title: self.maybe(0.5).then(|| self.rng.random_range(0..1_000)),
                source: self.maybe(0.5).then(|| self.source()),
                is_hidden: self.maybe(0.3).then(|| self.maybe(0.5)),
            },
            100..120 => Operation::Delete(resource),
            120..150 => Operation::Hide { resources: self.resources(5), is_hidden: self.maybe(0.4) },
            150..480 => self.record(),
            480..520 => Operation::Repeat(self.rng.random_range(0..20)),
            520..580 => Operation::TakeBack { user, resource, kind: self.maybe(0.5).then(|| self.kind()) },
            580..630 => Operation::Profile {
                user,
                diversity: self
                    .maybe(0.5)
                    .then(|| self.maybe(0.8).then(|| f64::from(self.rng.random_range(0_u8..5)) / 4.0)),
                domain: self.maybe(0.3).then(|| self.maybe(0.7).then(|| self.rng.random_range(0..9))),
                excluded: self.maybe(0.5).then(|| (0..SOURCES).filter(|_| self.maybe(0.2)).collect()),
            },
            630..650 => Operation::Erase(user),
            650..665 => {
                Operation::Merge { from: user, into: (user + self.rng.random_range(1..USERS)) % USERS }
            }
            665..795 => Operation::Recommend {
                user,
                seen: *self.one_of(&[Seen::Any, Seen::Any, Seen::Positive, Seen::Included]),
                excluded: if self.maybe(0.2) { self.resources(4) } else { Vec::new() },
            },
            795..825 => Operation::Pages { user, limit: self.rng.random_range(1..12) },
            825..865 => Operation::Similar(resource),
            865..905 => Operation::Rank { user, resources: self.resources(8) },
            905..995 => Operation::Feedback {
                user,
                answer: self.rng.random_range(0..4),
                place: self.rng.random_range(0..10),
                is_useful: *self.one_of(&[None, Some(true), Some(false)]),
            },
            995..997 => Operation::Restart,
            _ => Operation::Kill,
        }
    }

    fn record(&mut self) -> Operation {
        let is_batch = self.maybe(0.3);
        let length = if is_batch { self.rng.random_range(1..7) } else { 1 };
        let events = (0..length).map(|_| self.event()).collect();
        Operation::Record { events, is_batch, is_keyed: self.maybe(0.4) }
    }

    fn event(&mut self) -> Event {
        let kind = self.kind();
        let is_view = kind == Kind::View;
        let half_stars = (kind == Kind::Rating).then(|| self.rng.random_range(1..=10));
        let at = match self.rng.random_range(0..10) {
            0 if kind != Kind::Rating => None,
            // Several at one time.
            1 if kind != Kind::Rating => Some(5_000_000),
            _ => Some(self.time()),
        };
        Event {
            user: self.user(),
            resource: self.resource(),
            kind,
            dwell_seconds: (is_view && self.maybe(0.6)).then(|| *self.one_of(&[0.0, 45.0, 300.0, 2_000.0])),
            scroll_depth: (is_view && self.maybe(0.6)).then(|| *self.one_of(&[0.0, 0.5, 0.8, 1.0])),
            half_stars,
            at,
        }
    }

    fn time(&mut self) -> i64 {
        loop {
            let time = self.rng.random_range(0..10_000_000);
            if self.times.insert(time) {
                return time;
            }
        }
    }

    fn content(&mut self) -> Content {
        Content {
            title: self.rng.random_range(0..1_000),
            source: self.source(),
            is_hidden: self.maybe(0.1),
            is_unpublished: self.maybe(0.05),
        }
    }

    fn source(&mut self) -> Option<u8> {
        self.maybe(0.8).then(|| self.rng.random_range(0..SOURCES))
    }

    fn kind(&mut self) -> Kind {
        use Kind::{Annotation, CollectionAdd, Dismiss, Export, Rating, View};
        *self.one_of(&[View, View, View, Annotation, CollectionAdd, Export, Rating, Rating, Dismiss])
    }

    fn user(&mut self) -> u8 {
        self.rng.random_range(0..USERS)
    }

    fn resource(&mut self) -> u8 {
        self.rng.random_range(0..RESOURCES)
    }

    /// Returns at least one resource, each once.
    fn resources(&mut self, max: usize) -> Vec<u8> {
        let length = self.rng.random_range(1..=max);
        (0..length).map(|_| self.resource()).collect::<BTreeSet<u8>>().into_iter().collect()
    }

    fn maybe(&mut self, probability: f64) -> bool {
        self.rng.random_bool(probability)
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.rng.random_range(0..choices.len())]
    }
}
