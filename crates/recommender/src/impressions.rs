//! Impressions are written behind the answer: queued, batched, and flushed when the engine closes.

use std::time::Duration;

use docent_domain::Impression;
use docent_storage::Store;
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

const BATCH: usize = 1_000;
const BATCH_DELAY: Duration = Duration::from_millis(200);

pub(crate) struct ImpressionLog {
    queue: std::sync::RwLock<Option<mpsc::Sender<Vec<Impression>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl ImpressionLog {
    /// Starts the writer; `capacity` is in answers.
    pub(crate) fn start(store: Store, capacity: usize) -> Self {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        let writer = tokio::spawn(write_batches(store, receiver));
        Self { queue: std::sync::RwLock::new(Some(sender)), writer: Mutex::new(Some(writer)) }
    }

    /// Queues the impressions of one answer; dropped and counted where the queue is full.
    pub(crate) fn push(&self, impressions: Vec<Impression>) {
        let queue = self.queue.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = impressions.len() as u64;
        if queue.as_ref().is_none_or(|queue| queue.try_send(impressions).is_err()) {
            metrics::counter!("docent_impressions_dropped_total").increment(count);
        }
    }

    /// How many answers wait, and how many may; none once it is closed.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let queue = self.queue.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        queue.as_ref().map_or((0, 0), |queue| (queue.max_capacity() - queue.capacity(), queue.max_capacity()))
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

async fn write_batches(store: Store, mut queue: mpsc::Receiver<Vec<Impression>>) {
    while let Some(first) = queue.recv().await {
        let mut batch = first;
        let deadline = tokio::time::sleep(BATCH_DELAY);
        tokio::pin!(deadline);
        while batch.len() < BATCH {
            tokio::select! {
                more = queue.recv() => match more {
                    Some(more) => batch.extend(more),
                    None => break,
                },
                () = &mut deadline => break,
            }
        }
        let count = batch.len() as u64;
        match store.put_impressions(&batch).await {
            Ok(_) => metrics::counter!("docent_impressions_written_total").increment(count),
            Err(error) => {
                metrics::counter!("docent_impressions_dropped_total").increment(count);
                tracing::error!(%error, count, "impressions could not be written");
            }
        }
    }
}
