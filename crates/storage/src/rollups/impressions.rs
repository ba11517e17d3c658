//! Counts of impressions and feedback.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Set};

use super::{
    adding, day_of,
    experiments::{self, Participant},
    exposure, hour_of,
};
use crate::{
    entity::{
        answer,
        feedback::Model,
        impression_hour::{ActiveModel as HourRow, Column as Hour},
        impression_rank,
    },
    feedback::Item,
};
use docent_database::{error::Result, sql};

const MARKS: [&str; 4] = ["shown", "clicked", "rated", "useful"];

/// Changes of the four counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) shown: i64,
    pub(super) clicked: i64,
    pub(super) rated: i64,
    pub(super) useful: i64,
}

impl Change {
    /// Returns the counts of the feedback on a row.
    fn of(row: &Model) -> Self {
        Self {
            shown: 0,
            clicked: i64::from(row.was_clicked == Some(true)),
            rated: i64::from(row.was_useful.is_some()),
            useful: i64::from(row.was_useful == Some(true)),
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            shown: self.shown - other.shown,
            clicked: self.clicked - other.clicked,
            rated: self.rated - other.rated,
            useful: self.useful - other.useful,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.shown += other.shown;
        self.clicked += other.clicked;
        self.rated += other.rated;
        self.useful += other.useful;
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    change: Change,
    novelty: (f64, i64),
    diversity: (f64, i64),
}

type HourKey = (i64, String, String, String, String);

/// Changes of counts that one transaction makes. They are written at its end and in one order, so
/// that two transactions cannot deadlock.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    hours: BTreeMap<HourKey, Sums>,
    ranks: BTreeMap<(i64, i64), Change>,
    exposures: BTreeMap<(i64, i64), i64>,
    participants: BTreeMap<Participant, BTreeMap<i64, Change>>,
}

impl Tally {
    /// Adds a row that becomes an impression, with the feedback that it may have already.
    pub(crate) fn shown(&mut self, row: &Model) {
        let change = Change { shown: 1, ..Change::of(row) };
        let sums = Sums { change, novelty: sum_of(row.novelty), diversity: sum_of(row.diversity) };
        self.add(row, sums);
        if let Some(at) = row.shown_at {
            *self.exposures.entry((row.resource_id, day_of(at))).or_default() += 1;
        }
    }

    /// Adds the list of an answer, without feedback.
    pub(crate) fn listed(&mut self, answer: &answer::Model, items: &[Item]) {
        let (at, day) = (answer.shown_at, day_of(answer.shown_at));
        let [model_version, experiment, variant] =
            [&answer.model_version, &answer.experiment, &answer.variant]
                .map(|text| text.clone().unwrap_or_default());
        let shown = Change { shown: items.len() as i64, ..Change::default() };
        if !experiment.is_empty() && answer.user_hash != 0 {
            let participant = (experiment.clone(), variant.clone(), answer.user_hash);
            self.participants.entry(participant).or_default().entry(day).or_default().add(shown);
        }
        let key = (hour_of(at), answer.strategy.clone(), model_version, experiment, variant);
        let hour = self.hours.entry(key).or_default();
        hour.change.add(shown);
        for item in items {
            let (novelty, diversity) = (sum_of(item.novelty), sum_of(answer.diversity));
            hour.novelty = (hour.novelty.0 + novelty.0, hour.novelty.1 + novelty.1);
            hour.diversity = (hour.diversity.0 + diversity.0, hour.diversity.1 + diversity.1);
            let one = Change { shown: 1, ..Change::default() };
            self.ranks.entry((day, item.rank)).or_default().add(one);
            *self.exposures.entry((item.resource, day)).or_default() += 1;
        }
    }

    /// Adds the change of the feedback on a row; nothing unless the row was shown.
    pub(crate) fn marked(&mut self, before: &Model, after: &Model) {
        let change = Change::of(after).minus(Change::of(before));
        self.add(before, Sums { change, ..Sums::default() });
    }

    fn add(&mut self, row: &Model, sums: Sums) {
        let Some(at) = row.shown_at else { return };
        let [strategy, model_version, experiment, variant] =
            [&row.strategy, &row.model_version, &row.experiment, &row.variant]
                .map(|text| text.clone().unwrap_or_default());
        let key = (hour_of(at), strategy, model_version, experiment, variant);
        if !key.3.is_empty() && row.user_hash != 0 && sums.change != Change::default() {
            let participant = (key.3.clone(), key.4.clone(), row.user_hash);
            self.participants.entry(participant).or_default().entry(day_of(at)).or_default().add(sums.change);
        }
        let hour = self.hours.entry(key).or_default();
        hour.change.add(sums.change);
        hour.novelty = (hour.novelty.0 + sums.novelty.0, hour.novelty.1 + sums.novelty.1);
        hour.diversity = (hour.diversity.0 + sums.diversity.0, hour.diversity.1 + sums.diversity.1);
        if let Some(rank) = row.rank {
            self.ranks.entry((day_of(at), rank)).or_default().add(sums.change);
        }
    }

    pub(crate) async fn write(self, transaction: &impl ConnectionTrait) -> Result<()> {
        let Self { hours, ranks, exposures, participants } = self;
        write_hours(transaction, hours).await?;
        write_ranks(transaction, ranks).await?;
        exposure::add(transaction, exposures).await?;
        experiments::add(transaction, participants).await
    }
}

/// Returns a value as a sum, with the number of values in it.
fn sum_of(value: Option<f64>) -> (f64, i64) {
    (value.unwrap_or(0.0), i64::from(value.is_some()))
}

async fn write_hours(transaction: &impl ConnectionTrait, hours: BTreeMap<HourKey, Sums>) -> Result<()> {
    let rows =
        hours.into_iter().map(|((hour, strategy, model_version, experiment, variant), sums)| HourRow {
            hour: Set(hour),
            strategy: Set(strategy),
            model_version: Set(model_version),
            experiment: Set(experiment),
            variant: Set(variant),
            shown: Set(sums.change.shown),
            clicked: Set(sums.change.clicked),
            rated: Set(sums.change.rated),
            useful: Set(sums.change.useful),
            novelty_sum: Set(sums.novelty.0),
            novelty_count: Set(sums.novelty.1),
            diversity_sum: Set(sums.diversity.0),
            diversity_count: Set(sums.diversity.1),
        });
    let key = [Hour::Hour, Hour::Strategy, Hour::ModelVersion, Hour::Experiment, Hour::Variant];
    let [shown, clicked, rated, useful] = MARKS;
    let columns = [
        (Hour::Shown, shown),
        (Hour::Clicked, clicked),
        (Hour::Rated, rated),
        (Hour::Useful, useful),
        (Hour::NoveltySum, "novelty_sum"),
        (Hour::NoveltyCount, "novelty_count"),
        (Hour::DiversitySum, "diversity_sum"),
        (Hour::DiversityCount, "diversity_count"),
    ];
    sql::upsert(transaction, rows.collect(), adding("impression_hours", key, &columns)).await
}

async fn write_ranks(transaction: &impl ConnectionTrait, ranks: BTreeMap<(i64, i64), Change>) -> Result<()> {
    use impression_rank::{ActiveModel, Column};
    let rows = ranks.into_iter().map(|((day, rank), change)| ActiveModel {
        day: Set(day),
        rank: Set(rank),
        shown: Set(change.shown),
        clicked: Set(change.clicked),
        rated: Set(change.rated),
        useful: Set(change.useful),
    });
    let columns = [Column::Shown, Column::Clicked, Column::Rated, Column::Useful];
    let columns: Vec<_> = columns.into_iter().zip(MARKS).collect();
    let conflict = adding("impression_ranks", [Column::Day, Column::Rank], &columns);
    sql::upsert(transaction, rows.collect(), conflict).await
}
