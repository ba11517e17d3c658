//! Requests that wait to be recorded together. While one group is being committed, the next one
//! gathers: the more there is to do, the more requests share a sync of the disk.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use docent_database::{
    Database,
    error::{Result, StorageError},
};
use tokio::sync::{Notify, oneshot};

use super::{
    RecordOutcome,
    group::{Request, record_together},
};
use crate::Store;

/// Maximum number of interactions of a request that shares a transaction; larger ones gain little.
pub(super) const MAX_EVENTS_OF_REQUEST: usize = 16;
/// Maximum number of requests of a group: a bound on the time that one of them waits.
const MAX_REQUESTS: usize = 64;
/// Time for which a group waits for as many requests as the one before had: clients that have just
/// been answered send their next.
const GATHER: Duration = Duration::from_millis(2);

/// Requests in the order of their arrival. One task at a time records them.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    queue: Mutex<Queue>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    is_running: bool,
}

/// Requests of one transaction, and their answers.
type Group = (Vec<Request>, Vec<oneshot::Sender<Result<RecordOutcome>>>);

#[derive(Debug)]
struct Waiting {
    request: Request,
    answer: oneshot::Sender<Result<RecordOutcome>>,
}

impl Groups {
    /// Records a request together with those that wait.
    pub(super) async fn record(self: &Arc<Self>, store: &Store, request: Request) -> Result<RecordOutcome> {
        let (answer, answered) = oneshot::channel();
        let was_running = {
            let mut queue = self.lock();
            queue.waiting.push_back(Waiting { request, answer });
            std::mem::replace(&mut queue.is_running, true)
        };
        if was_running {
            self.arrived.notify_one();
        } else {
            // A task of its own, because the caller may go away while others wait for the group.
            let running = Running { groups: Arc::clone(self), is_over: false };
            tokio::spawn(run(Database::clone(store), running));
        }
        let stopped = || StorageError::Unavailable("the store stopped before it recorded the request".into());
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `count` requests wait, but not for long.
    async fn gather(&self, count: usize) {
        let enough = async {
            while self.lock().waiting.len() < count {
                self.arrived.notified().await;
            }
        };
        // Fewer are a group, too.
        let _in_time = tokio::time::timeout(GATHER, enough).await;
    }
}

/// Right to record the requests of the queue.
struct Running {
    groups: Arc<Groups>,
    is_over: bool,
}

impl Running {
    /// Takes the next group; `None`, and the right is given up, if no request waits.
    fn next(&mut self) -> Option<Group> {
        let mut queue = self.groups.lock();
        let (mut keys, mut size) = (HashSet::new(), 0);
        for waiting in queue.waiting.iter().take(MAX_REQUESTS) {
            // A repeated request waits for the response to the first.
            if let Some(key) = &waiting.request.key
                && !keys.insert((key.scope.as_str(), key.key.as_str()))
            {
                break;
            }
            size += 1;
        }
        if size == 0 {
            queue.is_running = false;
            self.is_over = true;
            return None;
        }
        Some(queue.waiting.drain(..size).map(|waiting| (waiting.request, waiting.answer)).unzip())
    }
}

/// A runtime that shuts down drops the task, and with it those who wait; another runtime may use
/// the store later.
impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            let mut queue = self.groups.lock();
            queue.is_running = false;
            queue.waiting.clear();
        }
    }
}

async fn run(database: Database, mut running: Running) {
    while let Some((requests, answers)) = running.next() {
        let outcomes = record_together(&database, &requests).await;
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Fails only if the caller no longer waits.
            let _gone = answer.send(outcome);
        }
        if requests.len() > 1 {
            running.groups.gather(requests.len()).await;
        }
    }
}
