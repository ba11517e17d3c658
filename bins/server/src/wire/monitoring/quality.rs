use docent::{
    monitoring::{QualityGroup, QualityReport, RankQuality},
    storage::FeedbackCounts,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{TimeWindow, experiment::ExperimentReport};

/// Quality of the recommendations shown in the window.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendationQuality {
    /// Window of the report.
    window: TimeWindow,
    /// Quality of all recommendations.
    overall: QualityByGroup,
    /// Quality by strategy.
    by_strategy: Vec<QualityByGroup>,
    /// Quality by model version; the name is null for lists without a model.
    by_model_version: Vec<QualityByGroup>,
    /// Quality by position in the list, over whole days.
    by_rank: Vec<QualityByRank>,
    /// Share of the catalogue that was shown, over whole days.
    catalogue: CatalogueCoverage,
    /// Results of the configured experiments, over whole days.
    experiments: Vec<ExperimentReport>,
}

/// Outcomes of impressions: shown, clicked, rated.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImpressionOutcomes {
    /// Number of recommendations shown.
    shown: u64,
    /// Number of recommendations clicked.
    clicked: u64,
    /// Number of recommendations rated useful or not useful.
    rated: u64,
    /// Number of recommendations rated useful.
    useful: u64,
}

/// Quality of a group of recommendations.
#[derive(Debug, Serialize, ToSchema)]
pub struct QualityByGroup {
    /// Name of the group; null for all recommendations and for those without a model.
    #[schema(required = true)]
    name: Option<String>,
    #[serde(flatten)]
    outcomes: ImpressionOutcomes,
    /// Click-through rate: clicked of shown; null if nothing was shown.
    #[schema(required = true, minimum = 0, maximum = 1)]
    ctr: Option<f64>,
    /// Share of useful among rated recommendations; null if nothing was rated.
    #[schema(required = true, minimum = 0, maximum = 1)]
    satisfaction: Option<f64>,
    /// Mean novelty of the recommendations; null if unknown.
    #[schema(required = true, minimum = 0, maximum = 1)]
    novelty: Option<f64>,
    /// Mean intra-list diversity: 1 minus the mean cosine of two resources of a list; null if
    /// unknown.
    #[schema(required = true, minimum = 0, maximum = 1)]
    diversity: Option<f64>,
}

/// Quality of the recommendations at one position of the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct QualityByRank {
    /// Position in the list, from 1.
    #[schema(minimum = 1)]
    rank: u64,
    #[serde(flatten)]
    outcomes: ImpressionOutcomes,
    /// Click-through rate: clicked of shown; null if nothing was shown.
    #[schema(required = true, minimum = 0, maximum = 1)]
    ctr: Option<f64>,
    /// Share of useful among rated recommendations; null if nothing was rated.
    #[schema(required = true, minimum = 0, maximum = 1)]
    satisfaction: Option<f64>,
}

/// Share of the catalogue that was shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogueCoverage {
    /// Number of resources that can be recommended.
    resources: u64,
    /// Number of resources shown to at least one user.
    resources_shown: u64,
    /// Share of resources shown; null if the catalogue is empty.
    #[schema(required = true, minimum = 0, maximum = 1)]
    coverage: Option<f64>,
    /// Gini coefficient of impressions per resource: 0 if all are shown equally often, towards 1 if
    /// few dominate; null if nothing was shown.
    #[schema(required = true, minimum = 0, maximum = 1)]
    gini_coefficient: Option<f64>,
}

impl From<FeedbackCounts> for ImpressionOutcomes {
    fn from(counts: FeedbackCounts) -> Self {
        let FeedbackCounts { shown, clicked, rated, useful } = counts;
        Self { shown, clicked, rated, useful }
    }
}

impl From<QualityGroup> for QualityByGroup {
    fn from(group: QualityGroup) -> Self {
        let QualityGroup { name, counts, ctr, satisfaction, novelty, diversity } = group;
        Self { name, outcomes: counts.into(), ctr, satisfaction, novelty, diversity }
    }
}

impl From<RankQuality> for QualityByRank {
    fn from(of: RankQuality) -> Self {
        Self { rank: of.rank, outcomes: of.counts.into(), ctr: of.ctr, satisfaction: of.satisfaction }
    }
}

impl RecommendationQuality {
    /// Reports the quality of the last `days` days.
    pub fn new(days: u32, report: QualityReport) -> Self {
        Self {
            window: TimeWindow { days, from: report.begin, to: report.end },
            overall: report.overall.into(),
            by_strategy: report.by_strategy.into_iter().map(Into::into).collect(),
            by_model_version: report.by_model.into_iter().map(Into::into).collect(),
            by_rank: report.by_rank.into_iter().map(Into::into).collect(),
            catalogue: CatalogueCoverage {
                resources: report.resources,
                resources_shown: report.resources_shown,
                coverage: report.coverage,
                gini_coefficient: report.gini,
            },
            experiments: report.experiments.into_iter().map(Into::into).collect(),
        }
    }
}
