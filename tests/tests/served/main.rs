//! What every answer keeps to, on a made-up library whose readers have tastes.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod cold_start;
mod reasons;
mod rules;

use chrono::{DateTime, Utc};
use docent::{
    Answer, Engine, EngineConfig, InteractionType, NewInteraction, Preference, RecommendRequest, ResourceId,
    Signals, TrainConfig, Trainer,
};
use docent_sample::{Library, LibraryConfig};
use tempfile::TempDir;

/// A library that an engine has taken in.
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
        engine.record(&library.interactions, None).await.unwrap();
        engine.refresh().await.unwrap();
        Self { library, engine, _folder: folder }
    }

    async fn with_model(self) -> Self {
        let mut config = TrainConfig { force: true, ..TrainConfig::default() };
        config.als.dim = 8;
        config.ncf.layers = vec![8];
        config.ncf.epochs = 1;
        let snapshots = &self.engine.config().snapshots;
        let trainer = Trainer::with_store(self.engine.store().clone(), snapshots, config);
        trainer.run(Box::new(())).await.unwrap();
        self.engine.reload().await.unwrap();
        self
    }

    async fn ask(&self, request: RecommendRequest) -> Answer {
        self.engine.recommend(request).await.unwrap()
    }

    /// The resources of a topic, by position in the library.
    fn of_topic(&self, topic: &str) -> Vec<ResourceId> {
        let of_topic = self.library.resources.iter().filter(|r| Library::topic_of(r) == Some(topic));
        of_topic.map(|resource| resource.id.clone()).collect()
    }

    fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> =
            self.library.resources.iter().filter_map(Library::topic_of).map(str::to_owned).collect();
        topics.sort();
        topics.dedup();
        topics
    }
}

fn interaction(who: &str, what: &ResourceId, interaction_type: InteractionType) -> NewInteraction {
    NewInteraction {
        user_id: who.parse().unwrap(),
        resource_id: what.clone(),
        interaction_type,
        signals: Signals::default(),
        at: now(),
    }
}

fn like(who: &str, what: &ResourceId) -> NewInteraction {
    interaction(who, what, InteractionType::CollectionAdd)
}

fn request(who: &str) -> RecommendRequest {
    RecommendRequest::new(who.parse().unwrap())
}

fn preference(value: f64) -> Option<Preference> {
    Some(Preference::new("preference", value).unwrap())
}

fn share(answer: &Answer, of: &[ResourceId]) -> f64 {
    let found = answer.recommendations.iter().filter(|r| of.contains(&r.resource_id)).count();
    found as f64 / answer.recommendations.len().max(1) as f64
}

fn now() -> DateTime<Utc> {
    Utc::now()
}
