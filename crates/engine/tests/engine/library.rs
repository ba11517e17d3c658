//! A small library: eighty books on four subjects, and forty readers who keep to one subject each.
#![allow(dead_code, reason = "shared by several suites, none of which uses all of it")]

use std::path::Path;

use chrono::{TimeDelta, Utc};
use docent_domain::{NewInteraction, Resource, ResourceId, UserId};
use docent_engine::{Answer, Engine, EngineConfig, RecommendRequest, Reloaded};
use docent_training::{EngineTrainer, TrainConfig, Trainer};
use tempfile::TempDir;

pub const SUBJECTS: [&str; 4] = ["astronomy", "gardening", "sailing", "pottery"];
pub const BOOKS: usize = 80;
pub const READERS: usize = 40;

/// An engine over a folder of its own.
pub struct Library {
    pub folder: TempDir,
    pub engine: Engine,
}

impl Library {
    /// Opens an engine without resources.
    pub async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = EngineConfig::in_folder(folder.path());
        Self { engine: Engine::open(config).await.unwrap(), folder }
    }

    /// Opens an engine without resources over the database at this address.
    pub async fn empty_at(database_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config =
            EngineConfig { database_url: database_url.to_owned(), ..EngineConfig::in_folder(folder.path()) };
        Self { engine: Engine::open(config).await.unwrap(), folder }
    }

    /// Opens an engine with books that no user has interacted with.
    pub async fn unread() -> Self {
        Self::empty().await.with_books().await
    }

    pub async fn with_books(self) -> Self {
        self.engine.ingest((0..BOOKS).map(book).collect()).await.unwrap();
        self
    }

    /// Opens an engine with books and readers.
    pub async fn read() -> Self {
        Self::unread().await.with_readers().await
    }

    pub async fn with_readers(self) -> Self {
        for reader in 0..READERS {
            let read: Vec<NewInteraction> = (0..BOOKS)
                .filter(|n| n % 4 == reader % 4 && (n / 4 * 7 + reader * 3) % 5 < 3)
                .map(|n| like(&format!("reader-{reader}"), &format!("book-{n}"), n as i64))
                .collect();
            self.engine.record(&read).await.unwrap();
        }
        self
    }

    /// Opens an engine with books, readers and a live model.
    pub async fn trained() -> Self {
        Self::read().await.with_model().await
    }

    pub async fn with_model(self) -> Self {
        self.train().await;
        assert!(matches!(self.engine.reload().await.unwrap(), Reloaded::Swapped(_)));
        self
    }

    pub fn train_config(&self) -> TrainConfig {
        let mut config = TrainConfig::default();
        config.als.dim = 8;
        config.ncf.layers = vec![16, 8];
        config.ncf.epochs = 2;
        config
    }

    pub fn trainer(&self) -> Trainer {
        self.engine.trainer(self.train_config())
    }

    /// Publishes a model and returns its id.
    pub async fn train(&self) -> String {
        self.trainer().run().await.unwrap().published.unwrap()
    }

    pub async fn recommend(&self, user: &str) -> Answer {
        self.engine.recommend(request(user)).await.unwrap()
    }

    /// Opens another engine over the same folder.
    pub async fn open_again(&self) -> Engine {
        Engine::open(EngineConfig::in_folder(self.folder.path())).await.unwrap()
    }

    pub fn snapshots(&self) -> &Path {
        &self.engine.config().snapshots
    }
}

pub fn book(n: usize) -> Resource {
    let subject = SUBJECTS[n % 4];
    let mut book =
        Resource::new(id(&format!("book-{n}")), format!("{subject} for beginners, part {}", n / 4));
    book.text = format!("Everything about {subject}: a friendly guide with pictures.");
    book.subjects = vec![subject.to_owned()];
    book.authors = vec![format!("author of {subject} {}", n % 3)];
    book.source = Some(format!("press-{}", n % 2));
    book
}

pub fn id(id: &str) -> ResourceId {
    id.parse().unwrap()
}

pub fn user(id: &str) -> UserId {
    id.parse().unwrap()
}

/// Returns a positive interaction of yesterday, `minutes` after the start.
pub fn like(user_id: &str, resource: &str, minutes: i64) -> NewInteraction {
    let at = Utc::now() - TimeDelta::days(1) + TimeDelta::minutes(minutes);
    NewInteraction::collection_add(user(user_id), id(resource), at)
}

pub fn dismiss(user_id: &str, resource: &str) -> NewInteraction {
    NewInteraction::dismiss(user(user_id), id(resource), Utc::now() - TimeDelta::days(1))
}

pub fn request(user_id: &str) -> RecommendRequest {
    RecommendRequest::new(user(user_id))
}

pub fn ids(answer: &Answer) -> Vec<&str> {
    answer.recommendations.iter().map(|r| r.resource_id.as_str()).collect()
}

/// Returns the subject of a book by its id.
pub fn subject_of(book: &str) -> Option<usize> {
    book.trim_start_matches("book-").parse::<usize>().ok().map(|n| n % 4)
}

/// Returns the share of books on a subject in an answer.
pub fn subject_share(answer: &Answer, subject: usize) -> f64 {
    let on_subject = ids(answer).iter().filter(|id| subject_of(id) == Some(subject)).count();
    on_subject as f64 / answer.recommendations.len() as f64
}
