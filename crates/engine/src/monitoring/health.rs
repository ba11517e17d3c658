use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use docent_storage::SchemaStatus;
use tokio::time::timeout;

use crate::{Engine, ImpressionQueue, engine::now, user_cache::read};

/// How long the database has to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// A queue that is fuller than this will soon drop something.
const NEARLY_FULL: f64 = 0.8;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthStatus {
    /// All is well.
    Healthy,
    /// It works with less than it should have.
    Degraded,
    /// It does not work.
    Unhealthy,
}

impl HealthStatus {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// How well a part is, as it was found just now.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentHealth {
    /// `database`, `schema`, `model`, `catalogue` or `impressions`.
    pub name: &'static str,
    /// How well.
    pub status: HealthStatus,
    /// What was found, for people.
    pub message: String,
    /// How long finding out took.
    pub probe_seconds: f64,
}

/// How well an engine is.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// As well as its worst part.
    pub status: HealthStatus,
    /// What is not well, for people.
    pub message: String,
    /// Its parts.
    pub components: Vec<ComponentHealth>,
    /// When.
    pub at: DateTime<Utc>,
}

type Found = (HealthStatus, String);

impl Engine {
    /// How well it is: every part is asked, now.
    pub async fn health(&self) -> Health {
        let components = vec![
            probe("database", self.database()).await,
            probe("schema", self.schema()).await,
            probe("model", self.model()).await,
            probe("catalogue", async { self.catalogue() }).await,
            probe("impressions", async { queue(&self.inner.impressions.status()) }).await,
        ];
        let status = components.iter().map(|of| of.status).max().unwrap_or(HealthStatus::Healthy);
        let ill = components.iter().filter(|of| of.status > HealthStatus::Healthy);
        let told: Vec<String> = ill.map(|of| format!("{}: {}", of.name, of.message)).collect();
        let message = if told.is_empty() { "all components are well".to_owned() } else { told.join("; ") };
        Health { status, message, components, at: now() }
    }

    async fn database(&self) -> Found {
        let backend = self.store().backend();
        match timeout(PROBE_TIMEOUT, self.store().ping()).await {
            Ok(Ok(())) => (HealthStatus::Healthy, format!("{backend} answers")),
            // What exactly failed is for the log: it may name hosts and paths.
            Ok(Err(_)) => (HealthStatus::Unhealthy, format!("{backend} cannot be reached")),
            Err(_) => (
                HealthStatus::Unhealthy,
                format!("{backend} gave no answer in {} s", PROBE_TIMEOUT.as_secs()),
            ),
        }
    }

    async fn schema(&self) -> Found {
        match timeout(PROBE_TIMEOUT, self.store().schema_status()).await {
            Ok(Ok(status)) if status.is_current() => (HealthStatus::Healthy, "up to date".to_owned()),
            Ok(Ok(SchemaStatus { pending, unknown, .. })) => {
                let told = format!("{} migrations pending, {} unknown", pending.len(), unknown.len());
                (HealthStatus::Unhealthy, told)
            }
            _ => (HealthStatus::Unhealthy, "it cannot be read".to_owned()),
        }
    }

    async fn model(&self) -> Found {
        let snapshots = self.inner.snapshots.clone();
        let published = tokio::task::spawn_blocking(move || snapshots.current()).await;
        let live = read(&self.inner.state).live.as_ref().map(|live| live.version.clone());
        match (published, live) {
            (Ok(Ok(None)), None) => {
                let told = "no model is published: no collaborative scores until one is trained";
                (HealthStatus::Degraded, told.to_owned())
            }
            (Ok(Ok(Some(published))), Some(live)) if published.id == live => {
                (HealthStatus::Healthy, format!("{live} is live"))
            }
            (Ok(Ok(Some(published))), live) => {
                let live = live.as_deref().unwrap_or("none").to_owned();
                (HealthStatus::Degraded, format!("{} is published, {live} is live", published.id))
            }
            (_, live) => {
                let live = live.as_deref().unwrap_or("none").to_owned();
                (HealthStatus::Degraded, format!("what is published cannot be read; {live} is live"))
            }
        }
    }

    fn catalogue(&self) -> Found {
        let visible = read(&self.inner.state).catalogue.iter().filter(|(_, entry)| !entry.hidden).count();
        if visible == 0 {
            (HealthStatus::Degraded, "there is nothing to recommend".to_owned())
        } else {
            (HealthStatus::Healthy, format!("{visible} resources can be recommended"))
        }
    }
}

fn queue(queue: &ImpressionQueue) -> Found {
    let ImpressionQueue { waiting, capacity, dropped, .. } = *queue;
    let told =
        format!("{waiting} of {capacity} answers wait to be written, {dropped} recommendations were lost");
    let is_full = waiting as f64 > NEARLY_FULL * capacity as f64;
    (if is_full { HealthStatus::Degraded } else { HealthStatus::Healthy }, told)
}

async fn probe(name: &'static str, found: impl Future<Output = Found>) -> ComponentHealth {
    let begun = Instant::now();
    let (status, message) = found.await;
    ComponentHealth { name, status, message, probe_seconds: begun.elapsed().as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_is_nearly_full_is_not_well() {
        let of = |waiting| queue(&ImpressionQueue { waiting, capacity: 10, ..ImpressionQueue::default() }).0;
        assert_eq!([0, 8, 9].map(of), [HealthStatus::Healthy, HealthStatus::Healthy, HealthStatus::Degraded]);
    }
}
