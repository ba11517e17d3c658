//! The interactions of users: visits by taste and by chance, returns and follow-ups.

use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{InteractionType, NewInteraction, Signals};
use rand::{RngExt, rngs::StdRng};

use crate::{
    LibraryConfig,
    catalogue::{Catalogue, CatalogueItem, draw_weighted},
    users::{Liking, SimulatedUser},
};

/// Length of the simulated time, in days.
const PERIOD_DAYS: f64 = 180.0;
/// Probability that a user chooses by popularity alone.
const CHANCE_OF_NOISE: f64 = 0.10;
/// Probability that such a choice pleases the user.
const CHANCE_OF_SURPRISE: f64 = 0.45;
/// Probability that a user returns to a resource that pleased.
const CHANCE_OF_RETURN: f64 = 0.08;
/// Probability that a second interaction follows a visit that the user loved.
const CHANCE_OF_MORE: f64 = 0.35;
/// Probability that a resource which did not please is dismissed.
const CHANCE_OF_DISMISSAL: f64 = 0.12;
/// Number of interactions per follow-up.
const INTERACTIONS_PER_FOLLOW_UP: usize = 5;
/// Factor of the attraction of the favourite subtopic.
const SUBTOPIC_PULL: f64 = 5.0;
/// Factor of the attraction of the favourite author.
const AUTHOR_PULL: f64 = 4.0;

/// The reaction of a user to a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reception {
    Loved,
    Liked,
    Indifferent,
}

/// Simulates all users and returns their interactions, oldest first.
pub(crate) fn simulate(
    config: &LibraryConfig,
    catalogue: &Catalogue,
    users: &[SimulatedUser],
    random: &mut StdRng,
) -> Vec<NewInteraction> {
    let mut all = Vec::with_capacity(users.len() * config.interactions_per_user);
    for user in users {
        let seen = vec![false; catalogue.all.len()];
        all.extend(Simulation { config, catalogue, user, seen, liked: Vec::new() }.run(random));
    }
    all.sort_by_key(|interaction| interaction.at);
    all
}

/// The simulation of one user.
struct Simulation<'a> {
    config: &'a LibraryConfig,
    catalogue: &'a Catalogue,
    user: &'a SimulatedUser,
    /// True for each resource that the user has seen, by its index.
    seen: Vec<bool>,
    /// Indices of the resources that pleased.
    liked: Vec<usize>,
}

impl Simulation<'_> {
    fn run(mut self, random: &mut StdRng) -> Vec<NewInteraction> {
        let wanted = self.config.interactions_per_user;
        let planned = wanted - wanted / INTERACTIONS_PER_FOLLOW_UP;
        let mut visits: Vec<f64> = (0..planned).map(|_| random.random::<f64>() * PERIOD_DAYS).collect();
        visits.sort_by(|a, b| b.total_cmp(a));
        // If there are fewer follow-ups than planned, visits of the last days fill the gap.
        visits.extend((0..wanted).map(|left| 1.0 / (left + 2) as f64));
        let mut follow_ups = wanted - planned;
        let mut done = Vec::with_capacity(wanted);
        for days_before in visits {
            if done.len() >= wanted {
                break;
            }
            // Two hours keep follow-ups before the end of the simulated time.
            let at = self.config.until - TimeDelta::seconds((days_before * 86_400.0) as i64 + 2 * 3_600);
            let Some((index, reception)) = self.choose(random, at) else { continue };
            let Some(item) = self.catalogue.all.get(index) else { continue };
            done.push(self.read(random, item, reception, at));
            if follow_ups > 0
                && done.len() < wanted
                && let Some(more) = self.follow_up(random, item, reception, at)
            {
                follow_ups -= 1;
                done.push(more);
            }
        }
        done
    }

    /// Chooses the next resource, by its index, and the reaction to it.
    fn choose(&mut self, random: &mut StdRng, at: DateTime<Utc>) -> Option<(usize, Reception)> {
        if random.random_bool(CHANCE_OF_RETURN) && !self.liked.is_empty() {
            let again = self.liked.get(random.random_range(0..self.liked.len())).copied()?;
            return Some((again, Reception::Loved));
        }
        if random.random_bool(CHANCE_OF_NOISE) {
            let index =
                draw_weighted(random, self.unseen(at).map(|(_, item)| item.map_or(0.0, |s| s.appeal)))?;
            self.see(index);
            if random.random_bool(CHANCE_OF_SURPRISE) {
                self.liked.push(index);
                return Some((index, Reception::Liked));
            }
            return Some((index, Reception::Indifferent));
        }
        let weights = self.unseen(at).map(|(_, item)| item.map_or(0.0, |item| self.pull(item, at)));
        let Some(index) = draw_weighted(random, weights) else {
            // All resources to the user's taste are seen, so the user returns to one that pleased.
            let again = self.liked.get(random.random_range(0..self.liked.len().max(1))).copied()?;
            return Some((again, Reception::Liked));
        };
        self.see(index);
        let item = self.catalogue.all.get(index)?;
        let loved =
            self.user.liking_of(item.place.topic).is_some_and(|liking| self.is_favourite(liking, item));
        let reception = match (loved, random.random::<f64>()) {
            (true, chance) if chance < 0.75 => Reception::Loved,
            (false, chance) if chance < 0.25 => Reception::Loved,
            (_, chance) if chance < 0.92 => Reception::Liked,
            _ => Reception::Indifferent,
        };
        if reception != Reception::Indifferent {
            self.liked.push(index);
        }
        Some((index, reception))
    }

    /// Returns every index of the catalogue, with the resource if it is published and not seen yet.
    fn unseen(&self, at: DateTime<Utc>) -> impl Iterator<Item = (usize, Option<&CatalogueItem>)> + Clone {
        self.catalogue.all.iter().zip(&self.seen).enumerate().map(move |(index, (item, seen))| {
            let appeared = item.resource.published_at.is_none_or(|published| published < at);
            (index, Some(item).filter(|_| appeared && !seen))
        })
    }

    /// Returns the attraction of a resource for the user.
    fn pull(&self, item: &CatalogueItem, at: DateTime<Utc>) -> f64 {
        let Some(liking) = self.user.liking_of(item.place.topic) else { return 0.0 };
        let subtopic = if liking.subtopic == item.place.subtopic { SUBTOPIC_PULL } else { 1.0 };
        let author = if self.by_favourite(item) { AUTHOR_PULL } else { 1.0 };
        let is_new = item.resource.published_at.is_some_and(|published| at - published < TimeDelta::days(60));
        liking.weight * item.appeal * subtopic * author * if is_new { 2.0 } else { 1.0 }
    }

    fn is_favourite(&self, liking: &Liking, item: &CatalogueItem) -> bool {
        liking.subtopic == item.place.subtopic || self.by_favourite(item)
    }

    fn by_favourite(&self, item: &CatalogueItem) -> bool {
        item.resource.authors.contains(&self.user.user.favourite_author)
    }

    fn see(&mut self, index: usize) {
        if let Some(seen) = self.seen.get_mut(index) {
            *seen = true;
        }
    }

    fn read(
        &self,
        random: &mut StdRng,
        item: &CatalogueItem,
        reception: Reception,
        at: DateTime<Utc>,
    ) -> NewInteraction {
        if reception == Reception::Indifferent && random.random_bool(CHANCE_OF_DISMISSAL) {
            return self.interaction(item, InteractionType::Dismiss, Signals::default(), at);
        }
        let (dwell, scroll) = match reception {
            Reception::Loved => (random.random_range(300..1_500u32), random.random_range(60..=100u32)),
            Reception::Liked => (random.random_range(220..700), random.random_range(40..=90)),
            Reception::Indifferent => (random.random_range(4..70), random.random_range(0..30)),
        };
        let signals = Signals {
            dwell_seconds: Some(f64::from(dwell)),
            scroll_depth: Some(f64::from(scroll) / 100.0),
            ..Signals::default()
        };
        self.interaction(item, InteractionType::View, signals, at)
    }

    /// Draws the action that follows a visit, if any.
    fn follow_up(
        &self,
        random: &mut StdRng,
        item: &CatalogueItem,
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
        Some(self.interaction(item, kind, signals, at + later))
    }

    fn interaction(
        &self,
        item: &CatalogueItem,
        interaction_type: InteractionType,
        signals: Signals,
        at: DateTime<Utc>,
    ) -> NewInteraction {
        let user_id = &self.user.user.id;
        NewInteraction { signals, ..NewInteraction::new(user_id, &item.resource.id, interaction_type, at) }
    }
}
