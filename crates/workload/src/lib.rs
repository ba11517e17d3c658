//! A bound on the answers that are computed at the same time, and on those that wait.
//!
//! ```
//! use docent_workload::Workload;
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let workload = Workload::new(Some(1), 0);
//! let (place, _waiting) = workload.enter(workload.join(0)?).await;
//! assert!(workload.join(0).is_err());
//! drop(place);
//! assert!(workload.join(0).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Enough others wait already.
#[derive(Debug, Error)]
#[error("too many answers are being computed")]
pub struct Full;

/// The caller no longer waits for the answer.
#[derive(Debug, Error)]
#[error("the caller no longer waits")]
pub struct Abandoned;

/// Cost above which an answer is costly. Of a filter, where that of one value is 1, one condition
/// on a date, one on the quality and some on texts are not.
const COSTLY: usize = 128;
/// One in this many of those that wait may be costly.
const COSTLY_SHARE: usize = 4;

/// Lets as many answers be computed as there are cores, and a given number wait; refuses the rest
/// at once. More at the same time would finish none of them sooner. Costly ones have half of the
/// cores, so that others do not wait behind them.
#[derive(Debug)]
pub struct Workload {
    all: Lane,
    costly: Lane,
    /// Number of requests whose user is being read.
    reading: AtomicUsize,
    cores: usize,
    /// Microseconds that answers took, all together.
    taken: Arc<AtomicU64>,
}

/// Places for answers, and those that wait for one.
#[derive(Debug)]
struct Lane {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// A place to compute one answer. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Place {
    _permits: [Option<OwnedSemaphorePermit>; 2],
    entered: Instant,
    taken: Arc<AtomicU64>,
    is_abandoned: Arc<AtomicBool>,
}

/// A measurement of the load.
#[derive(Debug)]
pub struct Load {
    since: Instant,
    taken: u64,
    share: f64,
}

impl Load {
    /// Time over which the load is measured.
    pub const PERIOD: Duration = Duration::from_millis(250);
}

/// Held by the one who waits for an answer: when it is dropped, the work for the answer ends.
#[derive(Debug)]
pub struct Waiting(Arc<AtomicBool>);

impl Workload {
    /// Makes room for `at_once` answers, as many as there are cores if it is `None`, and for
    /// `max_waiting` that wait.
    #[must_use]
    pub fn new(at_once: Option<usize>, max_waiting: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let places = at_once.unwrap_or(cores).max(1);
        metrics::gauge!("docent_answers_waiting").set(0.0);
        metrics::counter!("docent_answers_refused_total").absolute(0);
        Self {
            all: Lane::new(places, max_waiting),
            costly: Lane::new(places.div_ceil(2), max_waiting.div_ceil(COSTLY_SHARE)),
            reading: AtomicUsize::new(0),
            cores,
            taken: Arc::default(),
        }
    }

    /// Lets a user be read, if the answer would find room: in overload, no more users are read than
    /// are answered.
    ///
    /// # Errors
    /// [`Full`] at once if it would not.
    pub fn read(&self) -> Result<Turn<'_>, Full> {
        let waiting = self.all.waiting.load(Ordering::Relaxed);
        Turn::take(&self.reading, self.all.room().saturating_sub(waiting))
    }

    /// Joins those who wait for a place; `cost` is that of the filter and the boosts.
    ///
    /// # Errors
    /// [`Full`] at once if enough others wait already.
    pub fn join(&self, cost: usize) -> Result<Queued<'_>, Full> {
        let costly = if cost > COSTLY { Some(self.costly.join()?) } else { None };
        let _all = self.all.join()?;
        metrics::gauge!("docent_answers_waiting").increment(1.0);
        Ok(Queued { costly, _all })
    }

    /// Waits for a place, and leaves the queue.
    pub async fn enter(&self, queued: Queued<'_>) -> (Place, Waiting) {
        let costly = if queued.costly.is_some() { self.costly.place().await } else { None };
        let permits = [costly, self.all.place().await];
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let place = Place {
            _permits: permits,
            entered: Instant::now(),
            taken: Arc::clone(&self.taken),
            is_abandoned: Arc::clone(&is_abandoned),
        };
        (place, Waiting(is_abandoned))
    }

    /// Begins to measure the load.
    pub fn load(&self) -> Load {
        Load { since: Instant::now(), taken: self.taken.load(Ordering::Relaxed), share: f64::INFINITY }
    }

    /// Returns the share of the time of all cores that answers took in the latest [`Load::PERIOD`]
    /// that is complete.
    pub fn share_since(&self, load: &mut Load) -> f64 {
        let elapsed = load.since.elapsed();
        if elapsed >= Load::PERIOD {
            let next = self.load();
            let taken = Duration::from_micros(next.taken - load.taken).as_secs_f64();
            *load = Load { share: taken / elapsed.as_secs_f64() / self.cores as f64, ..next };
        }
        load.share
    }
}

impl Place {
    /// Checks that the caller still waits for the answer.
    ///
    /// # Errors
    /// [`Abandoned`] if the caller has gone.
    pub fn check(&self) -> Result<(), Abandoned> {
        if self.is_abandoned.load(Ordering::Relaxed) { Err(Abandoned) } else { Ok(()) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let taken = u64::try_from(self.entered.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.taken.fetch_add(taken, Ordering::Relaxed);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A request in the queue; leaves it when dropped, also by a caller who hangs up.
#[derive(Debug)]
pub struct Queued<'a> {
    costly: Option<Turn<'a>>,
    _all: Turn<'a>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        metrics::gauge!("docent_answers_waiting").decrement(1.0);
    }
}

impl Lane {
    fn new(places: usize, max_waiting: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), waiting: AtomicUsize::new(0), max_waiting }
    }

    /// Returns the number of requests that may wait or go on at once.
    fn room(&self) -> usize {
        self.max_waiting.saturating_add(self.places.available_permits())
    }

    fn join(&self) -> Result<Turn<'_>, Full> {
        Turn::take(&self.waiting, self.room())
    }

    /// Waits for a place. Returns `None` only if the semaphore is closed, which it never is.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }
}

/// One of those who are counted.
#[derive(Debug)]
pub struct Turn<'a>(&'a AtomicUsize);

impl<'a> Turn<'a> {
    fn take(count: &'a AtomicUsize, max: usize) -> Result<Self, Full> {
        if count.fetch_add(1, Ordering::Relaxed) >= max {
            count.fetch_sub(1, Ordering::Relaxed);
            metrics::counter!("docent_answers_refused_total").increment(1);
            return Err(Full);
        }
        Ok(Self(count))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn one_computes_one_waits_and_the_next_is_refused_until_one_leaves() {
        let workload = Workload::new(Some(1), 1);
        let (first, second) = (workload.join(0).unwrap(), workload.join(0).unwrap());
        assert!(matches!(workload.join(0), Err(Full)), "one place is free, and one may wait");
        let (place, _waits) = workload.enter(first).await;
        assert!(matches!(workload.join(0), Err(Full)), "the second waits");
        assert!(matches!(workload.read(), Err(Full)), "no user is read in vain");
        let mut next = Box::pin(workload.enter(second));
        assert!(tokio::time::timeout(Duration::from_millis(1), next.as_mut()).await.is_err());
        drop(place);
        drop(next.await);
        let _reading = (workload.read().unwrap(), workload.read().unwrap());
        assert!(workload.read().is_err() && workload.join(0).is_ok(), "users in memory are not held up");
        assert_eq!(workload.all.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn costly_answers_leave_half_of_the_places_to_others() {
        let workload = Workload::new(Some(2), 4);
        let (_place, _waits) = workload.enter(workload.join(COSTLY + 1).unwrap()).await;
        let waiting = workload.enter(workload.join(COSTLY + 1).unwrap());
        assert!(matches!(workload.join(COSTLY + 1), Err(Full)), "one in four waits");
        assert!(tokio::time::timeout(Duration::from_millis(1), waiting).await.is_err());
        let ordinary = workload.enter(workload.join(COSTLY).unwrap());
        assert!(tokio::time::timeout(Duration::from_secs(10), ordinary).await.is_ok());
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_leaves_the_queue_and_ends_the_work() {
        let workload = Workload::new(Some(1), 1);
        let (place, waits) = workload.enter(workload.join(0).unwrap()).await;
        let waiting = workload.enter(workload.join(0).unwrap());
        let hung_up = tokio::time::timeout(Duration::from_millis(1), waiting).await;
        assert!(hung_up.is_err());
        assert_eq!(workload.all.waiting.load(Ordering::Relaxed), 0);
        assert!(place.check().is_ok());
        drop(waits);
        assert!(matches!(place.check(), Err(Abandoned)));
        assert!(workload.all.places.try_acquire().is_err(), "the place is kept while the work ends");
    }

    #[test]
    fn the_load_is_the_share_of_the_time_of_all_cores() {
        let workload = Workload::new(Some(1), 0);
        let mut load = workload.load();
        assert!(workload.share_since(&mut load) > 1.0, "nothing is known yet");
        let long_ago = Instant::now().checked_sub(Duration::from_secs(100)).unwrap();
        load = Load { since: long_ago, ..load };
        workload.taken.store(10_000_000, Ordering::Relaxed);
        let share = workload.share_since(&mut load) * workload.cores as f64;
        assert!((0.01..=0.1).contains(&share), "{share}");
    }
}
