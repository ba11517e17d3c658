//! The history of one user of a large library.

use std::collections::HashSet;

use rand::{RngExt, rngs::StdRng};

use super::{
    DenseInteraction, PERIOD_SECONDS,
    catalogue::{PowerLawCatalogue, stream},
};

/// Interactions of a sitting, on average.
const INTERACTIONS_PER_SITTING: u32 = 5;
/// Largest pause within a sitting, in seconds.
const MAX_PAUSE_SECONDS: u32 = 600;
/// Shares of visits that continue the topic, that pick something new, and that are chance. The
/// others follow the taste of the user.
const CONTINUES: f64 = 0.20;
const PICKS_NEW: f64 = 0.08;
const CHANCE: f64 = 0.10;
/// Share of the published resources that count as new.
const NEW_SHARE: f64 = 0.01;
/// Draws before the next resource that the user has not seen is taken instead.
const MAX_DRAWS: usize = 8;
const STREAM_OF_HISTORIES: u64 = 6;

/// Generates the history of a user, oldest first.
pub(super) fn generate(
    catalogue: &PowerLawCatalogue,
    tastes: &[u32],
    user: u32,
    length: u32,
    seed: u64,
) -> Vec<DenseInteraction> {
    let mut random = stream(user, STREAM_OF_HISTORIES, seed);
    let mut seen: HashSet<u32> = HashSet::with_capacity(length as usize);
    let mut history: Vec<DenseInteraction> = Vec::with_capacity(length as usize);
    for seconds in times(length, &mut random) {
        let last = history.last().map(|interaction| interaction.resource);
        let n_published = catalogue.n_published(seconds);
        let mut drawn = None;
        for _ in 0..MAX_DRAWS {
            let resource = draw(catalogue, tastes, last, n_published, &mut random);
            drawn = resource.filter(|resource| *resource < n_published && !seen.contains(resource));
            if drawn.is_some() {
                break;
            }
        }
        let start = random.random_range(0..n_published.max(1));
        let mut others = (start..n_published).chain(0..start);
        let Some(resource) = drawn.or_else(|| others.find(|other| !seen.contains(other))) else { continue };
        seen.insert(resource);
        history.push(DenseInteraction { seconds, user, resource });
    }
    history
}

/// Draws the times of a history, ascending.
fn times(length: u32, random: &mut StdRng) -> Vec<u32> {
    let mut times: Vec<u32> = Vec::with_capacity(length as usize);
    let joined = random.random_range(0..PERIOD_SECONDS / 2);
    while times.len() < length as usize {
        let mut at = random.random_range(joined..PERIOD_SECONDS);
        for _ in 0..random.random_range(1..2 * INTERACTIONS_PER_SITTING) {
            if times.len() < length as usize {
                times.push(at.min(PERIOD_SECONDS - 1));
            }
            at += random.random_range(1..=MAX_PAUSE_SECONDS);
        }
    }
    times.sort_unstable();
    times
}

/// Draws the next resource; `None` if the draw cannot be followed.
fn draw(
    catalogue: &PowerLawCatalogue,
    tastes: &[u32],
    last: Option<u32>,
    n_published: u32,
    random: &mut StdRng,
) -> Option<u32> {
    let kind = random.random::<f64>();
    if kind < CONTINUES {
        return catalogue.next_newer(last?);
    }
    if kind < CONTINUES + PICKS_NEW {
        // The third power prefers the very newest, so that some are popular for a while.
        let back = random.random::<f64>().powi(3) * NEW_SHARE * f64::from(n_published);
        return n_published.checked_sub(1 + back as u32);
    }
    if kind < CONTINUES + PICKS_NEW + CHANCE {
        return catalogue.draw(None, random);
    }
    // Each taste is half as strong as the one before, down to a floor that reaches the last.
    let mut place = 0;
    while place + 1 < tastes.len() && random.random_bool(0.5) {
        place += 1;
    }
    if place > 2 {
        place = random.random_range(2..tastes.len());
    }
    catalogue.draw(Some(*tastes.get(place)?), random)
}
