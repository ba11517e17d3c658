use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent_domain::gini;
use docent_storage::{GroupRollup, FeedbackCounts};

use super::{ExperimentReport, experiment, mean, share};
use crate::{Engine, Error, engine::now, user_cache::read};

/// What came of what was shown, for one strategy, model or variant.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityGroup {
    /// Its name; `None` where no model was live.
    pub name: Option<String>,
    /// What came of it.
    pub counts: FeedbackCounts,
    /// Clicked of shown.
    pub ctr: Option<f64>,
    /// Useful of rated.
    pub satisfaction: Option<f64>,
    /// Mean novelty of what was shown, in `[0, 1]`.
    pub novelty: Option<f64>,
    /// Mean diversity of the answers, in `[0, 1]`, each counted as often as it has resources.
    pub diversity: Option<f64>,
}

/// What came of what was shown in one place of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankQuality {
    /// The place, from 1.
    pub rank: u64,
    /// What came of it.
    pub counts: FeedbackCounts,
    /// Clicked of shown.
    pub ctr: Option<f64>,
    /// Useful of rated.
    pub satisfaction: Option<f64>,
}

/// How good what was shown in a window was.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityReport {
    /// When the window begins.
    pub begin: DateTime<Utc>,
    /// When it ends: now.
    pub end: DateTime<Utc>,
    /// All of it.
    pub overall: QualityGroup,
    /// By strategy.
    pub by_strategy: Vec<QualityGroup>,
    /// By model.
    pub by_model: Vec<QualityGroup>,
    /// By place, from the first.
    pub by_rank: Vec<RankQuality>,
    /// Resources that were shown to anybody.
    pub resources_shown: u64,
    /// Resources that could have been.
    pub resources: u64,
    /// The share of these that was.
    pub coverage: Option<f64>,
    /// Gini coefficient of how often each of them was shown: 0 where all alike.
    pub gini: Option<f64>,
    /// Experiments as configured, in the window.
    pub experiments: Vec<ExperimentReport>,
}

#[derive(Default)]
struct Sums {
    counts: FeedbackCounts,
    novelty: (f64, u64),
    diversity: (f64, u64),
}

impl Sums {
    fn add(&mut self, figures: &GroupRollup) {
        self.counts = self.counts.plus(figures.counts);
        self.novelty = (self.novelty.0 + figures.novelty.0, self.novelty.1 + figures.novelty.1);
        self.diversity = (self.diversity.0 + figures.diversity.0, self.diversity.1 + figures.diversity.1);
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

fn groups<'a>(figures: &'a [GroupRollup], name: impl Fn(&'a GroupRollup) -> &'a str) -> Vec<QualityGroup> {
    let mut by_name: BTreeMap<&str, Sums> = BTreeMap::new();
    for group in figures {
        by_name.entry(name(group)).or_default().add(group);
    }
    let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    by_name.into_iter().map(|(name, sums)| sums.group(named(name))).collect()
}

impl Engine {
    async fn experiments(&self, end: DateTime<Utc>, days: u32) -> Result<Vec<ExperimentReport>, Error> {
        let mut reports = Vec::new();
        for configured in self.config().experiments.all() {
            let figures = self.store().experiment(&configured.name, end, days).await?;
            reports.push(experiment::report(configured, &figures));
        }
        Ok(reports)
    }

    /// How good what was shown in the last `days` days was, and how experiments stand.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn recommendation_quality(&self, days: u32) -> Result<QualityReport, Error> {
        let end = now();
        let quality = async { Ok(self.store().quality(end, days).await?) };
        let (found, experiments) = tokio::try_join!(quality, self.experiments(end, days))?;
        let resources = read(&self.inner.state).catalogue.iter().filter(|(_, entry)| !entry.hidden).count();
        let shown = found.exposure.shown;
        // What was shown and has gone since is still among what could have been.
        let places = resources.max(shown.len());
        let mut counts: Vec<f64> = shown.iter().map(|&count| count as f64).collect();
        let resources_shown = counts.len() as u64;
        counts.resize(places, 0.0);
        let mut overall = Sums::default();
        found.groups.iter().for_each(|group| overall.add(group));
        let rank = |of: docent_storage::RankRollup| RankQuality {
            rank: of.rank,
            counts: of.counts,
            ctr: share(of.counts.clicked, of.counts.shown),
            satisfaction: share(of.counts.useful, of.counts.rated),
        };
        Ok(QualityReport {
            begin: found.begin,
            end,
            overall: overall.group(None),
            by_strategy: groups(&found.groups, |group| &group.strategy),
            by_model: groups(&found.groups, |group| &group.model_version),
            by_rank: found.ranks.into_iter().map(rank).collect(),
            resources_shown,
            resources: places as u64,
            coverage: share(resources_shown, places as u64),
            gini: (resources_shown > 0).then(|| gini(&counts)),
            experiments,
        })
    }
}
