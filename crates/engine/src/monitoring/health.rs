use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use docent_storage::SchemaStatus;
use tokio::time::timeout;

use crate::{Engine, ImpressionQueue, engine::now};

/// Time limit for answers of the database.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Fill level above which a queue is about to drop impressions.
const NEARLY_FULL: f64 = 0.8;

/// Health of an engine or of one component, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HealthStatus {
    /// Works as it should.
    Healthy,
    /// Works with reduced quality.
    Degraded,
    /// Does not work.
    Unhealthy,
}

impl HealthStatus {
    /// Returns the name: `healthy`, `degraded` or `unhealthy`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// Result of one component's health check.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentHealth {
    /// Name of the component: `database`, `schema`, `model`, `catalogue` or `impressions`.
    pub name: &'static str,
    /// Health of the component.
    pub status: HealthStatus,
    /// Explanation of the status, for operators.
    pub message: String,
    /// Duration of the check in seconds.
    pub probe_seconds: f64,
}

/// Result of a health check.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Health of the worst component.
    pub status: HealthStatus,
    /// Messages of the components that are not healthy, for operators.
    pub message: String,
    /// Results by component.
    pub components: Vec<ComponentHealth>,
    /// Time of the check.
    pub at: DateTime<Utc>,
}

type Found = (HealthStatus, String);

impl Engine {
    /// Checks every component and returns their health.
    pub async fn health(&self) -> Health {
        let components = vec![
            probe("database", self.database()).await,
            probe("schema", self.schema()).await,
            probe("model", self.model()).await,
            probe("catalogue", async { self.catalogue() }).await,
            probe("impressions", async { queue(&self.inner.impressions.status()) }).await,
        ];
        let status = components.iter().map(|of| of.status).max().unwrap_or(HealthStatus::Healthy);
        let problems: Vec<String> = components
            .iter()
            .filter(|component| component.status > HealthStatus::Healthy)
            .map(|component| format!("{}: {}", component.name, component.message))
            .collect();
        let message =
            if problems.is_empty() { "all components are healthy".to_owned() } else { problems.join("; ") };
        Health { status, message, components, at: now() }
    }

    async fn database(&self) -> Found {
        let backend = self.store().backend();
        match timeout(PROBE_TIMEOUT, self.store().ping()).await {
            Ok(Ok(())) => (HealthStatus::Healthy, format!("{backend} answers")),
            // The cause may name hosts and paths, so it is for the log only.
            Ok(Err(_)) => (HealthStatus::Unhealthy, format!("{backend} cannot be reached")),
            Err(_) => (
                HealthStatus::Unhealthy,
                format!("{backend} did not answer within {} s", PROBE_TIMEOUT.as_secs()),
            ),
        }
    }

    async fn schema(&self) -> Found {
        match timeout(PROBE_TIMEOUT, self.store().schema_status()).await {
            Ok(Ok(status)) if status.is_current() => (HealthStatus::Healthy, "up to date".to_owned()),
            Ok(Ok(status)) if status.is_usable() => {
                let message =
                    format!("{} newer migrations, which this version works beside", status.unknown.len());
                (HealthStatus::Healthy, message)
            }
            Ok(Ok(SchemaStatus { pending, unknown, .. })) => {
                let message = format!("{} migrations pending, {} unknown", pending.len(), unknown.len());
                (HealthStatus::Unhealthy, message)
            }
            _ => (HealthStatus::Unhealthy, "the schema cannot be read".to_owned()),
        }
    }

    async fn model(&self) -> Found {
        let snapshots = self.inner.snapshots.clone();
        let published = tokio::task::spawn_blocking(move || snapshots.current()).await;
        let live = self.inner.state.read().live.as_ref().map(|live| live.snapshot.version.clone());
        match (published, live) {
            (Ok(Ok(None)), None) => {
                let message = "no model is published; no collaborative scores until one is trained";
                (HealthStatus::Degraded, message.to_owned())
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
                (HealthStatus::Degraded, format!("the published model cannot be read; {live} is live"))
            }
        }
    }

    fn catalogue(&self) -> Found {
        let visible = self.inner.state.read().catalogue.visible().count();
        if visible == 0 {
            (HealthStatus::Degraded, "no resource can be recommended".to_owned())
        } else {
            (HealthStatus::Healthy, format!("{visible} resources can be recommended"))
        }
    }
}

fn queue(queue: &ImpressionQueue) -> Found {
    let ImpressionQueue { queued, capacity, sampled_out, dropped, .. } = *queue;
    let message = format!(
        "{queued} of {capacity} answers are queued, {sampled_out} impressions were left out by sampling, \
         {dropped} were lost"
    );
    let is_nearly_full = queued as f64 > NEARLY_FULL * capacity as f64;
    (if is_nearly_full { HealthStatus::Degraded } else { HealthStatus::Healthy }, message)
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
    fn a_queue_that_is_nearly_full_is_degraded() {
        for (queued, expected) in
            [(0, HealthStatus::Healthy), (8, HealthStatus::Healthy), (9, HealthStatus::Degraded)]
        {
            let (status, _) = queue(&ImpressionQueue { queued, capacity: 10, ..ImpressionQueue::default() });
            assert_eq!(status, expected);
        }
    }
}
