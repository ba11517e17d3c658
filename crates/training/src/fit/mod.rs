//! Fitting of collaborative models: each alone, and the blend with its shares.

#[cfg(feature = "ncf")]
mod ncf;
mod shares;
mod tune;
mod validation;

use std::ops::ControlFlow;

use docent_als::{AlsConfig, AlsError, AlsModel};
use docent_domain::InteractionMatrix;
use docent_item_item::{EaseConfig, KnnConfig, ease, knn};
use docent_models::{
    AlsRecommender, Blend, CollaborativeModel, ItemItemRecommender, ModelError, ModelKind, Popularity,
};
use docent_ncf::NcfConfig;
use serde::{Deserialize, Serialize};

pub use shares::fit_shares;
pub use tune::{Tuned, tune};
pub use validation::{Objective, Validation};

/// Settings of every model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// Matrix factorisation. NCF starts from it; where its dimension differs, from a factorisation
    /// of its own with the same settings.
    pub als: AlsConfig,
    /// The matrix factorisation of few dimensions that is blended with it.
    #[serde(alias = "broad_als")]
    pub low_rank_als: AlsConfig,
    /// Neural collaborative filtering.
    pub ncf: NcfConfig,
    /// Item nearest neighbours.
    pub knn: KnnConfig,
    /// EASE as a model of its own.
    pub ease: EaseConfig,
    /// EASE in the blend.
    pub blended_ease: EaseConfig,
    /// Objective by which epochs and shares are chosen.
    pub objective: Objective,
    /// Seed of everything random; overrides the seeds of the parts.
    pub seed: u64,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            als: AlsConfig::default(),
            low_rank_als: AlsConfig::low_rank(),
            ncf: NcfConfig { dim: 192, learning_rate: 0.0003, epochs: 2, ..NcfConfig::default() },
            knn: KnnConfig::default(),
            ease: EaseConfig::default(),
            blended_ease: EaseConfig::denoising(),
            objective: Objective::Full { k: 10 },
            seed: 42,
        }
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

/// Fits a model. NCF and the hybrid cut a validation set from `likes` (see [`Validation`]) to
/// choose epochs and shares on; the other models learn from everything.
///
/// # Errors
/// Returns an error for settings out of range, for an empty matrix, and for a catalogue too large
/// for EASE (see [`ModelError::is_too_many_items`]). If `observer` breaks,
/// [`ModelError::is_interrupted`] holds.
pub fn fit(
    kind: ModelKind,
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Box<dyn CollaborativeModel>, ModelError> {
    begin(kind, observer)?;
    Ok(match kind {
        ModelKind::Popularity => Box::new(Popularity::of(likes)),
        ModelKind::ItemKnn => Box::new(ItemItemRecommender::new(kind, knn(likes, &settings.knn)?)),
        ModelKind::Ease => Box::new(ItemItemRecommender::new(kind, ease(likes, &settings.ease)?)),
        ModelKind::Als => Box::new(fit_als(kind, &settings.als, likes, settings, observer)?),
        ModelKind::LowRankAls => Box::new(fit_als(kind, &settings.low_rank_als, likes, settings, observer)?),
        ModelKind::Ncf => fit_ncf(likes, settings, observer)?,
        ModelKind::Hybrid => Box::new(fit_hybrid(likes, settings, observer)?),
    })
}

fn begin(kind: ModelKind, observer: &mut Observer<'_>) -> Result<(), ModelError> {
    match observer(&FitEvent::Model(kind)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(AlsError::Interrupted.into()),
    }
}

fn fit_als(
    kind: ModelKind,
    config: &AlsConfig,
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<AlsRecommender, ModelError> {
    let config = AlsConfig { seed: settings.seed, ..config.clone() };
    let model = AlsModel::train(likes, &config, |half| {
        observer(&FitEvent::Step { model: kind, done: half.done, total: half.total })
    })?;
    Ok(AlsRecommender::new(kind, model))
}

#[cfg(feature = "ncf")]
fn fit_ncf(
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Box<dyn CollaborativeModel>, ModelError> {
    let validation = Validation::cut(likes, settings.objective, settings.seed)?;
    let train = validation.as_ref().map_or(likes, Validation::train);
    let start = ncf::start(train, settings, observer)?;
    Ok(Box::new(ncf::fit(train, validation.as_ref(), start, settings, observer)?))
}

#[cfg(not(feature = "ncf"))]
fn fit_ncf(
    _: &InteractionMatrix,
    _: &FitSettings,
    _: &mut Observer<'_>,
) -> Result<Box<dyn CollaborativeModel>, ModelError> {
    Err(ModelError::FeatureMissing { what: "training of neural collaborative filtering", feature: "ncf" })
}

/// Fits the blend: ALS of many and of few dimensions, NCF, and EASE, or item nearest neighbours
/// where the catalogue is too large for EASE.
///
/// Shares and NCF's epochs are chosen on a validation set. With them everything is then fitted on
/// all of `likes`.
///
/// # Errors
/// As [`fit`].
pub fn fit_hybrid(
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Blend, ModelError> {
    let Some(validation) = Validation::cut(likes, settings.objective, settings.seed)? else {
        return Ok(Blend::of([(fit(ModelKind::Als, likes, settings, observer)?, 1.0)]));
    };
    let members = Members::fit(validation.train(), Some(&validation), settings, observer)?;
    begin(ModelKind::Hybrid, observer)?;
    let weights = fit_shares(&members.models, &validation, settings.seed)?;
    let uses_ncf =
        members.models.iter().zip(&weights).any(|(m, weight)| m.kind() == ModelKind::Ncf && *weight > 0.0);
    // A network that the blend leaves out is not trained again.
    let epochs = if uses_ncf { members.ncf_epochs } else { 0 };
    drop(members.models);
    let chosen = FitSettings { ncf: NcfConfig { epochs, ..settings.ncf.clone() }, ..settings.clone() };
    let members = Members::fit(likes, None, &chosen, observer)?;
    Ok(Blend::of(members.models.into_iter().zip(weights)))
}

/// Returns the item-by-item model that the blend of a catalogue of this size has.
fn blended_item_item(n_items: usize, settings: &FitSettings) -> ModelKind {
    if n_items <= settings.blended_ease.max_items { ModelKind::Ease } else { ModelKind::ItemKnn }
}

/// The models of the blend.
struct Members {
    models: Vec<Box<dyn CollaborativeModel>>,
    /// Epoch of NCF that was kept.
    ncf_epochs: usize,
}

impl Members {
    fn fit(
        likes: &InteractionMatrix,
        validation: Option<&Validation>,
        settings: &FitSettings,
        observer: &mut Observer<'_>,
    ) -> Result<Self, ModelError> {
        begin(ModelKind::Als, observer)?;
        let als = fit_als(ModelKind::Als, &settings.als, likes, settings, observer)?;
        let mut models: Vec<Box<dyn CollaborativeModel>> = vec![Box::new(als.clone())];
        let ncf_epochs = Self::add_ncf(&mut models, als, likes, validation, settings, observer)?;
        let of_blend = FitSettings { ease: settings.blended_ease.clone(), ..settings.clone() };
        models.push(fit(blended_item_item(likes.n_cols(), settings), likes, &of_blend, observer)?);
        models.push(fit(ModelKind::LowRankAls, likes, settings, observer)?);
        Ok(Self { models, ncf_epochs })
    }

    #[cfg(feature = "ncf")]
    fn add_ncf(
        models: &mut Vec<Box<dyn CollaborativeModel>>,
        als: AlsRecommender,
        likes: &InteractionMatrix,
        validation: Option<&Validation>,
        settings: &FitSettings,
        observer: &mut Observer<'_>,
    ) -> Result<usize, ModelError> {
        begin(ModelKind::Ncf, observer)?;
        let start =
            if settings.ncf.dim == settings.als.dim { als } else { ncf::start(likes, settings, observer)? };
        let ncf = ncf::fit(likes, validation, start, settings, observer)?;
        let epochs = ncf.best_epoch();
        models.push(Box::new(ncf));
        Ok(epochs)
    }

    /// Adds nothing: this build trains no network.
    #[cfg(not(feature = "ncf"))]
    fn add_ncf(
        _: &mut Vec<Box<dyn CollaborativeModel>>,
        _: AlsRecommender,
        _: &InteractionMatrix,
        _: Option<&Validation>,
        _: &FitSettings,
        _: &mut Observer<'_>,
    ) -> Result<usize, ModelError> {
        Ok(0)
    }
}
