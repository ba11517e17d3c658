//! The queue, and the task that writes it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use docent_domain::{Impression, UserId};
use docent_storage::{StorageError, Store};
use moka::sync::Cache;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};

use crate::sampling;

/// Impressions of one transaction: few enough that those who record interactions wait for
/// milliseconds only.
const BATCH: usize = 1_000;
const BATCH_DELAY: Duration = Duration::from_millis(200);
/// Maximum time that an answer waits for room in a full queue.
const MAX_WAIT: Duration = Duration::from_millis(100);
/// Number of times that a batch is written while the database is unavailable, and the pause before
/// the second, which doubles.
const MAX_TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(200);
/// Number of recent answers whose user is kept in memory, for feedback that arrives before their
/// impressions are stored.
const MAX_REMEMBERED: u64 = 20_000;
const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// State of the queue of impressions, since the engine was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImpressionQueue {
    /// Number of answers in the queue.
    pub queued: usize,
    /// Maximum number of answers in the queue.
    pub capacity: usize,
    /// Number of impressions written.
    pub written: u64,
    /// Number of impressions left out by sampling, since the queue was more than half full.
    pub sampled_out: u64,
    /// Number of impressions lost because the queue was full or the database failed.
    pub dropped: u64,
}

#[derive(Default)]
struct Counts {
    written: AtomicU64,
    sampled_out: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    fn wrote(&self, count: u64) {
        self.written.fetch_add(count, Ordering::Relaxed);
        metrics::counter!("docent_impressions_written_total").increment(count);
    }

    fn left_out(&self, count: u64) {
        self.sampled_out.fetch_add(count, Ordering::Relaxed);
        metrics::counter!("docent_impressions_sampled_out_total").increment(count);
    }

    fn lost(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
        metrics::counter!("docent_impressions_dropped_total").increment(count);
    }
}

enum Queued {
    /// Impressions of one answer.
    Shown(Vec<Impression>),
    /// Request for a signal once everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// Handle of the queue and of the task that writes it.
pub struct ImpressionLog {
    queue: std::sync::RwLock<Option<mpsc::Sender<Queued>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    counts: Arc<Counts>,
    capacity: usize,
    shown_to: Cache<String, UserId>,
}

impl ImpressionLog {
    /// Starts the writer of a queue for `capacity` answers, at least one, on the current runtime.
    pub fn start(store: Store, capacity: usize) -> Self {
        let capacity = capacity.max(1);
        let (sender, receiver) = mpsc::channel(capacity);
        let counts = Arc::new(Counts::default());
        let writer = tokio::spawn(write_batches(store, receiver, Arc::clone(&counts)));
        Self {
            queue: std::sync::RwLock::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
            counts,
            capacity,
            shown_to: Cache::builder().max_capacity(MAX_REMEMBERED).time_to_live(REMEMBERED_FOR).build(),
        }
    }

    /// Queues the impressions of one answer. If the queue is more than half full, keeps a share of
    /// the answers only; if it is full, waits for room, but not for long. Impressions left out
    /// and lost are counted.
    pub async fn push(&self, mut impressions: Vec<Impression>) {
        let Some(first) = impressions.first() else { return };
        self.shown_to.insert(first.recommendation_id.clone(), first.user_id.clone());
        let queue = self.queue.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let count = impressions.len() as u64;
        let Some(queue) = queue else { return self.counts.lost(count) };
        let share = sampling::share(self.capacity.saturating_sub(queue.capacity()), self.capacity);
        if share < 1.0 {
            if !sampling::is_kept(&first.recommendation_id, share) {
                return self.counts.left_out(count);
            }
            impressions.iter_mut().for_each(|impression| impression.kept_share = share);
        }
        match tokio::time::timeout(MAX_WAIT, queue.send(Queued::Shown(impressions))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => self.counts.lost(count),
        }
    }

    /// Waits until everything in the queue is written.
    pub async fn flushed(&self) {
        let queue = self.queue.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let (done, written) = oneshot::channel();
        if let Some(queue) = queue
            && queue.send(Queued::Flush(done)).await.is_ok()
        {
            // A writer that has ended has written everything.
            let _ended = written.await;
        }
    }

    /// Returns the user of a recent answer of this process.
    pub fn shown_to(&self, recommendation_id: &str) -> Option<UserId> {
        self.shown_to.get(recommendation_id)
    }

    /// Returns the state of the queue.
    pub fn status(&self) -> ImpressionQueue {
        let queue = self.queue.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let free = queue.as_ref().map_or(self.capacity, mpsc::Sender::capacity);
        ImpressionQueue {
            queued: self.capacity.saturating_sub(free),
            capacity: self.capacity,
            written: self.counts.written.load(Ordering::Relaxed),
            sampled_out: self.counts.sampled_out.load(Ordering::Relaxed),
            dropped: self.counts.dropped.load(Ordering::Relaxed),
        }
    }

    /// Accepts no more impressions and waits until the queued ones are written.
    pub async fn close(&self) {
        self.queue.write().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let writer = self.writer.lock().await.take();
        if let Some(Err(error)) = match writer {
            Some(writer) => Some(writer.await),
            None => None,
        } {
            tracing::error!(%error, "the task that writes impressions failed");
        }
    }
}

/// Writes a batch, again if the database may be available soon: a batch that was written after all
/// is not written twice.
async fn write(store: &Store, batch: &[Impression], counts: &Counts) {
    let (mut tries, mut pause) = (1, PAUSE);
    loop {
        let error = match store.put_impressions(batch).await {
            Ok(written) => return counts.wrote(written),
            Err(error) => error,
        };
        let may_pass = matches!(error, StorageError::Unavailable(_) | StorageError::Conflict(_));
        if tries == MAX_TRIES || !may_pass {
            counts.lost(batch.len() as u64);
            tracing::error!(%error, count = batch.len(), "cannot write impressions");
            return;
        }
        tracing::warn!(%error, count = batch.len(), "cannot write impressions; trying again");
        tokio::time::sleep(pause).await;
        (tries, pause) = (tries + 1, pause * 2);
    }
}

async fn write_batches(store: Store, mut queue: mpsc::Receiver<Queued>, counts: Arc<Counts>) {
    while let Some(first) = queue.recv().await {
        let (mut batch, mut flush) = match first {
            Queued::Shown(impressions) => (impressions, None),
            Queued::Flush(done) => (Vec::new(), Some(done)),
        };
        let deadline = tokio::time::sleep(BATCH_DELAY);
        tokio::pin!(deadline);
        while flush.is_none() && batch.len() < BATCH {
            tokio::select! {
                more = queue.recv() => match more {
                    Some(Queued::Shown(more)) => batch.extend(more),
                    Some(Queued::Flush(done)) => flush = Some(done),
                    None => break,
                },
                () = &mut deadline => break,
            }
        }
        write(&store, &batch, &counts).await;
        if let Some(done) = flush {
            // Fails only if the caller no longer waits.
            let _gone = done.send(());
        }
    }
}
