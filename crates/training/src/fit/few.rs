//! The choice of a blend where the cases are too few to learn shares.

use docent_models::{CollaborativeModel, ModelError, Popularity};

use super::{
    Choice, FitSettings, Observer, PlannedMember, Validation, build, choose::stated, shares::mean,
    validation::MAX_CASES_COMPARED,
};
use crate::significance::is_significant;

/// Cases below which the stated shares are not questioned.
const MIN_CASES: usize = 20;

/// Takes the stated blend, unless one of its members alone, or popularity, predicts the cases
/// significantly better, or none of them worse.
///
/// Shares that are learned on so few cases follow chance. A single model that wins by more than two
/// standard errors does not, nor does one that loses nowhere: catalogues of a few dozen resources
/// are often ruled by order alone, or by popularity.
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
            plan.members = vec![single];
            let blend = build(data, &plan, settings, observer)?;
            Ok(Choice { plan, blend })
        }
        _ => Ok(Choice { plan, blend }),
    }
}

/// Returns true if a single model is significantly better than a blend, or loses none of the cases
/// that either of them gains anything in.
fn is_better(of_single: &[f64], of_blend: &[f64]) -> bool {
    let gains: Vec<f64> = of_single.iter().zip(of_blend).map(|(single, blend)| single - blend).collect();
    let telling = of_single.iter().zip(of_blend).filter(|(single, blend)| **single > 0.0 || **blend > 0.0);
    let loses_nowhere = telling.count() >= MIN_CASES && gains.iter().all(|gain| *gain >= 0.0);
    is_significant(&gains) || loses_nowhere
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use docent_domain::{Event, Histories};
    use docent_models::ModelKind;

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
    fn a_single_model_must_win_by_more_than_chance_or_lose_nowhere() {
        let (won, half) = (vec![1.0; 20], vec![0.5; 20]);
        assert!(is_better(&won, &half) && is_better(&won, &won));
        assert!(!is_better(&half, &won));
        let mixed: Vec<f64> = (0..20).map(|case| if case % 3 == 0 { 0.2 } else { 0.7 }).collect();
        assert!(!is_better(&mixed, &half), "within two standard errors");
        assert!(!is_better(&[0.0; 20], &[0.0; 20]), "no case tells anything");
    }

    #[test]
    fn a_member_that_is_significantly_better_alone_stays_alone() {
        assert_eq!(chosen(true), [ModelKind::Transitions]);
        assert!(chosen(false).len() > 1, "nothing follows anything here");
    }
}
