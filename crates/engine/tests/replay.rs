//! Replays of a model that fails.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::{iter, sync::Arc};

use chrono::DateTime;
use docent_domain::{Event, MatrixError, Resource, UserId};
use docent_embeddings::{LsaConfig, LsaEmbedder};
use docent_engine::{
    EngineConfig, Error,
    replay::{Replay, ReplayPositive, ReplayResource, ReplayUser},
};
use docent_graph::Graph;
use docent_models::{
    Audience, Blend, CollaborativeModel, ModelError, ModelInfo, ModelKind, PublishedModel, TextEmbedder,
    UserScores,
};
use docent_snapshot::Draft;

const ITEMS: usize = 10;

/// Fails to fold in a user.
#[derive(Debug)]
struct FailingModel;

fn failure() -> ModelError {
    MatrixError::OutOfRange { what: "item", index: 10, len: ITEMS }.into()
}

impl CollaborativeModel for FailingModel {
    fn kind(&self) -> ModelKind {
        ModelKind::Als
    }

    fn n_items(&self) -> usize {
        ITEMS
    }

    fn n_parameters(&self) -> usize {
        0
    }

    fn fold_in(&self, _: &[Event]) -> Result<Box<dyn UserScores + '_>, ModelError> {
        Err(failure())
    }

    fn save(&self, _: &mut Draft, _: &str) -> Result<(), ModelError> {
        Err(failure())
    }
}

#[test]
fn a_member_that_fails_is_an_error_and_not_an_empty_list() {
    let resources: Vec<Resource> = (0..ITEMS)
        .map(|n| Resource::new(format!("book-{n}").parse().unwrap(), format!("Volume {n}")))
        .collect();
    let no_edges = Graph::from_edges(ITEMS as u32, Vec::new(), []).unwrap().to_parts();
    let vectors: Vec<Option<Vec<f32>>> = vec![None; ITEMS];
    let embedder = Arc::new(LsaEmbedder::untrained(&LsaConfig::default()).unwrap());
    let member: Box<dyn CollaborativeModel> = Box::new(FailingModel);
    let model = PublishedModel {
        info: ModelInfo::empty(),
        items: resources.iter().map(|resource| resource.id.clone()).collect(),
        text_hashes: vec![String::new(); ITEMS],
        collaborative: Blend::of_one(member),
        audience: Audience::of(iter::empty(), &vectors, embedder.config().dim),
        embedder: TextEmbedder::Lsa(embedder),
        vectors,
        co_interaction: no_edges.clone(),
        similar: no_edges,
        popularity: vec![5; ITEMS],
        trending: None,
        content_map: None,
    };
    let rows = resources.iter().zip(1..).map(|(resource, row_id)| ReplayResource {
        row_id,
        resource,
        text_hash: "",
        positives: 5,
    });
    let replay = Replay::new(rows, model).unwrap();
    let at = DateTime::UNIX_EPOCH;
    let (ada, config): (UserId, _) = ("ada".parse().unwrap(), EngineConfig::default());
    let liked = [ReplayPositive { key: 0, strength: 1.0, at: Some(at) }];
    let user = ReplayUser::new(liked.into_iter(), [0]);

    for among in [None, Some([1, 2].as_slice())] {
        let found = replay.candidates(&ada, &user, 10, &config, at, among);
        assert!(matches!(found.map(|_| ()), Err(Error::Model(_))), "{among:?}");
    }
}
