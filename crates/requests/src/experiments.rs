//! Assignment of requests to variants of experiments.

use docent_domain::{Assignment, Experiment, Experiments, Strategy, Variant};

use crate::RecommendRequest;

/// Returns the variant that answers a request, and its name; `None` without an experiment or a
/// user.
///
/// A request that itself sets an option that any variant of the experiment sets is answered as it
/// is and does not take part, whatever the variant of its user: otherwise the variants would be
/// compared on different requests.
#[must_use]
pub fn variant_for<'a>(
    request: &RecommendRequest,
    experiments: &'a Experiments,
) -> Option<(Assignment, &'a Variant)> {
    let (experiment, variant) = experiments.of(request.user_id.as_ref()?)?;
    let of = Assignment { experiment: experiment.name.clone(), variant: variant.name.clone() };
    (!decides_for_itself(request, experiment)).then_some((of, variant))
}

fn decides_for_itself(request: &RecommendRequest, experiment: &Experiment) -> bool {
    let sets_ranking = request.strategy != Strategy::Hybrid || request.weights.is_some();
    experiment.variants.iter().any(|variant| {
        (sets_ranking && (variant.strategy.is_some() || variant.weights.is_some()))
            || (request.diversity.is_some() && variant.diversity.is_some())
            || (request.novelty.is_some() && variant.novelty.is_some())
    })
}

/// Returns the request with the options of the variant.
#[must_use]
pub fn with_variant(request: &RecommendRequest, variant: &Variant) -> RecommendRequest {
    let mut request = request.clone();
    request.strategy = variant.strategy.unwrap_or(request.strategy);
    request.weights = variant.weights.or(request.weights);
    request.diversity = variant.diversity.or(request.diversity);
    request.novelty = variant.novelty.or(request.novelty);
    request
}
