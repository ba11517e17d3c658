use std::ops::ControlFlow;

use docent_als::{AlsConfig, AlsModel};
use docent_domain::InteractionMatrix;
use docent_item_item::{EaseConfig, KnnConfig, ease, knn};
use docent_ncf::{LeaveOneOut, NcfConfig, NcfModel, Progress, Scorer, TrainingData, TrainingObserver};
use serde::{Deserialize, Serialize};

use super::{
    AlsRecommender, Blend, CollaborativeModel, ItemItemRecommender, ModelKind, NcfRecommender, Objective,
    Popularity, Validation,
    validation::{history, triples},
};
use crate::Error;

/// Epochs of NCF are compared by no more cases than these: each is scored for the whole catalogue by the network, which
/// would take longer than the epoch.
const CASES_OF_EPOCH: usize = 1_000;

/// How each model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// Matrix factorisation. NCF starts from it or, where its `dim` is another, from one of its own by the same settings.
    pub als: AlsConfig,
    /// The matrix factorisation of few dimensions that is blended with it.
    pub broad_als: AlsConfig,
    /// Neural collaborative filtering.
    pub ncf: NcfConfig,
    /// Item nearest neighbours.
    pub knn: KnnConfig,
    /// The linear autoencoder as a model of its own.
    pub ease: EaseConfig,
    /// The linear autoencoder in the blend.
    pub blended_ease: EaseConfig,
    /// What epochs and blends are chosen by.
    pub objective: Objective,
    /// Seed of everything random; overrides those of the parts.
    pub seed: u64,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            als: AlsConfig::default(),
            broad_als: AlsConfig::broad(),
            ncf: NcfConfig { dim: 192, learning_rate: 0.0003, epochs: 2, ..NcfConfig::default() },
            knn: KnnConfig::default(),
            ease: EaseConfig::default(),
            blended_ease: EaseConfig::denoising(),
            objective: Objective::Full { k: 10 },
            seed: 42,
        }
    }
}

/// What a training run reports as it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FitEvent {
    /// A model is begun.
    Model(ModelKind),
    /// A half sweep of ALS.
    Step {
        /// The model.
        model: ModelKind,
        /// Done so far.
        done: usize,
        /// In all.
        total: usize,
    },
    /// A batch of NCF.
    Ncf(Progress),
}

/// Is told what happens, and may stop it.
pub type Observer<'a> = dyn FnMut(&FitEvent) -> ControlFlow<()> + 'a;

/// Trains a model on who chose what. NCF and the hybrid cut a small holdout from `likes` (see [`Validation`]) to choose
/// epochs and weights on; the others learn from all of it.
///
/// # Errors
/// Settings out of range, nothing to learn from, `TooManyItems` for `ease` (see [`Error::is_too_many_items`]); where
/// `observer` breaks, the `Interrupted` of the model at hand.
pub fn fit(
    kind: ModelKind,
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Box<dyn CollaborativeModel>, Error> {
    begin(kind, observer)?;
    Ok(match kind {
        ModelKind::Popularity => Box::new(Popularity::of(likes)),
        ModelKind::ItemKnn => Box::new(ItemItemRecommender::new(kind, knn(likes, &settings.knn)?)),
        ModelKind::Ease => Box::new(ItemItemRecommender::new(kind, ease(likes, &settings.ease)?)),
        ModelKind::Als => Box::new(als(kind, &settings.als, likes, settings, observer)?),
        ModelKind::BroadAls => Box::new(als(kind, &settings.broad_als, likes, settings, observer)?),
        ModelKind::Ncf => {
            let validation = Validation::cut(likes, settings.objective, settings.seed)?;
            let train = validation.as_ref().map_or(likes, Validation::train);
            let start = start_of_ncf(train, settings, observer)?;
            Box::new(ncf(train, validation.as_ref(), start, settings, observer)?)
        }
        ModelKind::Hybrid => Box::new(hybrid(likes, settings, observer)?),
    })
}

fn begin(kind: ModelKind, observer: &mut Observer<'_>) -> Result<(), Error> {
    match observer(&FitEvent::Model(kind)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(docent_als::AlsError::Interrupted.into()),
    }
}

fn als(
    kind: ModelKind,
    config: &AlsConfig,
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<AlsRecommender, Error> {
    let config = AlsConfig { seed: settings.seed, ..config.clone() };
    let model = AlsModel::train(likes, &config, |half| {
        observer(&FitEvent::Step { model: kind, done: half.done, total: half.total })
    })?;
    Ok(AlsRecommender::new(kind, model))
}

/// ALS of NCF's dimensions.
fn start_of_ncf(
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<AlsRecommender, Error> {
    let config = AlsConfig { dim: settings.ncf.dim, ..settings.als.clone() };
    als(ModelKind::Als, &config, likes, settings, observer)
}

/// Trains from ALS factors. With a validation, the epoch is kept that ranks it best; else the last.
fn ncf(
    likes: &InteractionMatrix,
    validation: Option<&Validation>,
    als: AlsRecommender,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<NcfRecommender, Error> {
    let model = als.model();
    let config = NcfConfig { dim: model.dim(), seed: settings.seed, ..settings.ncf.clone() };
    let positives: Vec<(u32, u32)> = triples(likes).map(|(user, item, _)| (user, item)).collect();
    let data = TrainingData {
        n_users: likes.n_rows(),
        n_items: likes.n_cols(),
        user_base: model.user_factors(),
        item_base: model.item_factors(),
        positives: &positives,
        item_features: None,
        leave_one_out: Some(&WithoutEach { als: model, likes }),
    };
    let mut watched = Watched { als: &als, validation, observer };
    let trained: NcfModel = docent_ncf::train(&data, &config, &mut watched)?;
    Ok(NcfRecommender::new(als.clone(), trained))
}

/// Base vectors with the positive at hand left out.
struct WithoutEach<'a> {
    als: &'a AlsModel,
    likes: &'a InteractionMatrix,
}

impl LeaveOneOut for WithoutEach<'_> {
    fn bases_without_each(&self, user: u32, items: &[u32]) -> Option<Vec<f32>> {
        let history = history(self.likes, user);
        // The positives of a user are the items of their row, in the same order.
        if history.len() != items.len() {
            return None;
        }
        self.als.fold_in_without_each(&history).ok()
    }
}

struct Watched<'a, 'o> {
    als: &'a AlsRecommender,
    validation: Option<&'a Validation>,
    observer: &'a mut Observer<'o>,
}

impl TrainingObserver for Watched<'_, '_> {
    fn evaluate(&mut self, _: usize, scorer: &Scorer<'_>) -> Option<f64> {
        let judged = self.validation?.judge(CASES_OF_EPOCH, |history, scores| {
            let base = self.als.fold_in(history)?;
            scorer.score_all(&base, super::ncf::RESCORED, scores)?;
            Ok(())
        });
        // What cannot be scored is a NaN here, which training reports as a bad metric.
        Some(judged.unwrap_or(f64::NAN))
    }

    fn on_progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        (self.observer)(&FitEvent::Ncf(*progress))
    }
}

/// ALS of many and of few dimensions, NCF, and EASE, or item nearest neighbours where the catalogue is too large for it,
/// blended. Weights and NCF's epochs are chosen on a holdout; with them everything is then trained on
/// all of `likes`.
pub(crate) fn hybrid(
    likes: &InteractionMatrix,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Blend, Error> {
    let Some(validation) = Validation::cut(likes, settings.objective, settings.seed)? else {
        return Ok(Blend::of([(fit(ModelKind::Als, likes, settings, observer)?, 1.0)]));
    };
    let (models, epochs) = members(validation.train(), Some(&validation), settings, observer)?;
    begin(ModelKind::Hybrid, observer)?;
    let weights = Blend::weigh(&models, &validation, settings.seed)?;
    let uses_ncf = models.iter().zip(&weights).any(|(m, weight)| m.kind() == ModelKind::Ncf && *weight > 0.0);
    drop(models);
    // A network that the blend leaves out need not be trained again.
    let epochs = if uses_ncf { epochs } else { 0 };
    let chosen = FitSettings { ncf: NcfConfig { epochs, ..settings.ncf.clone() }, ..settings.clone() };
    let (models, _) = members(likes, None, &chosen, observer)?;
    Ok(Blend::of(models.into_iter().zip(weights)))
}

/// The models of the blend, and the epoch that NCF was kept at.
fn members(
    likes: &InteractionMatrix,
    validation: Option<&Validation>,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<(Vec<Box<dyn CollaborativeModel>>, usize), Error> {
    begin(ModelKind::Als, observer)?;
    let als = als(ModelKind::Als, &settings.als, likes, settings, observer)?;
    begin(ModelKind::Ncf, observer)?;
    let start = if settings.ncf.dim == settings.als.dim {
        als.clone()
    } else {
        start_of_ncf(likes, settings, observer)?
    };
    let ncf = ncf(likes, validation, start, settings, observer)?;
    let epoch = ncf.best_epoch();
    let item_item =
        if likes.n_cols() <= settings.blended_ease.max_items { ModelKind::Ease } else { ModelKind::ItemKnn };
    let of_blend = FitSettings { ease: settings.blended_ease.clone(), ..settings.clone() };
    let item_item = fit(item_item, likes, &of_blend, observer)?;
    let broad = fit(ModelKind::BroadAls, likes, settings, observer)?;
    Ok((vec![Box::new(als), Box::new(ncf), item_item, broad], epoch))
}
