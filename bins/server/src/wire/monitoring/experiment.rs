use docent::monitoring::{self, VariantReport};
use serde::Serialize;
use utoipa::ToSchema;

use super::quality::ImpressionOutcomes;

/// Results of an experiment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentReport {
    /// Name of the experiment.
    name: String,
    /// Variants of the experiment. The first is the baseline.
    variants: Vec<ExperimentVariant>,
    /// Comparison of every other variant with the baseline.
    comparisons: Vec<VariantComparison>,
}

/// Results of a variant.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentVariant {
    /// Name of the variant.
    name: String,
    /// Number of users who were shown the variant.
    users: u64,
    #[serde(flatten)]
    outcomes: ImpressionOutcomes,
    /// Click-through rate: clicked of shown; null with fewer than two users.
    #[schema(required = true)]
    ctr: Option<Interval>,
    /// Share of useful among rated recommendations; null with fewer than two users.
    #[schema(required = true)]
    satisfaction: Option<Interval>,
}

/// Estimate with its 95 % confidence interval, over users and not over impressions. The interval
/// has a width even if all outcomes agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct Interval {
    /// Estimated value of the metric.
    value: f64,
    /// Lower bound of the interval.
    low: f64,
    /// Upper bound of the interval.
    high: f64,
}

/// Comparison of a variant with the baseline in one metric.
#[derive(Debug, Serialize, ToSchema)]
pub struct VariantComparison {
    /// Name of the variant.
    variant: String,
    /// Name of the baseline.
    against: String,
    /// Metric that is compared.
    #[schema(value_type = ExperimentMetric)]
    metric: &'static str,
    /// Conclusion of the comparison.
    finding: Finding,
    /// Value of the variant minus value of the baseline; null if either is unknown.
    #[schema(required = true)]
    difference: Option<Interval>,
    /// Data still missing for a conclusion; null if there is enough.
    #[schema(required = true)]
    missing: Option<String>,
    /// Smallest difference this amount of data detects with 80 % power; null if unknown.
    #[schema(required = true)]
    detectable_difference: Option<f64>,
}

/// Metric of an experiment: click-through rate or satisfaction.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "lists the names that the engine returns")]
pub enum ExperimentMetric {
    Ctr,
    Satisfaction,
}

/// Conclusion of a comparison with the baseline.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The variant is better.
    Better,
    /// The variant is worse.
    Worse,
    /// The interval of the difference contains 0.
    NoDifferenceSeen,
    /// There is not enough data.
    NotEnoughData,
}

impl From<monitoring::Finding> for Finding {
    fn from(finding: monitoring::Finding) -> Self {
        match finding {
            monitoring::Finding::Better => Self::Better,
            monitoring::Finding::Worse => Self::Worse,
            monitoring::Finding::NoDifferenceSeen => Self::NoDifferenceSeen,
            _ => Self::NotEnoughData,
        }
    }
}

impl From<monitoring::Interval> for Interval {
    fn from(interval: monitoring::Interval) -> Self {
        let monitoring::Interval { value, low, high } = interval;
        Self { value, low, high }
    }
}

impl From<monitoring::Comparison> for VariantComparison {
    fn from(of: monitoring::Comparison) -> Self {
        Self {
            variant: of.variant,
            against: of.against,
            metric: of.metric,
            finding: of.finding.into(),
            difference: of.difference.map(Into::into),
            missing: of.missing,
            detectable_difference: of.detectable,
        }
    }
}

impl From<VariantReport> for ExperimentVariant {
    fn from(of: VariantReport) -> Self {
        Self {
            name: of.name,
            users: of.users,
            outcomes: of.counts.into(),
            ctr: of.ctr.map(Into::into),
            satisfaction: of.satisfaction.map(Into::into),
        }
    }
}

impl From<monitoring::ExperimentReport> for ExperimentReport {
    fn from(report: monitoring::ExperimentReport) -> Self {
        Self {
            name: report.name,
            variants: report.variants.into_iter().map(Into::into).collect(),
            comparisons: report.comparisons.into_iter().map(Into::into).collect(),
        }
    }
}
