use docent::{Comparison, ExperimentReport, Interval, Marks, QualityGroup, QualityReport};
use serde::Serialize;
use utoipa::ToSchema;

use super::WindowView;

/// How good what was shown in the window was.
#[derive(Debug, Serialize, ToSchema)]
pub struct QualityView {
    /// The window.
    window: WindowView,
    /// All that was shown.
    overall: GroupView,
    /// By strategy.
    by_strategy: Vec<GroupView>,
    /// By model; the name is null for what was shown without one.
    by_model_version: Vec<GroupView>,
    /// By place in the answer, from 1; of whole days.
    by_rank: Vec<RankView>,
    /// Of what there is, how much was shown; of whole days.
    catalogue: CatalogueView,
    /// Experiments that are configured; of whole days.
    experiments: Vec<ExperimentView>,
}

/// What came of what was shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarksView {
    /// How many recommendations were shown.
    shown: u64,
    /// How many of them were opened.
    clicked: u64,
    /// Of how many of them somebody said whether they were useful.
    rated: u64,
    /// How many of these were.
    useful: u64,
}

impl From<Marks> for MarksView {
    fn from(marks: Marks) -> Self {
        let Marks { shown, clicked, rated, useful } = marks;
        Self { shown, clicked, rated, useful }
    }
}

/// What came of a part of what was shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupView {
    /// Which part.
    name: Option<String>,
    /// What came of it.
    #[serde(flatten)]
    marks: MarksView,
    /// Clicked of shown; null where nothing was.
    ctr: Option<f64>,
    /// Useful of rated; null where nothing was.
    satisfaction: Option<f64>,
    /// Mean novelty of what was shown, 0 to 1.
    novelty: Option<f64>,
    /// Mean intra-list diversity of the answers, 0 to 1: one less the cosine of two resources of an answer.
    diversity: Option<f64>,
}

impl From<QualityGroup> for GroupView {
    fn from(group: QualityGroup) -> Self {
        let QualityGroup { name, marks, ctr, satisfaction, novelty, diversity } = group;
        Self { name, marks: marks.into(), ctr, satisfaction, novelty, diversity }
    }
}

/// What came of what was shown in one place.
#[derive(Debug, Serialize, ToSchema)]
pub struct RankView {
    /// The place.
    rank: u64,
    /// What came of it.
    #[serde(flatten)]
    marks: MarksView,
    /// Clicked of shown.
    ctr: Option<f64>,
    /// Useful of rated.
    satisfaction: Option<f64>,
}

/// Of what there is, how much was shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogueView {
    /// Resources that can be recommended.
    resources: u64,
    /// How many of them were shown to anybody.
    resources_shown: u64,
    /// The share of these; null of an empty catalogue.
    coverage: Option<f64>,
    /// Gini coefficient of how often each was shown: 0 where all alike, towards 1 where few have all; null where nothing was.
    gini_coefficient: Option<f64>,
}

/// An experiment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentView {
    /// Its name.
    name: String,
    /// Its variants; the first is what the others are compared with.
    variants: Vec<VariantView>,
    /// The others against the first.
    comparisons: Vec<ComparisonView>,
}

/// A variant of an experiment.
#[derive(Debug, Serialize, ToSchema)]
pub struct VariantView {
    /// Its name.
    name: String,
    /// How many people were shown something.
    people: u64,
    /// What came of it.
    #[serde(flatten)]
    marks: MarksView,
    /// Clicked of shown; null for fewer than two people.
    ctr: Option<IntervalView>,
    /// Useful of rated; null for fewer than two people.
    satisfaction: Option<IntervalView>,
}

/// A number, and the interval that holds it with 95 % confidence: over people, not over impressions. It has a width also where
/// all outcomes agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntervalView {
    /// The number.
    value: f64,
    /// Lower end.
    low: f64,
    /// Upper end.
    high: f64,
}

impl From<Interval> for IntervalView {
    fn from(interval: Interval) -> Self {
        let Interval { value, low, high } = interval;
        Self { value, low, high }
    }
}

/// One variant against the first, in one metric.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonView {
    /// The variant.
    variant: String,
    /// The first.
    against: String,
    /// `ctr` or `satisfaction`.
    metric: &'static str,
    /// `better`, `worse`, `no_difference_seen` or `not_enough_data`.
    finding: &'static str,
    /// The variant's less that of the first.
    difference: Option<IntervalView>,
    /// What is missing, where it is not enough.
    missing: Option<String>,
    /// The least difference that so much data would show four times in five.
    detectable_difference: Option<f64>,
}

impl From<Comparison> for ComparisonView {
    fn from(of: Comparison) -> Self {
        Self {
            variant: of.variant,
            against: of.against,
            metric: of.metric,
            finding: of.finding.as_str(),
            difference: of.difference.map(Into::into),
            missing: of.missing,
            detectable_difference: of.detectable,
        }
    }
}

impl From<ExperimentReport> for ExperimentView {
    fn from(report: ExperimentReport) -> Self {
        let variant = |of: docent::VariantReport| VariantView {
            name: of.name,
            people: of.people,
            marks: of.marks.into(),
            ctr: of.ctr.map(Into::into),
            satisfaction: of.satisfaction.map(Into::into),
        };
        Self {
            name: report.name,
            variants: report.variants.into_iter().map(variant).collect(),
            comparisons: report.comparisons.into_iter().map(Into::into).collect(),
        }
    }
}

impl QualityView {
    /// What was found in the last `days` days.
    pub fn new(days: u32, report: QualityReport) -> Self {
        let rank = |of: docent::RankQuality| RankView {
            rank: of.rank,
            marks: of.marks.into(),
            ctr: of.ctr,
            satisfaction: of.satisfaction,
        };
        Self {
            window: WindowView { days, from: report.begin, to: report.end },
            overall: report.overall.into(),
            by_strategy: report.by_strategy.into_iter().map(Into::into).collect(),
            by_model_version: report.by_model.into_iter().map(Into::into).collect(),
            by_rank: report.by_rank.into_iter().map(rank).collect(),
            catalogue: CatalogueView {
                resources: report.resources,
                resources_shown: report.resources_shown,
                coverage: report.coverage,
                gini_coefficient: report.gini,
            },
            experiments: report.experiments.into_iter().map(Into::into).collect(),
        }
    }
}
