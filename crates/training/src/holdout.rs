//! Splits of likes into those to learn from and those to hold out.

use chrono::{DateTime, SecondsFormat, Utc};
use docent_evaluation::{Holdout, random_holdout, temporal_holdout};
use rustc_hash::{FxHashMap, FxHashSet};
use thiserror::Error;

use crate::{
    blend::have_order,
    dataset::Like,
    external::{Members, Scope, ScopedMembers},
};

/// Users with fewer positives have nothing held out.
const MIN_POSITIVES_TO_HOLD_OUT: usize = 5;
/// Share of the interactions that are not held out on which epochs, shares and weights are chosen.
const VALIDATION: f64 = 0.1;
/// Seed of validation sets where likes have no order. It does not follow the seed of the run, so
/// runs that differ in their seed choose on the same users.
const VALIDATION_SEED: u64 = 42;

/// Rule by which an evaluation holds positives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOut {
    /// The latest positives of each user.
    Latest,
    /// Random positives of each user, because their times tell no order.
    Random,
    /// All positives since one moment.
    Since(TimeSplit),
}

/// A moment that splits the positives of all users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSplit {
    /// Time of the first positive that is held out. Everything before it is known.
    pub moment: DateTime<Utc>,
    /// Number of users with positives both before and since, who can be judged.
    pub judged: usize,
    /// Number of users with a positive.
    pub users: usize,
    /// Number of positives without a time, which count as before.
    pub undated: usize,
}

/// Reason that no moment splits the positives of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoMoment {
    /// The times of all positives are unknown.
    #[error("none of the {positives} positives has a time")]
    NoTimes {
        /// Number of positives.
        positives: usize,
    },
    /// There is only one time.
    #[error("all positives with a time have the same, {}", in_seconds(.time))]
    OneTime {
        /// Their common time.
        time: DateTime<Utc>,
    },
    /// Each user has all positives on one side.
    #[error("no user has positives both before and since {}", in_seconds(.moment))]
    NoUsers {
        /// The moment that was tried.
        moment: DateTime<Utc>,
    },
}

/// Likes of a dataset to learn from and to evaluate on, each in the order of the dataset.
pub(crate) struct Split {
    pub known: Vec<Like>,
    pub test: Vec<Like>,
    pub held_out: HeldOut,
    /// Time of the first held-out like of each user; empty if they are random.
    first_held_out: FxHashMap<u32, DateTime<Utc>>,
}

impl Split {
    pub(crate) fn new(known: Vec<Like>, test: Vec<Like>, held_out: HeldOut) -> Self {
        let mut first_held_out: FxHashMap<u32, DateTime<Utc>> = FxHashMap::default();
        for like in test.iter().filter(|_| held_out != HeldOut::Random) {
            if let Some(at) = like.at {
                let first = first_held_out.entry(like.user).or_insert(at);
                *first = at.min(*first);
            }
        }
        Self { known, test, held_out, first_held_out }
    }

    /// Returns true if an interaction that is no like happened before what is held out. One without
    /// a time counts as before.
    pub(crate) fn knows(&self, weak: &Like) -> bool {
        let Some(at) = weak.at else { return true };
        let until = match self.held_out {
            HeldOut::Since(split) => Some(split.moment),
            HeldOut::Latest | HeldOut::Random => self.first_held_out.get(&weak.user).copied(),
        };
        until.is_none_or(|until| at < until)
    }
}

/// The splits of a run: its holdout, and its validation set, which is part of what is not held out.
pub(crate) struct Splits {
    pub outer: Split,
    pub inner: Split,
    /// Models that were fitted to the parts of these splits elsewhere.
    pub members: Option<Members>,
}

impl Splits {
    /// Cuts the validation set from what a split does not hold out.
    pub(crate) fn of(outer: Split) -> Self {
        let inner = split(&outer.known, VALIDATION);
        Self { outer, inner, members: None }
    }

    pub(crate) fn members(&self, scope: Scope) -> Option<ScopedMembers> {
        self.members.as_ref().map(|members| members.of(scope))
    }
}

fn in_seconds(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Returns the likes to learn from and those of a validation set, as [`hold_out`] does.
pub(crate) fn split(likes: &[Like], share: f64) -> Split {
    hold_out(likes, share, VALIDATION_SEED)
}

/// Holds out a share of each user's likes: the latest ones where their times tell an order, else
/// random ones.
pub(crate) fn hold_out(likes: &[Like], share: f64, seed: u64) -> Split {
    let (Holdout { train, test }, held_out) = if have_order(likes) {
        let timed =
            likes.iter().map(|like| (like.user, like.at.map_or(i64::MIN, |at| at.timestamp_micros())));
        let events: Vec<(u32, i64)> = timed.collect();
        (temporal_holdout(&events, share, MIN_POSITIVES_TO_HOLD_OUT), HeldOut::Latest)
    } else {
        let users: Vec<u32> = likes.iter().map(|like| like.user).collect();
        (random_holdout(&users, share, MIN_POSITIVES_TO_HOLD_OUT, seed), HeldOut::Random)
    };
    Split::new(pick(likes, &train), pick(likes, &test), held_out)
}

fn pick(likes: &[Like], positions: &[usize]) -> Vec<Like> {
    positions.iter().filter_map(|&position| likes.get(position).copied()).collect()
}

/// Holds out the likes since one moment, of users who have a like before it. About `share` of the
/// likes with a time come since that moment.
///
/// # Errors
/// [`NoMoment`] if no user has likes on both sides.
pub(crate) fn hold_out_since_moment(likes: &[Like], share: f64) -> Result<Split, NoMoment> {
    let mut times: Vec<DateTime<Utc>> = likes.iter().filter_map(|like| like.at).collect();
    times.sort_unstable();
    let moment = moment(&times, share, likes.len())?;
    let is_later = |like: &Like| like.at.is_some_and(|at| at >= moment);
    let (mut test, known): (Vec<Like>, Vec<Like>) = likes.iter().copied().partition(is_later);
    let before: FxHashSet<u32> = known.iter().map(|like| like.user).collect();
    test.retain(|like| before.contains(&like.user));
    let judged = count_users(&test);
    if judged == 0 {
        return Err(NoMoment::NoUsers { moment });
    }
    let (users, undated) = (count_users(likes), likes.len() - times.len());
    Ok(Split::new(known, test, HeldOut::Since(TimeSplit { moment, judged, users, undated })))
}

/// Returns the time from ascending `times` that splits them closest to `share` behind it. Equal
/// times stay together, and neither side is empty.
fn moment(times: &[DateTime<Utc>], share: f64, positives: usize) -> Result<DateTime<Utc>, NoMoment> {
    let last = times.len().checked_sub(1).ok_or(NoMoment::NoTimes { positives })?;
    let aim = ((times.len() as f64 * (1.0 - share)).round() as usize).min(last);
    let time_at = |place: usize| times.get(place).copied().unwrap_or_default();
    let time = time_at(aim);
    let (first, next) = (times.partition_point(|at| *at < time), times.partition_point(|at| *at <= time));
    match (first > 0, next <= last) {
        (true, true) if next - aim < aim - first => Ok(time_at(next)),
        (true, _) => Ok(time),
        (false, true) => Ok(time_at(next)),
        (false, false) => Err(NoMoment::OneTime { time }),
    }
}

fn count_users(likes: &[Like]) -> usize {
    likes.iter().map(|like| like.user).collect::<FxHashSet<u32>>().len()
}

#[cfg(test)]
#[path = "holdout_tests.rs"]
mod tests;
