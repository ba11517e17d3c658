//! A bound on the answers that are computed at the same time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{EngineConfig, Error};

/// Lets as many answers be computed as there are cores, and as many wait as the configuration says;
/// refuses the rest at once. More at the same time would finish none of them sooner.
#[derive(Debug)]
pub(crate) struct Workload {
    places: Arc<Semaphore>,
    cores: usize,
    waiting: AtomicUsize,
    max_waiting: usize,
    /// Microseconds that answers took, all together.
    taken: Arc<AtomicU64>,
}

/// A place to compute one answer. Dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    entered: Instant,
    taken: Arc<AtomicU64>,
    is_abandoned: Arc<AtomicBool>,
}

/// A measurement of the load.
#[derive(Debug)]
pub(crate) struct Load {
    since: Instant,
    taken: u64,
    share: f64,
}

impl Load {
    /// Time over which the load is measured.
    pub(crate) const PERIOD: Duration = Duration::from_millis(250);
}

/// Held by the one who waits for an answer: when it is dropped, the work for the answer ends.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<AtomicBool>);

impl Workload {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let places = config.answers_at_once.unwrap_or(cores).max(1);
        metrics::gauge!("docent_answers_waiting").set(0.0);
        metrics::counter!("docent_answers_refused_total").absolute(0);
        Self {
            places: Arc::new(Semaphore::new(places)),
            cores,
            waiting: AtomicUsize::new(0),
            taken: Arc::default(),
            max_waiting: config.answers_waiting,
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once if enough others wait already.
    pub(crate) async fn enter(&self) -> Result<(Place, Waiting), Error> {
        let permit = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _queued = Queued::join(&self.waiting, self.max_waiting)?;
                let waited = Arc::clone(&self.places).acquire_owned().await;
                waited.map_err(|error| Error::Internal(error.into()))?
            }
        };
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let place = Place {
            _permit: permit,
            entered: Instant::now(),
            taken: Arc::clone(&self.taken),
            is_abandoned: Arc::clone(&is_abandoned),
        };
        Ok((place, Waiting(is_abandoned)))
    }

    /// Begins to measure the load.
    pub(crate) fn load(&self) -> Load {
        Load { since: Instant::now(), taken: self.taken.load(Ordering::Relaxed), share: f64::INFINITY }
    }

    /// Returns the share of the time of all cores that answers took in the latest [`Load::PERIOD`]
    /// that is complete.
    pub(crate) fn share_since(&self, load: &mut Load) -> f64 {
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
    /// [`Error::Abandoned`] if the caller has gone.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.is_abandoned.load(Ordering::Relaxed) { Err(Error::Abandoned) } else { Ok(()) }
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
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn join(waiting: &'a AtomicUsize, max: usize) -> Result<Self, Error> {
        if waiting.fetch_add(1, Ordering::Relaxed) >= max {
            waiting.fetch_sub(1, Ordering::Relaxed);
            metrics::counter!("docent_answers_refused_total").increment(1);
            return Err(Error::Overloaded);
        }
        metrics::gauge!("docent_answers_waiting").increment(1.0);
        Ok(Self(waiting))
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("docent_answers_waiting").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(at_once: usize, waiting: usize) -> Arc<Workload> {
        let config = EngineConfig {
            answers_at_once: Some(at_once),
            answers_waiting: waiting,
            ..EngineConfig::default()
        };
        Arc::new(Workload::new(&config))
    }

    #[tokio::test]
    async fn one_computes_one_waits_and_the_next_is_refused_until_one_leaves() {
        let workload = workload(1, 1);
        let (place, _waits) = workload.enter().await.unwrap();
        let next = tokio::spawn({
            let workload = Arc::clone(&workload);
            async move { workload.enter().await }
        });
        while workload.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(workload.enter().await, Err(Error::Overloaded)));
        drop(place);
        assert!(next.await.unwrap().is_ok());
        assert_eq!(workload.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_leaves_the_queue_and_ends_the_work() {
        let workload = workload(1, 1);
        let (place, waits) = workload.enter().await.unwrap();
        let hung_up = tokio::time::timeout(std::time::Duration::from_millis(1), workload.enter()).await;
        assert!(hung_up.is_err());
        assert_eq!(workload.waiting.load(Ordering::Relaxed), 0);
        assert!(place.check().is_ok());
        drop(waits);
        assert!(matches!(place.check(), Err(Error::Abandoned)));
        assert!(workload.places.try_acquire().is_err(), "the place is kept while the work ends");
    }

    #[test]
    fn the_load_is_the_share_of_the_time_of_all_cores() {
        let workload = workload(1, 0);
        let mut load = workload.load();
        assert!(workload.share_since(&mut load) > 1.0, "nothing is known yet");
        let long_ago = Instant::now().checked_sub(Duration::from_secs(100)).unwrap();
        load = Load { since: long_ago, ..load };
        workload.taken.store(10_000_000, Ordering::Relaxed);
        let share = workload.share_since(&mut load) * workload.cores as f64;
        assert!((0.01..=0.1).contains(&share), "{share}");
    }
}
