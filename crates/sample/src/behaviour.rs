//! What people do.

use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{InteractionType, NewInteraction, Signals, UserId};
use rand::{RngExt, rngs::StdRng};

use crate::{
    LibraryConfig,
    catalogue::{Shelved, Shelves, draw_weighted},
    people::{Liking, Reader},
};

/// The first interaction is at most this long before the end.
const DAYS: f64 = 180.0;
/// How often a reader picks up whatever others read.
const CHANCE_OF_NOISE: f64 = 0.10;
/// How often that pleases after all: what is popular is not popular for nothing.
const CHANCE_OF_SURPRISE: f64 = 0.45;
/// How often a reader comes back to something they liked.
const CHANCE_OF_RETURN: f64 = 0.08;
/// How often a second interaction follows a reading that pleased.
const CHANCE_OF_MORE: f64 = 0.35;
/// How often something picked up by chance is dismissed.
const CHANCE_OF_DISMISSAL: f64 = 0.12;
/// One in this many interactions follows another.
const SHARE_OF_FOLLOW_UPS: usize = 5;
/// How much more the preferred corner of a topic draws, and the favourite author.
const PULL_OF_CORNER: f64 = 5.0;
const PULL_OF_AUTHOR: f64 = 4.0;

/// How a reading went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reception {
    Loved,
    Liked,
    Indifferent,
}

pub(crate) fn act_out(
    config: &LibraryConfig,
    shelves: &Shelves,
    readers: &[Reader],
    random: &mut StdRng,
) -> Vec<NewInteraction> {
    let of_reader =
        |reader| Life { config, shelves, reader, seen: vec![false; shelves.all.len()], liked: Vec::new() };
    let mut all: Vec<NewInteraction> =
        readers.iter().flat_map(|reader| of_reader(reader).live(random)).collect();
    all.sort_by_key(|interaction| interaction.at);
    all
}

/// One reader's time in the library.
struct Life<'a> {
    config: &'a LibraryConfig,
    shelves: &'a Shelves,
    reader: &'a Reader,
    seen: Vec<bool>,
    liked: Vec<usize>,
}

impl Life<'_> {
    fn live(mut self, random: &mut StdRng) -> Vec<NewInteraction> {
        let wanted = self.config.interactions_per_user;
        let planned = wanted - wanted / SHARE_OF_FOLLOW_UPS;
        let mut visits: Vec<f64> = (0..planned).map(|_| random.random::<f64>() * DAYS).collect();
        visits.sort_by(|a, b| b.total_cmp(a));
        // If fewer things were followed up than planned, the last days are busier.
        visits.extend((0..wanted).map(|left| 1.0 / (left + 2) as f64));
        let mut follow_ups = wanted - planned;
        let mut done = Vec::with_capacity(wanted);
        for days_before in visits {
            if done.len() >= wanted {
                break;
            }
            // Two hours more keep what follows a reading before the end.
            let at = self.config.until - TimeDelta::seconds((days_before * 86_400.0) as i64 + 2 * 3_600);
            let Some((place, reception)) = self.choose(random, at) else { continue };
            let Some(shelved) = self.shelves.all.get(place) else { continue };
            done.push(self.read(random, shelved, reception, at));
            if follow_ups > 0
                && done.len() < wanted
                && let Some(more) = self.follow_up(random, shelved, reception, at)
            {
                follow_ups -= 1;
                done.push(more);
            }
        }
        done
    }

    fn choose(&mut self, random: &mut StdRng, at: DateTime<Utc>) -> Option<(usize, Reception)> {
        if random.random_bool(CHANCE_OF_RETURN) && !self.liked.is_empty() {
            let again = self.liked.get(random.random_range(0..self.liked.len())).copied()?;
            return Some((again, Reception::Loved));
        }
        if random.random_bool(CHANCE_OF_NOISE) {
            let place =
                draw_weighted(random, self.unseen(at).map(|(_, shelved)| shelved.map_or(0.0, |s| s.appeal)))?;
            self.see(place);
            if random.random_bool(CHANCE_OF_SURPRISE) {
                self.liked.push(place);
                return Some((place, Reception::Liked));
            }
            return Some((place, Reception::Indifferent));
        }
        let weights =
            self.unseen(at).map(|(_, shelved)| shelved.map_or(0.0, |shelved| self.pull(shelved, at)));
        let Some(place) = draw_weighted(random, weights) else {
            // Everything to one's taste is read: back to the favourites.
            let again = self.liked.get(random.random_range(0..self.liked.len().max(1))).copied()?;
            return Some((again, Reception::Liked));
        };
        self.see(place);
        let shelved = self.shelves.all.get(place)?;
        let loved = self
            .reader
            .liking_of(shelved.shelf.topic)
            .is_some_and(|liking| self.is_favourite(liking, shelved));
        let reception = match (loved, random.random::<f64>()) {
            (true, chance) if chance < 0.75 => Reception::Loved,
            (false, chance) if chance < 0.25 => Reception::Loved,
            (_, chance) if chance < 0.92 => Reception::Liked,
            _ => Reception::Indifferent,
        };
        if reception != Reception::Indifferent {
            self.liked.push(place);
        }
        Some((place, reception))
    }

    /// Every place of the catalogue, with what stands there where it has appeared and was not read yet.
    fn unseen(&self, at: DateTime<Utc>) -> impl Iterator<Item = (usize, Option<&Shelved>)> + Clone {
        self.shelves.all.iter().zip(&self.seen).enumerate().map(move |(place, (shelved, seen))| {
            let appeared = shelved.resource.published_at.is_none_or(|published| published < at);
            (place, Some(shelved).filter(|_| appeared && !seen))
        })
    }

    fn pull(&self, shelved: &Shelved, at: DateTime<Utc>) -> f64 {
        let Some(liking) = self.reader.liking_of(shelved.shelf.topic) else { return 0.0 };
        let corner = if liking.corner == shelved.shelf.corner { PULL_OF_CORNER } else { 1.0 };
        let author = if self.by_favourite(shelved) { PULL_OF_AUTHOR } else { 1.0 };
        let is_new =
            shelved.resource.published_at.is_some_and(|published| at - published < TimeDelta::days(60));
        liking.weight * shelved.appeal * corner * author * if is_new { 2.0 } else { 1.0 }
    }

    fn is_favourite(&self, liking: &Liking, shelved: &Shelved) -> bool {
        liking.corner == shelved.shelf.corner || self.by_favourite(shelved)
    }

    fn by_favourite(&self, shelved: &Shelved) -> bool {
        shelved.resource.authors.contains(&self.reader.person.favourite_author)
    }

    fn see(&mut self, place: usize) {
        if let Some(seen) = self.seen.get_mut(place) {
            *seen = true;
        }
    }

    fn read(
        &self,
        random: &mut StdRng,
        shelved: &Shelved,
        reception: Reception,
        at: DateTime<Utc>,
    ) -> NewInteraction {
        if reception == Reception::Indifferent && random.random_bool(CHANCE_OF_DISMISSAL) {
            return self.interaction(shelved, InteractionType::Dismiss, Signals::default(), at);
        }
        let (dwell, scroll) = match reception {
            Reception::Loved => (random.random_range(300..1_500u32), random.random_range(60..=100u32)),
            Reception::Liked => (random.random_range(220..700), random.random_range(40..=90)),
            Reception::Indifferent => (random.random_range(4..70), random.random_range(0..30)),
        };
        let signals = Signals {
            dwell_seconds: Some(f64::from(dwell)),
            scroll_depth: Some(f64::from(scroll) / 100.0),
            rating: None,
        };
        self.interaction(shelved, InteractionType::View, signals, at)
    }

    /// What a reader does with a thing after reading it.
    fn follow_up(
        &self,
        random: &mut StdRng,
        shelved: &Shelved,
        reception: Reception,
        at: DateTime<Utc>,
    ) -> Option<NewInteraction> {
        let chance = if reception == Reception::Loved { CHANCE_OF_MORE } else { CHANCE_OF_MORE / 3.0 };
        if !random.random_bool(chance) {
            return None;
        }
        let stars = match reception {
            Reception::Loved => random.random_range(8..=10u8),
            Reception::Liked => random.random_range(6..=8),
            Reception::Indifferent => random.random_range(2..=5),
        };
        let rating = Signals { rating: Some(f64::from(stars) / 2.0), ..Signals::default() };
        let (kind, signals) = match (reception, random.random_range(0..10u8)) {
            (Reception::Indifferent, _) | (_, 0..=4) => (InteractionType::Rating, rating),
            (_, 5..=7) => (InteractionType::CollectionAdd, Signals::default()),
            (_, 8) => (InteractionType::Annotation, Signals::default()),
            _ => (InteractionType::Export, Signals::default()),
        };
        let later = TimeDelta::seconds(random.random_range(60..3_600));
        Some(self.interaction(shelved, kind, signals, at + later))
    }

    fn interaction(
        &self,
        shelved: &Shelved,
        interaction_type: InteractionType,
        signals: Signals,
        at: DateTime<Utc>,
    ) -> NewInteraction {
        let user_id: UserId = self.reader.person.id.clone();
        NewInteraction { user_id, resource_id: shelved.resource.id.clone(), interaction_type, signals, at }
    }
}
