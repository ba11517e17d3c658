//! Impressions are written behind the answer: queued, batched, and flushed when the engine closes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use docent_domain::{Impression, UserId};
use docent_storage::Store;
use moka::sync::Cache;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};

const BATCH: usize = 1_000;
const BATCH_DELAY: Duration = Duration::from_millis(200);
/// Of so many answers it is known for whom they were, before that can be read from the store.
const REMEMBERED: u64 = 20_000;
const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// How the queue stands, since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImpressionQueue {
    /// Answers that wait to be written.
    pub waiting: usize,
    /// How many may wait.
    pub capacity: usize,
    /// Recommendations that were written.
    pub written: u64,
    /// Recommendations that were lost: the queue was full or the database away.
    pub dropped: u64,
}

#[derive(Default)]
struct Counts {
    written: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    fn wrote(&self, count: u64) {
        self.written.fetch_add(count, Ordering::Relaxed);
        metrics::counter!("docent_impressions_written_total").increment(count);
    }

    fn lost(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
        metrics::counter!("docent_impressions_dropped_total").increment(count);
    }
}

enum Queued {
    /// The impressions of one answer.
    Shown(Vec<Impression>),
    /// Whoever waits until everything before it is written.
    Awaited(oneshot::Sender<()>),
}

pub(crate) struct ImpressionLog {
    queue: std::sync::RwLock<Option<mpsc::Sender<Queued>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    counts: Arc<Counts>,
    capacity: usize,
    shown_to: Cache<String, UserId>,
}

impl ImpressionLog {
    /// Starts the writer; `capacity` is in answers.
    pub(crate) fn start(store: Store, capacity: usize) -> Self {
        let capacity = capacity.max(1);
        let (sender, receiver) = mpsc::channel(capacity);
        let counts = Arc::new(Counts::default());
        let writer = tokio::spawn(write_batches(store, receiver, Arc::clone(&counts)));
        Self {
            queue: std::sync::RwLock::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
            counts,
            capacity,
            shown_to: Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build(),
        }
    }

    /// Queues the impressions of one answer; dropped and counted where the queue is full.
    pub(crate) fn push(&self, impressions: Vec<Impression>) {
        let Some(first) = impressions.first() else { return };
        self.shown_to.insert(first.recommendation_id.clone(), first.user_id.clone());
        let queue = self.queue.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = impressions.len() as u64;
        if queue.as_ref().is_none_or(|queue| queue.try_send(Queued::Shown(impressions)).is_err()) {
            self.counts.lost(count);
        }
    }

    /// Waits until what is queued is written.
    pub(crate) async fn flushed(&self) {
        let queue = self.queue.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let (done, written) = oneshot::channel();
        if let Some(queue) = queue
            && queue.send(Queued::Awaited(done)).await.is_ok()
        {
            // A writer that has ended wrote all it took.
            let _ended = written.await;
        }
    }

    /// For whom an answer of a short while ago was made, if it was made here.
    pub(crate) fn shown_to(&self, recommendation_id: &str) -> Option<UserId> {
        self.shown_to.get(recommendation_id)
    }

    pub(crate) fn status(&self) -> ImpressionQueue {
        let queue = self.queue.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let free = queue.as_ref().map_or(self.capacity, mpsc::Sender::capacity);
        ImpressionQueue {
            waiting: self.capacity.saturating_sub(free),
            capacity: self.capacity,
            written: self.counts.written.load(Ordering::Relaxed),
            dropped: self.counts.dropped.load(Ordering::Relaxed),
        }
    }

    /// Takes no more impressions and waits until those that are queued are written.
    pub(crate) async fn close(&self) {
        self.queue.write().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let writer = self.writer.lock().await.take();
        if let Some(Err(error)) = match writer {
            Some(writer) => Some(writer.await),
            None => None,
        } {
            tracing::error!(%error, "the writer of impressions failed");
        }
    }
}

async fn write_batches(store: Store, mut queue: mpsc::Receiver<Queued>, counts: Arc<Counts>) {
    while let Some(first) = queue.recv().await {
        let (mut batch, mut awaited) = match first {
            Queued::Shown(impressions) => (impressions, None),
            Queued::Awaited(done) => (Vec::new(), Some(done)),
        };
        let deadline = tokio::time::sleep(BATCH_DELAY);
        tokio::pin!(deadline);
        while awaited.is_none() && batch.len() < BATCH {
            tokio::select! {
                more = queue.recv() => match more {
                    Some(Queued::Shown(more)) => batch.extend(more),
                    Some(Queued::Awaited(done)) => awaited = Some(done),
                    None => break,
                },
                () = &mut deadline => break,
            }
        }
        let count = batch.len() as u64;
        match store.put_impressions(&batch).await {
            Ok(written) => counts.wrote(written),
            Err(error) => {
                counts.lost(count);
                tracing::error!(%error, count, "impressions could not be written");
            }
        }
        if let Some(done) = awaited {
            // Who stopped waiting needs no answer.
            let _gone = done.send(());
        }
    }
}
