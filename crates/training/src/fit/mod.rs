//! Fitting of collaborative models: each alone, and the blend with its shares.

mod choose;
mod config;
mod contest;
mod data;
mod few;
#[cfg(feature = "ncf")]
mod ncf;
mod objective;
mod ridge;
mod shape;
mod shares;
mod tune;
mod validation;

use std::{ops::ControlFlow, time::Instant};

use docent_als::{AlsConfig, AlsError, AlsModel};
use docent_item_item::{attribute_cosine, ease, knn, rp3beta};
use docent_linalg::SparseRows;
use docent_models::{
    AlsRecommender, CollaborativeModel, ItemItemRecommender, ModelError, ModelKind, Popularity, Trending,
};
use docent_transitions::transitions;
use serde::{Deserialize, Serialize};

pub use choose::{Choice, Plan, PlannedMember, build, choose, fit_hybrid, plan};
pub use config::ModelConfig;
pub use data::FitData;
pub use objective::Objective;
pub use tune::{Tuned, tune};
pub use validation::{Case, Validation};

/// Neighbours of an item by its attributes.
const ATTRIBUTE_NEIGHBORS: usize = 200;
/// Days that recent popularity counts where nothing chose them.
const RECENT_DAYS: u32 = 30;

/// Settings of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// Settings of every model.
    pub models: ModelConfig,
    /// Objective by which epochs, decays and shares are chosen.
    pub objective: Objective,
    /// Seed of everything random; overrides the seeds of the models.
    pub seed: u64,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self { models: ModelConfig::default(), objective: Objective::Full { k: 10 }, seed: 42 }
    }
}

/// Progress of a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum FitEvent {
    /// A model begins.
    Model(ModelKind),
    /// Half a sweep of ALS is done.
    Step {
        /// Kind of the model.
        model: ModelKind,
        /// Number of steps done.
        done: usize,
        /// Number of steps in all.
        total: usize,
    },
    /// A batch of NCF is done.
    Ncf(NcfProgress),
    /// A model is fitted.
    Fitted {
        /// Kind of the model.
        model: ModelKind,
        /// Wall-clock seconds that it took.
        seconds: f64,
    },
}

/// Progress of NCF.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NcfProgress {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Epochs at most.
    pub epochs: usize,
    /// Batches done in this epoch.
    pub batch: usize,
    /// Batches of an epoch.
    pub batches: usize,
    /// Mean loss of this epoch so far.
    pub loss: Option<f32>,
    /// NDCG on the validation set after the last epoch.
    pub validation: Option<f64>,
}

/// Watches a fit and may stop it.
pub type Observer<'a> = dyn FnMut(&FitEvent) -> ControlFlow<()> + 'a;

/// Fits a model. NCF and the hybrid cut a validation set from `data` (see [`Validation`]) to choose
/// epochs, decays and shares on; the other models learn from everything.
///
/// # Errors
/// Returns an error for settings out of range and for data without what the model learns from: any
/// interactions, an order for transitions, times for recent popularity, attributes for content. If
/// `observer` breaks, [`ModelError::is_interrupted`] holds.
pub fn fit(
    kind: ModelKind,
    data: &FitData,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Box<dyn CollaborativeModel>, ModelError> {
    begin(kind, observer)?;
    let (begun, models) = (Instant::now(), &settings.models);
    let model: Box<dyn CollaborativeModel> = match kind {
        ModelKind::Popularity => Box::new(Popularity::of(data.histories())),
        ModelKind::RecentPopularity => Box::new(recent_popularity(data, models)?),
        ModelKind::ItemKnn => of_items(kind, knn(data.likes(), &models.knn)?),
        ModelKind::Rp3beta => of_items(kind, rp3beta(data.likes(), &models.rp3beta)?),
        ModelKind::Ease => of_items(kind, ease(data.likes(), &models.ease)?),
        ModelKind::Transitions => of_items(kind, transitions(data.histories(), &models.transitions)?),
        ModelKind::Content => match data.attributes() {
            Some(attributes) => of_items(kind, attribute_cosine(attributes, ATTRIBUTE_NEIGHBORS)?),
            None => return Err(missing(kind, "attributes of items")),
        },
        ModelKind::Als => Box::new(fit_als(kind, &models.als, data, settings, observer)?),
        ModelKind::LowRankAls => Box::new(fit_als(kind, &models.low_rank_als, data, settings, observer)?),
        ModelKind::Ncf => fit_ncf(data, settings, observer)?,
        ModelKind::Hybrid => Box::new(fit_hybrid(data, settings, observer)?),
    };
    fitted(kind, begun, observer)?;
    Ok(model)
}

fn of_items(kind: ModelKind, weights: SparseRows) -> Box<dyn CollaborativeModel> {
    Box::new(ItemItemRecommender::new(kind, weights))
}

fn begin(kind: ModelKind, observer: &mut Observer<'_>) -> Result<(), ModelError> {
    emit(&FitEvent::Model(kind), observer)
}

fn fitted(kind: ModelKind, begun: Instant, observer: &mut Observer<'_>) -> Result<(), ModelError> {
    emit(&FitEvent::Fitted { model: kind, seconds: begun.elapsed().as_secs_f64() }, observer)
}

fn emit(event: &FitEvent, observer: &mut Observer<'_>) -> Result<(), ModelError> {
    match observer(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(AlsError::Interrupted.into()),
    }
}

fn missing(kind: ModelKind, what: &'static str) -> ModelError {
    ModelError::DataMissing { model: kind, what }
}

/// Counts the choices of the latest days before the newest time; `None` without times.
#[must_use]
pub fn trending(data: &FitData, plan: &Plan) -> Option<Trending> {
    let counted = recent_popularity(data, &plan.models).ok()?;
    let days = plan.models.recent_days.unwrap_or(RECENT_DAYS);
    let counts = counted.counts().iter().map(|count| *count as u32).collect();
    Some(Trending { days, leads: plan.recent_leads, counts })
}

/// Counts the latest days before the newest time.
fn recent_popularity(data: &FitData, models: &ModelConfig) -> Result<Popularity, ModelError> {
    let until = data.latest().ok_or_else(|| missing(ModelKind::RecentPopularity, "times"))?;
    Ok(Popularity::recent(data.histories(), models.recent_days.unwrap_or(RECENT_DAYS), until))
}

fn fit_als(
    kind: ModelKind,
    config: &AlsConfig,
    data: &FitData,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<AlsRecommender, ModelError> {
    if let Some(given) = data.given_factors(kind, config)? {
        return Ok(AlsRecommender::new(kind, given));
    }
    let config = AlsConfig { seed: settings.seed, ..config.clone() };
    let model = AlsModel::train(data.likes(), &config, |half| {
        observer(&FitEvent::Step { model: kind, done: half.done, total: half.total })
    })?;
    Ok(AlsRecommender::new(kind, model))
}

#[cfg(feature = "ncf")]
fn fit_ncf(
    data: &FitData,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Box<dyn CollaborativeModel>, ModelError> {
    let validation = Validation::cut(data, settings.objective, settings.seed);
    let train = validation.as_ref().map_or(data, Validation::train);
    let start = ncf::start(train, settings, observer)?;
    Ok(Box::new(ncf::fit(train, validation.as_ref(), start, settings, observer)?))
}

#[cfg(not(feature = "ncf"))]
fn fit_ncf(
    _: &FitData,
    _: &FitSettings,
    _: &mut Observer<'_>,
) -> Result<Box<dyn CollaborativeModel>, ModelError> {
    Err(ModelError::FeatureMissing { what: "training of neural collaborative filtering", feature: "ncf" })
}
