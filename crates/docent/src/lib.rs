//! Docent recommends what to read, watch, buy or use next, inside your own application.
//!
//! An [`Engine`] takes resources and interactions and recommends; a `Trainer` learns from the same
//! store and publishes models that engines load. Answers are computed live: a
//! [positive](Interaction::is_positive) interaction changes the user's very next answer, a new
//! resource can be recommended at once, and every recommendation says why. Both run inside any
//! tokio application, with SQLite inside by default.
//!
//! ```
//! use docent::prelude::*;
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let engine = Engine::open(EngineConfig::in_folder(folder)).await?;
//!
//! let mut book = Resource::new("isbn:0140449132".parse()?, "Crime and Punishment");
//! book.subjects = vec!["novel".into(), "russia".into()];
//! engine.ingest(vec![book]).await?;
//!
//! let ada: UserId = "ada".parse()?;
//! let answer = engine.recommend(RecommendRequest::new(ada.clone()).limit(5)).await?;
//! let first = &answer.recommendations[0];
//! println!("{:.3} {} because {:?}", first.score, first.title, first.reasons);
//!
//! let now = docent::chrono::Utc::now();
//! engine.record(&[NewInteraction::collection_add(ada, first.resource_id.clone(), now)]).await?;
//! engine.close().await?;
//! # Ok(()) }
//! ```
//!
//! # Where to look
//!
//! | to | see |
//! |---|---|
//! | add or replace resources | [`Engine::ingest`], [`Resource`] |
//! | change some fields of resources | [`Engine::change_resource`], [`ResourceChange`] |
//! | record what users do | [`Engine::record`], [`Engine::record_once`], [`NewInteraction`] |
//! | take interactions back | [`Engine::delete_interactions`] |
//! | recommend | [`Engine::recommend`], [`RecommendRequest`], [`Answer`] |
//! | rank given resources | [`Engine::rank`] |
//! | find users for a resource | [`Engine::audience`] |
//! | find similar resources | [`Engine::similar`], [`Engine::similar_to`] |
//! | change preferences, erase a user | [`Engine::update_profile`], [`Engine::erase_user`] |
//! | turn a visitor into a user | [`Engine::merge_users`] |
//! | train and load a model | `Engine::trainer` ([`training`]), [`Engine::reload`] |
//! | watch a running engine | [`monitoring`] |
//! | migrate, back up, import in bulk | [`storage`] |
//!
//! # Features
//!
//! `training`, `ncf` (training of neural collaborative filtering), `sqlite`, `postgres` and
//! `http-embedder` are on by default. With `default-features = false, features = ["sqlite"]` the
//! crate serves models, including neural ones, without a training library, PostgreSQL or an HTTP
//! client. `config` (the file, the environment variables and the checks that the server and the
//! trainer share), `object-store` (published models in an
//! object store), `sentence-transformers`, `cuda` and `wgpu` are off by default.

pub use chrono;
#[cfg(feature = "config")]
pub use docent_config as config;
pub use docent_domain::{
    Assignment, Component, ComponentScores, CountRule, DomainError, Experiment, Experiments, Feedback,
    Interaction, InteractionRules, InteractionType, Link, NewInteraction, Profile, Resource, ResourceChange,
    ResourceId, Signals, Strategy, Strength, UnitInterval, UserId, Variant, Weights, repeated_key,
};
pub use docent_engine::{
    Answer, AudienceMember, CandidateCounts, Cursor, CursorError, Degradation, Engine, EngineConfig,
    EngineStatus, Error, ImpressionRetention, IngestOutcome, InvalidInput, MAX_BOOSTS, MAX_COST, MAX_IDS,
    MAX_LIMIT, MAX_SHOWN, RecommendRequest, Recommendation, Reloaded, Seen, Shortfall, ShortfallReason,
    SimilarPage, SimilarRequest, SimilarResource, limit_checked,
};
pub use docent_ranker::{Boost, Contributions, Filter, FilterError, Reason};
pub use docent_storage::{
    IdempotencyKey, ProfileChange, RecordOutcome, Recorded, ResourcePage, StoredProfile, StoredResource,
    UpsertOutcome,
};

/// Everything that a first program needs.
pub mod prelude {
    pub use crate::{
        Answer, Engine, EngineConfig, Error, Feedback, InteractionType, NewInteraction, Profile,
        RecommendRequest, Recommendation, Resource, ResourceId, UserId,
    };

    #[cfg(feature = "training")]
    pub use crate::training::{EngineTrainer, TrainConfig, TrainReport, Trainer};
}

/// Reports about a running engine: health, performance, quality, engagement, and the live model.
pub mod monitoring {
    pub use docent_engine::{
        ImpressionQueue, QueryTimings, SlowQuery, Stage, Timing,
        monitoring::{
            Comparison, ComponentHealth, Drift, Engagement, ExperimentReport, Finding, Health, HealthStatus,
            Interval, ModelHealth, Performance, QualityGroup, QualityReport, RankQuality, VariantReport,
            window_checked,
        },
    };
}

/// Published models: their summaries, the collaborative models inside them, and their snapshots.
pub mod models {
    pub use docent_models::{
        ActivityLevel, AlsRecommender, Blend, CollaborativeModel, EmbedderConfig, EmbedderInfo, HttpConfig,
        ItemItemRecommender, LearnedWeights, Member, ModelError, ModelInfo, ModelKind, NcfRecommender,
        Popularity, SentenceTransformerConfig, open_snapshots,
    };
    pub use docent_snapshot::{Place, Published, SnapshotError, SnapshotStore};
}

/// The store beneath an engine: schema, backups, bulk import, run history.
pub mod storage {
    pub use docent_storage::*;
}

/// Training: fit, prove, publish, and evaluate offline.
#[cfg(feature = "training")]
pub mod training {
    pub use docent_evaluation as evaluation;
    pub use docent_training::*;
}
