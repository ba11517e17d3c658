use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent_domain::gini;
use docent_storage::{FeedbackCounts, GroupRollup, RankRollup};

use super::{ExperimentReport, mean, share};
use crate::{Engine, Error, engine::now};

/// Outcomes of the impressions of one strategy or model, or of all.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityGroup {
    /// Name of the strategy or model; `None` for all impressions and for those without a model.
    pub name: Option<String>,
    /// Numbers of impressions by outcome.
    pub counts: FeedbackCounts,
    /// Share of impressions that were clicked.
    pub ctr: Option<f64>,
    /// Share of verdicts that were useful.
    pub satisfaction: Option<f64>,
    /// Mean novelty of the impressions, in `[0, 1]`.
    pub novelty: Option<f64>,
    /// Mean diversity of the answers, in `[0, 1]`, weighted by their numbers of impressions.
    pub diversity: Option<f64>,
}

/// Outcomes of the impressions at one rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankQuality {
    /// Place in the list, from 1.
    pub rank: u64,
    /// Numbers of impressions by outcome.
    pub counts: FeedbackCounts,
    /// Share of impressions that were clicked.
    pub ctr: Option<f64>,
    /// Share of verdicts that were useful.
    pub satisfaction: Option<f64>,
}

/// Quality of the recommendations in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityReport {
    /// Start of the window.
    pub begin: DateTime<Utc>,
    /// End of the window: the time of the report.
    pub end: DateTime<Utc>,
    /// Outcomes of all impressions.
    pub overall: QualityGroup,
    /// Impressions by strategy.
    pub by_strategy: Vec<QualityGroup>,
    /// Impressions by model.
    pub by_model: Vec<QualityGroup>,
    /// Impressions by rank, from 1.
    pub by_rank: Vec<RankQuality>,
    /// Number of resources that were shown to any user.
    pub resources_shown: u64,
    /// Number of resources that could have been shown.
    pub resources: u64,
    /// Share of the resources that were shown to any user.
    pub coverage: Option<f64>,
    /// Gini coefficient of the numbers of impressions by resource: 0 if all are equal.
    pub gini: Option<f64>,
    /// Reports of the configured experiments.
    pub experiments: Vec<ExperimentReport>,
}

#[derive(Default)]
struct Sums {
    counts: FeedbackCounts,
    novelty: (f64, u64),
    diversity: (f64, u64),
}

impl Sums {
    fn add(&mut self, rollup: &GroupRollup) {
        self.counts = self.counts.plus(rollup.counts);
        self.novelty = (self.novelty.0 + rollup.novelty.0, self.novelty.1 + rollup.novelty.1);
        self.diversity = (self.diversity.0 + rollup.diversity.0, self.diversity.1 + rollup.diversity.1);
    }

    fn group(self, name: Option<String>) -> QualityGroup {
        let FeedbackCounts { shown, clicked, rated, useful } = self.counts;
        QualityGroup {
            name,
            counts: self.counts,
            ctr: share(clicked, shown),
            satisfaction: share(useful, rated),
            novelty: mean(self.novelty),
            diversity: mean(self.diversity),
        }
    }
}

/// Sums rollups that have the same name. An empty name becomes `None`.
fn groups<'a>(rollups: &'a [GroupRollup], name: impl Fn(&'a GroupRollup) -> &'a str) -> Vec<QualityGroup> {
    let mut by_name: BTreeMap<&str, Sums> = BTreeMap::new();
    for rollup in rollups {
        by_name.entry(name(rollup)).or_default().add(rollup);
    }
    by_name.into_iter().map(|(name, sums)| sums.group((!name.is_empty()).then(|| name.to_owned()))).collect()
}

impl From<RankRollup> for RankQuality {
    fn from(rollup: RankRollup) -> Self {
        let FeedbackCounts { shown, clicked, rated, useful } = rollup.counts;
        Self {
            rank: rollup.rank,
            counts: rollup.counts,
            ctr: share(clicked, shown),
            satisfaction: share(useful, rated),
        }
    }
}

impl Engine {
    async fn experiments(&self, end: DateTime<Utc>, days: u32) -> Result<Vec<ExperimentReport>, Error> {
        let mut reports = Vec::new();
        for configured in self.config().experiments.all() {
            let rollups = self.store().experiment(&configured.name, end, days).await?;
            reports.push(docent_experiments::report(configured, &rollups));
        }
        Ok(reports)
    }

    /// Returns the quality of the recommendations of the last `days` days, and the reports of the
    /// configured experiments.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn recommendation_quality(&self, days: u32) -> Result<QualityReport, Error> {
        let end = now();
        let quality = async { Ok(self.store().quality(end, days).await?) };
        let (found, experiments) = tokio::try_join!(quality, self.experiments(end, days))?;
        let visible = self.inner.state.read().catalogue.visible().count();
        let shown = found.exposure.shown;
        // Resources that were deleted after they were shown count, too.
        let resources = visible.max(shown.len());
        let mut counts: Vec<f64> = shown.iter().map(|&count| count as f64).collect();
        let resources_shown = counts.len() as u64;
        counts.resize(resources, 0.0);
        let mut overall = Sums::default();
        found.groups.iter().for_each(|group| overall.add(group));
        Ok(QualityReport {
            begin: found.begin,
            end,
            overall: overall.group(None),
            by_strategy: groups(&found.groups, |group| &group.strategy),
            by_model: groups(&found.groups, |group| &group.model_version),
            by_rank: found.ranks.into_iter().map(RankQuality::from).collect(),
            resources_shown,
            resources: resources as u64,
            coverage: share(resources_shown, resources as u64),
            gini: (resources_shown > 0).then(|| gini(&counts)),
            experiments,
        })
    }
}
