//! The choice of a blend where the cases are too few to learn shares.

use docent_models::{CollaborativeModel, ModelError, ModelKind, Popularity};

use super::{
    Choice, FitSettings, Observer, PlannedMember, Validation, build, choose::stated, shares::mean,
    validation::MAX_CASES_COMPARED,
};
use crate::significance::is_significant;

/// Cases below which the stated shares are not questioned.
const MIN_CASES: usize = 20;
/// Share of ALS beside a single model.
const SHARE_OF_ALS: f32 = 0.1;

/// Takes the stated blend, unless one of its members alone, or popularity, predicts the cases
/// significantly better, or puts each of them first.
///
/// Shares that are learned on so few cases follow chance. A single model that wins by more than two
/// standard errors does not, nor does one that cannot be better: catalogues of a few dozen
/// resources are often ruled by order alone, or by popularity. ALS keeps a tenth beside a model
/// without factors, by which new resources have a score.
///
/// # Errors
/// As [`super::fit`].
pub(super) fn choose_of_few(
    validation: &Validation,
    settings: &FitSettings,
    observer: &mut Observer<'_>,
) -> Result<Choice, ModelError> {
    let data = validation.train();
    let mut plan = stated(data, &settings.models);
    let blend = build(data, &plan, settings, observer)?;
    if validation.len() < MIN_CASES {
        return Ok(Choice { plan, blend });
    }
    let reached = validation.gains(&blend, None, MAX_CASES_COMPARED)?;
    let popularity = Popularity::of(data.histories());
    let members = blend.members().iter().map(|member| (member.model.as_ref(), member.tau));
    let mut best: Option<(PlannedMember, Vec<f64>)> = None;
    for (model, tau) in members.chain([(&popularity as &dyn CollaborativeModel, None)]) {
        let gains = validation.gains(model, tau, MAX_CASES_COMPARED)?;
        tracing::debug!(kind = model.kind().name(), ndcg = mean(&gains), of_blend = mean(&reached), "alone");
        if best.as_ref().is_none_or(|(_, best)| mean(&gains) > mean(best)) {
            best = Some((PlannedMember { kind: model.kind(), share: 1.0, tau }, gains));
        }
    }
    match best {
        Some((single, gains)) if is_better(&gains, &reached) => {
            plan.members.retain(|member| member.kind == ModelKind::Als && single.kind != ModelKind::Als);
            plan.members.iter_mut().for_each(|als| als.share = SHARE_OF_ALS);
            plan.members.insert(0, PlannedMember { share: 1.0 - SHARE_OF_ALS, ..single });
            let blend = build(data, &plan, settings, observer)?;
            Ok(Choice { plan, blend })
        }
        _ => Ok(Choice { plan, blend }),
    }
}

/// Returns true if a single model is significantly better than a blend, or cannot be better.
fn is_better(of_single: &[f64], of_blend: &[f64]) -> bool {
    let gains: Vec<f64> = of_single.iter().zip(of_blend).map(|(single, blend)| single - blend).collect();
    is_significant(&gains) || of_single.iter().all(|gain| *gain >= 1.0)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use docent_domain::{Event, Histories};

    use super::*;
    use crate::fit::FitData;

    /// The kinds of the members that are chosen for readers, each of whom goes on from where the
    /// one before began.
    fn chosen(is_ordered: bool) -> Vec<ModelKind> {
        let items = 24;
        let events =
            (0..120).flat_map(|user| (0..6).map(move |place| (user, Event::of((user + place) % items))));
        let data = FitData::new(Histories::new(120, items as usize, events, is_ordered).unwrap());
        let settings = FitSettings::default();
        let validation = Validation::cut(&data, settings.objective, settings.seed).unwrap();
        assert!((MIN_CASES..300).contains(&validation.len()), "{}", validation.len());
        let choice = choose_of_few(&validation, &settings, &mut |_| ControlFlow::Continue(())).unwrap();
        choice.blend.members().iter().map(|member| member.model.kind()).collect()
    }

    #[test]
    fn a_single_model_must_win_by_more_than_chance_or_be_perfect() {
        let (won, half) = (vec![1.0; 20], vec![0.5; 20]);
        assert!(is_better(&won, &half) && is_better(&won, &won));
        assert!(!is_better(&half, &won));
        let mixed: Vec<f64> = (0..20).map(|case| if case % 3 == 0 { 0.2 } else { 0.7 }).collect();
        assert!(!is_better(&mixed, &half), "within two standard errors");
        assert!(!is_better(&half, &half), "as good, and not perfect");
    }

    #[test]
    fn a_member_that_is_significantly_better_leads_with_a_tenth_of_als() {
        assert_eq!(chosen(true), [ModelKind::Transitions, ModelKind::Als]);
        assert!(!chosen(false).contains(&ModelKind::Transitions), "nothing follows anything here");
    }
}
