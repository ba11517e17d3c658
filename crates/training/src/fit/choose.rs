//! The members of a blend, with their settings, decays and shares, chosen on a validation set; and
//! the blend built by such a choice.

use std::time::Instant;

use docent_models::{AlsRecommender, Blend, CollaborativeModel, Member, ModelError, ModelKind, Popularity};
use serde::{Deserialize, Serialize};

use super::{
    FitData, FitSettings, ModelConfig, Observer, Validation, begin,
    few::choose_of_few,
    fit, fit_als, fitted,
    ridge::with_ridge,
    shape::best_shape,
    shares::{learn, mean, standard_error},
    validation::MAX_CASES_COMPARED,
};

/// Cases below which nothing is learned: shares learned on fewer can fall to the weakest member.
const MIN_CASES_TO_LEARN: usize = 300;
/// Shares where nothing is learned. They held on every set tried; a member that the data do not
/// allow hands its share on in proportion.
const STATED: [PlannedMember; 3] = [
    PlannedMember { kind: ModelKind::Als, share: 0.6, tau: None },
    PlannedMember { kind: ModelKind::Rp3beta, share: 0.3, tau: None },
    PlannedMember { kind: ModelKind::Transitions, share: 0.3, tau: Some(STATED_TAU) },
];
pub(super) const STATED_TAU: f32 = 3.0;
/// Decays that are tried, in places.
const TAUS: [f32; 5] = [1.5, 3.0, 6.0, 12.0, 30.0];
/// Windows of recent popularity that are tried, in days.
const DAYS: [u32; 5] = [1, 7, 30, 90, 365];
/// Loss against the best member, in standard errors, from which NCF is not trained: it refines ALS,
/// and never by so much.
const FAR_BEHIND: f64 = 3.0;

/// A member of a blend before it is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlannedMember {
    /// Kind of the model.
    pub kind: ModelKind,
    /// Share in the blend.
    pub share: f32,
    /// Decay of histories, in places.
    pub tau: Option<f32>,
}

/// Everything that a validation set decides about a blend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Settings of the models, those that were chosen included.
    pub models: ModelConfig,
    /// Members with a share.
    pub members: Vec<PlannedMember>,
    /// True if recent popularity predicts the next items clearly better than that of all time.
    pub recent_leads: bool,
}

/// A plan, and the blend of the members as they were judged: fitted to what the validation set does
/// not hold out.
#[derive(Debug)]
pub struct Choice {
    /// Members, their shares and all settings.
    pub plan: Plan,
    /// The blend that was judged.
    pub blend: Blend,
}

/// Fits the blend: chooses on a validation set cut from `data`, then builds it on all of `data`
/// with what was chosen.
///
/// # Errors
/// As [`fit`].
pub fn fit_hybrid(
    data: &FitData,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Blend, ModelError> {
    build(data, &plan(data, settings, observer)?, settings, observer)
}

/// Chooses on a validation set cut from `data`.
///
/// # Errors
/// As [`fit`].
pub fn plan(data: &FitData, settings: &FitSettings, observer: &mut Observer<'_>) -> Result<Plan, ModelError> {
    Ok(match Validation::cut(data, settings.objective, settings.seed) {
        Some(validation) => choose(&validation, settings, observer)?.plan,
        None => stated(data, &settings.models),
    })
}

/// Returns the plan of data that are too few to learn one from.
pub(super) fn stated(data: &FitData, models: &ModelConfig) -> Plan {
    let known = kinds(data);
    let mut members: Vec<PlannedMember> =
        STATED.into_iter().filter(|member| known.contains(&member.kind)).collect();
    if members.is_empty() {
        // Members from outside may be any.
        let is_popularity =
            |kind: &ModelKind| matches!(kind, ModelKind::Popularity | ModelKind::RecentPopularity);
        let others = known.iter().filter(|kind| !is_popularity(kind));
        members = others.map(|kind| PlannedMember { kind: *kind, share: 1.0, tau: None }).collect();
    }
    Plan { models: models.clone(), members, recent_leads: false }
}

/// Returns the kinds that may be members, NCF aside. The simplest come first.
fn kinds(data: &FitData) -> Vec<ModelKind> {
    let is_ordered = data.histories().is_ordered();
    let has_times = data.histories().newest_time().is_some();
    let allows = |kind: &ModelKind| match kind {
        kind if !data.allows(*kind) => false,
        ModelKind::RecentPopularity => is_ordered && has_times,
        ModelKind::Transitions => is_ordered,
        ModelKind::Content => data.attributes().is_some(),
        ModelKind::Ncf | ModelKind::Hybrid => false,
        _ => true,
    };
    ModelKind::ALL.into_iter().filter(allows).collect()
}

/// A fitted model that may become a member.
struct Tried {
    model: Box<dyn CollaborativeModel>,
    tau: Option<f32>,
    /// NDCG of the model alone on each case.
    gains: Vec<f64>,
}

/// Fits the possible members to what `validation` does not hold out, and chooses on its cases: the
/// ridges of the factorisations, the shape of transitions, the window of recent popularity, the
/// decay by which each member sees a history, NCF's epoch, and the shares.
///
/// With fewer than 300 cases the members, shares and decays are stated ones, unless one model alone
/// is significantly better.
///
/// # Errors
/// As [`fit`].
pub fn choose(
    validation: &Validation,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Choice, ModelError> {
    let data = validation.train();
    if validation.len() < MIN_CASES_TO_LEARN {
        return choose_of_few(validation, settings, observer);
    }
    let mut chosen = settings.clone();
    let mut tried: Vec<Tried> = Vec::new();
    let mut als = None;
    for kind in kinds(data) {
        begin(kind, observer)?;
        let begun = Instant::now();
        let model: Box<dyn CollaborativeModel> = match (data.given(kind)?, kind) {
            (Some(given), _) => given,
            (None, ModelKind::RecentPopularity) => {
                let (days, model) = best_window(validation, &chosen.models)?;
                chosen.models.recent_days = Some(days);
                Box::new(model)
            }
            (None, ModelKind::Transitions) => {
                let (shape, model) = best_shape(validation, &chosen.models.transitions)?;
                chosen.models.transitions = shape;
                Box::new(model)
            }
            (None, ModelKind::Als) => {
                let (config, model) = with_ridge(kind, &chosen.models.als, validation, settings, observer)?;
                chosen.models.als = config;
                als = Some(model.clone());
                Box::new(model)
            }
            (None, ModelKind::LowRankAls) => {
                let start = &chosen.models.low_rank_als;
                let (config, model) = with_ridge(kind, start, validation, settings, observer)?;
                chosen.models.low_rank_als = config;
                Box::new(model)
            }
            (None, kind) => fit(kind, data, &chosen, &mut |_| std::ops::ControlFlow::Continue(()))?,
        };
        tried.push(with_decay(model, validation)?);
        fitted(kind, begun, observer)?;
    }
    let als = als.filter(|_| data.allows(ModelKind::Ncf));
    if let Some(als) = als.filter(|_| is_near_the_best(&tried, ModelKind::Als)) {
        let (ncf, epochs) = try_ncf(als, &tried, validation, &chosen, observer)?;
        chosen.models.ncf.epochs = epochs;
        tried.extend(ncf);
    }
    begin(ModelKind::Hybrid, observer)?;
    let recent_leads = recent_leads(&tried);
    let models: Vec<_> = tried.iter().map(|tried| (tried.model.as_ref(), tried.tau)).collect();
    let contests = validation.contests(&models, settings.seed)?;
    let shares = learn(models.len(), &contests, validation.objective());
    drop(contests);
    for (tried, share) in tried.iter().zip(&shares) {
        let (kind, ndcg) = (tried.model.kind().name(), mean(&tried.gains));
        tracing::debug!(kind, ndcg, share, tau = ?tried.tau, "member of the blend");
    }
    let members = tried.into_iter().zip(shares);
    let blend = Blend::of(members.map(|(Tried { model, tau, .. }, share)| Member { model, share, tau }));
    let members = blend
        .members()
        .iter()
        .map(|member| PlannedMember { kind: member.model.kind(), share: member.share, tau: member.tau })
        .collect();
    Ok(Choice { plan: Plan { models: chosen.models, members, recent_leads }, blend })
}

/// Fits the members of a plan to all of `data`.
///
/// # Errors
/// As [`fit`].
pub fn build(
    data: &FitData,
    plan: &Plan,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Blend, ModelError> {
    let settings = FitSettings { models: plan.models.clone(), ..settings.clone() };
    let mut members = Vec::with_capacity(plan.members.len());
    let mut als = None;
    for planned in &plan.members {
        let model: Box<dyn CollaborativeModel> = match (data.given(planned.kind)?, planned.kind) {
            (Some(given), _) => given,
            (None, ModelKind::Als) => {
                begin(planned.kind, observer)?;
                let begun = Instant::now();
                let model = fit_als(planned.kind, &settings.models.als, data, &settings, observer)?;
                fitted(planned.kind, begun, observer)?;
                als = Some(model.clone());
                Box::new(model)
            }
            (None, ModelKind::Ncf) => fit_ncf(als.take(), data, None, &settings, observer)?.0,
            (None, kind) => fit(kind, data, &settings, observer)?,
        };
        members.push(Member { model, share: planned.share, tau: planned.tau });
    }
    Ok(Blend::of(members))
}

/// Chooses the decay by which a model sees a history. One that sees all events alike gets a decay
/// only if that pays by more than a standard error.
fn with_decay(model: Box<dyn CollaborativeModel>, validation: &Validation) -> Result<Tried, ModelError> {
    let plain = validation.gains(model.as_ref(), None, MAX_CASES_COMPARED)?;
    let follows_history = !matches!(model.kind(), ModelKind::Popularity | ModelKind::RecentPopularity);
    if !validation.train().histories().is_ordered() || !follows_history {
        return Ok(Tried { model, tau: None, gains: plain });
    }
    let mut best: Option<(f32, Vec<f64>)> = None;
    for tau in TAUS {
        let gains = validation.gains(model.as_ref(), Some(tau), MAX_CASES_COMPARED)?;
        if best.as_ref().is_none_or(|(_, best)| mean(&gains) > mean(best)) {
            best = Some((tau, gains));
        }
    }
    let clear =
        best.filter(|(_, gains)| model.kind() == ModelKind::Transitions || in_errors(&plain, gains) > 1.0);
    Ok(match clear {
        Some((tau, gains)) => Tried { model, tau: Some(tau), gains },
        None => Tried { model, tau: None, gains: plain },
    })
}

/// Returns the mean gain of `new` over `old` in standard errors.
pub(super) fn in_errors(old: &[f64], new: &[f64]) -> f64 {
    let gained: Vec<f64> = old.iter().zip(new).map(|(old, new)| new - old).collect();
    mean(&gained) / standard_error(&gained).max(f64::MIN_POSITIVE)
}

fn gains_of(tried: &[Tried], kind: ModelKind) -> Option<&[f64]> {
    tried.iter().find(|tried| tried.model.kind() == kind).map(|tried| tried.gains.as_slice())
}

fn recent_leads(tried: &[Tried]) -> bool {
    let both = gains_of(tried, ModelKind::Popularity).zip(gains_of(tried, ModelKind::RecentPopularity));
    both.is_some_and(|(all_time, recent)| in_errors(all_time, recent) > 1.0)
}

/// Returns true if a kind is not far behind the best model.
fn is_near_the_best(tried: &[Tried], kind: ModelKind) -> bool {
    let own = tried.iter().find(|tried| tried.model.kind() == kind);
    own.is_some_and(|own| tried.iter().all(|other| in_errors(&own.gains, &other.gains) < FAR_BEHIND))
}

/// Chooses the days that recent popularity counts, unless they are configured.
fn best_window(validation: &Validation, models: &ModelConfig) -> Result<(u32, Popularity), ModelError> {
    let data = validation.train();
    let no_times = super::missing(ModelKind::RecentPopularity, "times");
    let Some(until) = data.latest() else { return Err(no_times) };
    let days = models.recent_days.map_or_else(|| DAYS.to_vec(), |days| vec![days]);
    let mut best: Option<(f64, u32, Popularity)> = None;
    for days in days {
        let model = Popularity::recent(data.histories(), days, until);
        let ndcg = mean(&validation.gains(&model, None, MAX_CASES_COMPARED)?);
        if best.as_ref().is_none_or(|(best, ..)| ndcg > *best) {
            best = Some((ndcg, days, model));
        }
    }
    best.map(|(_, days, model)| (days, model)).ok_or(no_times)
}

/// Trains NCF from the factors of ALS; `None` if no epoch is better than its start. Returns the
/// epoch that is kept, too.
fn try_ncf(
    als: AlsRecommender,
    tried: &[Tried],
    validation: &Validation,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<(Option<Tried>, usize), ModelError> {
    if cfg!(not(feature = "ncf")) {
        return Ok((None, settings.models.ncf.epochs));
    }
    let (model, epochs) = fit_ncf(Some(als), validation.train(), Some(validation), settings, observer)?;
    if epochs == 0 {
        return Ok((None, 0));
    }
    // The network sees a user through the vector of ALS.
    let tau = tried.iter().find(|tried| tried.model.kind() == ModelKind::Als).and_then(|als| als.tau);
    let gains = validation.gains(model.as_ref(), tau, MAX_CASES_COMPARED)?;
    Ok((Some(Tried { model, tau, gains }), epochs))
}

/// Trains NCF from the factors of ALS, or from its own where their dimension is another. Returns
/// the epoch that is kept, too.
#[cfg(feature = "ncf")]
fn fit_ncf(
    als: Option<AlsRecommender>,
    data: &FitData,
    validation: Option<&Validation>,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<(Box<dyn CollaborativeModel>, usize), ModelError> {
    begin(ModelKind::Ncf, observer)?;
    let begun = Instant::now();
    let start = match als.filter(|als| als.model().dim() == settings.models.ncf.dim) {
        Some(als) => als,
        None => super::ncf::start(data, settings, observer)?,
    };
    let model = super::ncf::fit(data, validation, start, settings, observer)?;
    let epochs = model.best_epoch();
    fitted(ModelKind::Ncf, begun, observer)?;
    Ok((Box::new(model), epochs))
}

#[cfg(not(feature = "ncf"))]
fn fit_ncf(
    _: Option<AlsRecommender>,
    data: &FitData,
    _: Option<&Validation>,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<(Box<dyn CollaborativeModel>, usize), ModelError> {
    Ok((super::fit_ncf(data, settings, observer)?, 0))
}
