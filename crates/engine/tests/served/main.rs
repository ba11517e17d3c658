//! Rules that every answer keeps, on a synthetic library whose readers have tastes.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "tests")]

mod cold_start;
mod reasons;
mod rules;

use chrono::{DateTime, Utc};
use docent_domain::{InteractionType, NewInteraction, ResourceId, Signals, UnitInterval};
use docent_engine::{Answer, Engine, EngineConfig, RecommendRequest};
use docent_sample::{Library, LibraryConfig};
use docent_training::{EngineTrainer, TrainConfig};
use tempfile::TempDir;

/// An engine over a generated library.
struct Place {
    library: Library,
    engine: Engine,
    _folder: TempDir,
}

impl Place {
    async fn new(seed: u64, configure: impl FnOnce(&mut EngineConfig)) -> Self {
        let config = LibraryConfig { users: 30, interactions_per_user: 20, seed, ..LibraryConfig::default() };
        let library = Library::generate(&config);
        let folder = tempfile::tempdir().unwrap();
        let mut config = EngineConfig::in_folder(folder.path());
        configure(&mut config);
        let engine = Engine::open(config).await.unwrap();
        engine.ingest(library.resources.clone()).await.unwrap();
        engine.record(&library.interactions).await.unwrap();
        engine.refresh().await.unwrap();
        Self { library, engine, _folder: folder }
    }

    async fn with_model(self) -> Self {
        let mut config = TrainConfig { force: true, ..TrainConfig::default() };
        config.als.dim = 8;
        config.ncf.layers = vec![8];
        config.ncf.epochs = 1;
        self.engine.trainer(config).run().await.unwrap();
        self.engine.reload().await.unwrap();
        self
    }

    async fn recommend(&self, request: RecommendRequest) -> Answer {
        self.engine.recommend(request).await.unwrap()
    }

    /// Returns the resources of a topic in the order of the library.
    fn of_topic(&self, topic: &str) -> Vec<ResourceId> {
        self.library
            .resources
            .iter()
            .filter(|resource| Library::topic_of(resource) == Some(topic))
            .map(|resource| resource.id.clone())
            .collect()
    }

    fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> =
            self.library.resources.iter().filter_map(Library::topic_of).map(str::to_owned).collect();
        topics.sort();
        topics.dedup();
        topics
    }
}

fn interaction(user: &str, resource: &ResourceId, interaction_type: InteractionType) -> NewInteraction {
    NewInteraction {
        user_id: user.parse().unwrap(),
        resource_id: resource.clone(),
        interaction_type,
        signals: Signals::default(),
        at: Some(now()),
    }
}

fn like(user: &str, resource: &ResourceId) -> NewInteraction {
    interaction(user, resource, InteractionType::CollectionAdd)
}

fn request(user: &str) -> RecommendRequest {
    RecommendRequest::new(user.parse().unwrap())
}

fn preference(value: f64) -> UnitInterval {
    UnitInterval::new("preference", value).unwrap()
}

fn share(answer: &Answer, of: &[ResourceId]) -> f64 {
    let found = answer.recommendations.iter().filter(|r| of.contains(&r.resource_id)).count();
    found as f64 / answer.recommendations.len().max(1) as f64
}

fn now() -> DateTime<Utc> {
    Utc::now()
}
