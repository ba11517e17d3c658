//! Runs with members that were fitted elsewhere.

use std::{ops::ControlFlow, sync::Mutex};

use chrono::{TimeDelta, Utc};
use docent_als::AlsModel;
use docent_domain::{Event, Histories, NewInteraction};
use docent_engine::Reloaded;
use docent_item_item::{Rp3betaConfig, rp3beta};
use docent_models::{ModelError, ModelKind};
use docent_training::{
    AlsConfig, TrainReport,
    external::{ExternalMembers, HeldOutEvent, MemberData, MemberSource, Part, Scope, TrainingData},
};

use crate::library::{Library, id, ids, like, subject_share, user};

/// Members that are fitted to exported data when a run asks for them.
struct Elsewhere {
    data: TrainingData,
    asked: Mutex<Vec<(ModelKind, Scope)>>,
}

impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.data.manifest)
    }
}

impl MemberSource for Elsewhere {
    fn load(&self, kind: ModelKind, scope: Scope) -> Result<MemberData, ModelError> {
        self.asked.lock().unwrap().push((kind, scope));
        let parts = match scope {
            Scope::Choose => &Part::ALL[..1],
            Scope::Judge => &Part::ALL[..2],
            Scope::Publish => &Part::ALL[..],
        };
        let events = parts.iter().flat_map(|part| self.data.events(*part));
        let events: Vec<(u32, Event)> = events
            .map(|event| (event.user, Event { confidence: event.confidence, ..Event::of(event.item) }))
            .collect();
        let split = &self.data.manifest;
        let histories = Histories::new(split.users, split.resources, events, false).unwrap();
        Ok(match kind {
            ModelKind::Als => {
                let config = AlsConfig { dim: 8, popularity_exponent: 0.0, ..AlsConfig::default() };
                let model =
                    AlsModel::train(&histories.matrix(), &config, |_| ControlFlow::Continue(())).unwrap();
                let factors = model.item_factors().to_vec();
                let items = (0..split.resources as u32).collect();
                MemberData::Factors { dim: 8, items, factors }
            }
            _ => {
                let weights = rp3beta(&histories.matrix(), &Rp3betaConfig::default()).unwrap();
                MemberData::Rows(
                    (0..split.resources as u32).map(|item| weights.row(item).collect()).collect(),
                )
            }
        })
    }
}

async fn members(library: &Library) -> ExternalMembers {
    let data = library.trainer().training_data().await.unwrap();
    let held_out = [Part::Validation, Part::Holdout].into_iter().flat_map(|part| {
        data.events(part).map(move |event| HeldOutEvent {
            part,
            user: event.user_id.clone(),
            item: event.item,
        })
    });
    ExternalMembers {
        place: "members".into(),
        split: data.manifest.clone(),
        items: data.items.clone(),
        held_out: held_out.collect(),
        kinds: vec![ModelKind::Als, ModelKind::Rp3beta],
        source: Box::new(Elsewhere { data, asked: Mutex::default() }),
    }
}

/// Returns the difference in NDCG of a model in two runs; `None` where a blend does without it.
fn difference(a: &TrainReport, b: &TrainReport, model: &str) -> Option<f64> {
    Some(a.info.holdout.get(model)?.ndcg - b.info.holdout.get(model)?.ndcg)
}

#[tokio::test]
async fn members_from_elsewhere_are_judged_as_those_of_the_run_and_serve_users_who_came_later() {
    let library = Library::read().await;
    let report = library.trainer().with_members(members(&library).await).run().await.unwrap();
    assert!(report.info.external_members.contains(&"als".to_owned()), "{:?}", report.info.external_members);
    let inside = library.trainer().run().await.unwrap();
    assert!(inside.info.external_members.is_empty());
    // The same sums over the same split, and the same factorisation from another start.
    assert_eq!(difference(&report, &inside, "popularity"), Some(0.0));
    assert!(difference(&report, &inside, "rp3beta").is_none_or(|of| of.abs() < 1e-3));
    assert!(difference(&report, &inside, "als").unwrap().abs() < 0.1);
    library.trainer().with_members(members(&library).await).run().await.unwrap();
    assert!(matches!(library.engine.reload().await.unwrap(), Reloaded::Swapped(_)));
    let new: Vec<NewInteraction> =
        (0..4).map(|n| like("newcomer", &format!("book-{}", 4 * n + 1), n)).collect();
    library.engine.record(&new).await.unwrap();
    let answer = library.engine.recommend(crate::library::request("newcomer").limit(5)).await.unwrap();
    assert!(subject_share(&answer, 1) > 0.7, "{:?}", ids(&answer));
}

#[tokio::test]
async fn what_happened_since_the_export_is_no_case_and_moves_none() {
    let library = Library::read().await;
    let exported = members(&library).await;
    let before = library.trainer().with_members(members(&library).await).run().await.unwrap();
    // New positives, and a newer time of an old one that the members have learned from.
    let later = Utc::now() + TimeDelta::hours(1);
    for reader in 0..40 {
        let name = format!("reader-{reader}");
        let new = [reader % 4, (reader + 1) % 4, (reader + 2) % 4]
            .map(|n| NewInteraction::collection_add(user(&name), id(&format!("book-{n}")), later));
        library.engine.record(&new).await.unwrap();
    }
    let after = library.trainer().with_members(exported).run().await.unwrap();
    assert!(after.info.positives > before.info.positives, "published of everything");
    // Renewed positives are of the future of every case, so they are left out of what is known; the
    // cases stay.
    for model in ["popularity", "rp3beta", "als"] {
        let moved = difference(&after, &before, model);
        assert!(moved.is_none_or(|of| of.abs() < 0.1), "{model}: {moved:?}");
    }
}
