//! Measuring of models on cases that follow an ordered history.

use docent_domain::Event;
use docent_evaluation::{RankingCase, full_ranking};
use docent_models::CollaborativeModel;

use crate::{BenchmarkError, BenchmarkObserver, Estimates, ModelOptions, observer};

/// Metrics of a single item to find. Recall is the hit rate, precision is the hit rate by `k`, and
/// MAP is MRR.
const METRICS: [&str; 3] = ["hr", "ndcg", "mrr"];

/// Ranks the whole catalogue for each case. `history` returns the events before the item of a case,
/// by its number.
pub(crate) fn measure<'h>(
    model: &dyn CollaborativeModel,
    cases: &[RankingCase],
    history: impl Fn(u32) -> &'h [Event] + Sync,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
) -> Result<Estimates, BenchmarkError> {
    let (by_k, _) = full_ranking(cases, &options.ks, |case, scores| {
        observer::check(observer)?;
        let user = model.fold_in(history(case))?;
        scores.clear();
        scores.extend_from_slice(user.all()?);
        Ok::<(), BenchmarkError>(())
    })?;
    Ok(Estimates::of_metrics(&METRICS, &options.ks, &by_k))
}
