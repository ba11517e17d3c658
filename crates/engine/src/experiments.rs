//! Who is served by which variant of an experiment.

use docent_domain::{Assignment, Experiment, Experiments, Strategy, Variant};

use crate::RecommendRequest;

/// The variant that a request is answered by. A request that itself says what some variant of the experiment would say
/// is answered as it asks and is no part of it, for people of every variant alike.
pub(crate) fn variant_for<'a>(
    request: &RecommendRequest,
    experiments: &'a Experiments,
) -> Option<(Assignment, &'a Variant)> {
    let (experiment, variant) = experiments.of(&request.user_id)?;
    let of = Assignment { experiment: experiment.name.clone(), variant: variant.name.clone() };
    (!decides_for_itself(request, experiment)).then_some((of, variant))
}

fn decides_for_itself(request: &RecommendRequest, experiment: &Experiment) -> bool {
    let any = |says: fn(&Variant) -> bool| experiment.variants.iter().any(says);
    (request.strategy != Strategy::Hybrid && any(|v| v.strategy.is_some() || v.weights.is_some()))
        || (request.weights.is_some() && any(|v| v.strategy.is_some() || v.weights.is_some()))
        || (request.diversity.is_some() && any(|v| v.diversity.is_some()))
        || (request.novelty.is_some() && any(|v| v.novelty.is_some()))
}

/// The request with what the variant says.
pub(crate) fn served(request: &RecommendRequest, variant: &Variant) -> RecommendRequest {
    RecommendRequest {
        strategy: variant.strategy.unwrap_or(request.strategy),
        weights: variant.weights.or(request.weights),
        diversity: variant.diversity.or(request.diversity),
        novelty: variant.novelty.or(request.novelty),
        ..request.clone()
    }
}
