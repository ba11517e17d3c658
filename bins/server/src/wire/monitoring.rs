use chrono::{DateTime, Utc};
use docent::{
    Comparison, Engagement, ExperimentReport, Health, Interval, Marks, ModelHealth, Performance,
    QualityGroup, QualityReport, Timing,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// How far back to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WindowQuery {
    /// The last so many days, from a full hour.
    #[param(minimum = 1, maximum = 90, default = 7)]
    pub time_window_days: Option<i64>,
}

/// The window that was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct WindowView {
    /// Its length.
    days: u32,
    /// Its beginning: a full hour in UTC.
    from: DateTime<Utc>,
    /// Its end: now.
    to: DateTime<Utc>,
}

/// How well the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// `healthy`; `degraded`: it works with less than it should have; `unhealthy`: it does not work.
    status: &'static str,
    /// What is not well.
    message: String,
    /// The parts, each asked just now.
    components: Vec<ComponentView>,
    /// When.
    checked_at: DateTime<Utc>,
}

/// A part of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComponentView {
    /// `database`, `schema`, `model`, `catalogue` or `impressions`.
    name: &'static str,
    /// As of the whole.
    status: &'static str,
    /// What was found.
    message: String,
    /// How long finding out took.
    probe_seconds: f64,
}

impl From<Health> for HealthView {
    fn from(health: Health) -> Self {
        let component = |of: docent::ComponentHealth| ComponentView {
            name: of.name,
            status: of.status.as_str(),
            message: of.message,
            probe_seconds: of.probe_seconds,
        };
        Self {
            status: health.status.as_str(),
            message: health.message,
            components: health.components.into_iter().map(component).collect(),
            checked_at: health.at,
        }
    }
}

/// How fast the server is, since it was started.
#[derive(Debug, Serialize, ToSchema)]
pub struct PerformanceView {
    /// When it was started.
    since: DateTime<Utc>,
    /// Users' states in memory.
    cache: CacheView,
    /// The stages of a recommendation, in their order.
    stages: Vec<StageView>,
    /// Statements of the database.
    queries: QueriesView,
    /// What was shown, on its way into the database.
    impressions: QueueView,
}

/// Users' states in memory.
#[derive(Debug, Serialize, ToSchema)]
pub struct CacheView {
    /// Requests whose user was there.
    hits: u64,
    /// Requests whose user was read from the database.
    misses: u64,
    /// The share of the former; null before the first request.
    hit_rate: Option<f64>,
}

/// A stage of a recommendation.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageView {
    /// `user_state`, `vectors`, `candidates`, `scoring`, `ranking`, `explain` or `total`.
    stage: &'static str,
    /// How long it takes.
    #[serde(flatten)]
    timing: TimingView,
}

/// How long something takes.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimingView {
    /// How many times it was timed.
    count: u64,
    /// The mean.
    mean_seconds: f64,
    /// Half of the times it took no longer.
    p50_seconds: f64,
    /// 95 of 100 times it took no longer.
    p95_seconds: f64,
    /// 99 of 100 times it took no longer.
    p99_seconds: f64,
    /// The longest.
    max_seconds: f64,
}

impl From<Timing> for TimingView {
    fn from(timing: Timing) -> Self {
        let Timing { count, mean_seconds, p50_seconds, p95_seconds, p99_seconds, max_seconds } = timing;
        Self { count, mean_seconds, p50_seconds, p95_seconds, p99_seconds, max_seconds }
    }
}

/// Statements of the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueriesView {
    /// All of them.
    #[serde(flatten)]
    timing: TimingView,
    /// How many failed.
    failed: u64,
    /// What takes longer is slow.
    slow_from_seconds: f64,
    /// How many were slow.
    slow_count: u64,
    /// The newest 20 of these, newest first.
    slow: Vec<SlowQueryView>,
}

/// A slow statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlowQueryView {
    /// Its text without values, cut at 300 characters.
    sql: String,
    /// How long it took.
    seconds: f64,
    /// When.
    at: DateTime<Utc>,
}

/// What was shown, on its way into the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueView {
    /// Answers that wait to be written.
    waiting: usize,
    /// How many may wait.
    capacity: usize,
    /// Recommendations that were written.
    written: u64,
    /// Recommendations whose record was lost.
    dropped: u64,
}

impl From<Performance> for PerformanceView {
    fn from(found: Performance) -> Self {
        let queries = found.queries;
        let slow = |of: docent::SlowQuery| SlowQueryView { sql: of.sql, seconds: of.seconds, at: of.at };
        let (hits, misses, hit_rate) = (found.cache_hits, found.cache_misses, found.cache_hit_rate);
        let queue = found.impressions;
        Self {
            since: found.since,
            cache: CacheView { hits, misses, hit_rate },
            stages: found
                .stages
                .into_iter()
                .map(|(stage, timing)| StageView { stage: stage.as_str(), timing: timing.into() })
                .collect(),
            queries: QueriesView {
                timing: queries.timing.into(),
                failed: queries.failed,
                slow_from_seconds: queries.slow_from_seconds,
                slow_count: queries.slow_count,
                slow: queries.slow.into_iter().map(slow).collect(),
            },
            impressions: QueueView {
                waiting: queue.waiting,
                capacity: queue.capacity,
                written: queue.written,
                dropped: queue.dropped,
            },
        }
    }
}

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
    /// Experiments that are configured, since each began.
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

/// A number, and the interval that holds it with 95 % confidence: over people, not over impressions.
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

/// What people did in the window.
#[derive(Debug, Serialize, ToSchema)]
pub struct EngagementView {
    /// The window.
    window: WindowView,
    /// How many people there are.
    users: u64,
    /// How many of them came in the window.
    new_users: u64,
    /// How many did something in it.
    active_users: u64,
    /// How often people did something, repeats included.
    interactions: u64,
    /// What they did, in the order of the names.
    by_type: Vec<TypeView>,
    /// The share of it that spoke for the resource; null where nothing was done.
    positive_rate: Option<f64>,
    /// How much an active person did.
    interactions_per_active_user: Option<f64>,
    /// How many sessions began: half an hour without anything ends one.
    sessions: u64,
    /// From the first to the last thing done in a session, in the mean.
    mean_session_seconds: Option<f64>,
}

/// How often people did one thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeView {
    /// What.
    interaction_type: String,
    /// How often.
    interactions: u64,
    /// How often it spoke for the resource.
    positive: u64,
}

impl EngagementView {
    /// What was found in the last `days` days.
    pub fn new(days: u32, found: Engagement) -> Self {
        Self {
            window: WindowView { days, from: found.begin, to: found.end },
            users: found.users,
            new_users: found.new_users,
            active_users: found.active_users,
            interactions: found.interactions,
            by_type: found
                .by_type
                .into_iter()
                .map(|of| TypeView {
                    interaction_type: of.interaction_type,
                    interactions: of.events,
                    positive: of.positive,
                })
                .collect(),
            positive_rate: found.positive_rate,
            interactions_per_active_user: found.interactions_per_active_user,
            sessions: found.sessions,
            mean_session_seconds: found.mean_session_seconds,
        }
    }
}

/// How the live model stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelHealthView {
    /// Whether one is live.
    available: bool,
    /// It, if so.
    model: Option<ModelView>,
}

/// The live model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelView {
    /// Which.
    version: String,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// How old it is.
    age_seconds: f64,
    /// The sum of the sizes of its files.
    size_bytes: u64,
    /// Whether it was published though the gate said no.
    forced: bool,
    /// What it was trained on.
    trained_on: TrainedOnView,
    /// Metrics at 10 on the holdout of its training, by the name of what was judged: `{"hybrid": {"hr": 0.4, ...}, ...}`.
    #[schema(value_type = Object)]
    holdout: Value,
    /// What has come since.
    drift: DriftView,
}

/// What a model was trained on.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrainedOnView {
    /// People who like something.
    users: usize,
    /// Resources.
    resources: usize,
    /// What people like.
    positives: usize,
    /// When the newest of it was.
    newest_at: Option<DateTime<Utc>>,
}

/// What has come since a model was trained.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriftView {
    /// Since when.
    since: DateTime<Utc>,
    /// How many people there are.
    users: u64,
    /// How many of them came since.
    unknown_users: u64,
    /// The share of these.
    unknown_user_share: Option<f64>,
    /// How many resources can be recommended.
    resources: u64,
    /// How many of them the model does not know.
    unknown_resources: u64,
    /// The share of these.
    unknown_resource_share: Option<f64>,
    /// How often people did something since, of the last 92 days.
    interactions: u64,
}

impl From<Option<ModelHealth>> for ModelHealthView {
    fn from(found: Option<ModelHealth>) -> Self {
        Self { available: found.is_some(), model: found.map(Into::into) }
    }
}

impl From<ModelHealth> for ModelView {
    fn from(found: ModelHealth) -> Self {
        let drift = found.drift;
        Self {
            version: found.version,
            created_at: found.created_at,
            age_seconds: found.age_seconds,
            size_bytes: found.size_bytes,
            forced: found.info.forced,
            trained_on: TrainedOnView {
                users: found.info.users,
                resources: found.info.resources,
                positives: found.info.positives,
                newest_at: found.info.watermark,
            },
            holdout: serde_json::to_value(&found.info.holdout).unwrap_or_default(),
            drift: DriftView {
                since: drift.since,
                users: drift.users,
                unknown_users: drift.unknown_users,
                unknown_user_share: drift.unknown_user_share,
                resources: drift.resources,
                unknown_resources: drift.unknown_resources,
                unknown_resource_share: drift.unknown_resource_share,
                interactions: drift.interactions,
            },
        }
    }
}
