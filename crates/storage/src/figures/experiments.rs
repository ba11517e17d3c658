//! What came of what the variants of experiments showed, over people: people decide, not impressions.
//!
//! The error of a ratio needs squares of what each person was shown in the window. A window that grows by a day to the left
//! changes these only for those who were shown something on that day; so each day keeps what it adds, and a window is the
//! sum of its days, however many people there are.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Set, sea_query::OnConflict};

use super::{
    KEPT, Marks, adding,
    impressions::{Change, upsert},
    quality::marks,
};
use crate::{
    Store,
    entity::{
        experiment_day::{ActiveModel as DayRow, Column as Day},
        experiment_person::{ActiveModel, Column, Model},
    },
    error::{Result, StorageError},
    sql,
};

/// Experiment, variant, hash of the person's id.
pub(super) type Person = (String, String, i64);
/// What a person was shown by day, and what came of it.
type Days = BTreeMap<i64, Change>;

/// Sums over the people of one variant of an experiment in a window, from which the ratio of two of them and how sure it
/// is follow.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantFigures {
    /// The variant.
    pub variant: String,
    /// How many people were shown something.
    pub people: u64,
    /// What came of it.
    pub marks: Marks,
    /// Sums of shown², clicked² and shown·clicked over people.
    pub clicks: [f64; 3],
    /// How many people said whether something was useful.
    pub raters: u64,
    /// Sums of rated², useful² and rated·useful over people.
    pub verdicts: [f64; 3],
}

/// In the order of [`SUMS`].
type Sums = [i64; 12];

const SUMS: [(Day, &str); 12] = [
    (Day::People, "people"),
    (Day::Shown, "shown"),
    (Day::Clicked, "clicked"),
    (Day::Rated, "rated"),
    (Day::Useful, "useful"),
    (Day::ShownShown, "shown_shown"),
    (Day::ClickedClicked, "clicked_clicked"),
    (Day::ShownClicked, "shown_clicked"),
    (Day::Raters, "raters"),
    (Day::RatedRated, "rated_rated"),
    (Day::UsefulUseful, "useful_useful"),
    (Day::RatedUseful, "rated_useful"),
];

/// What one person adds to a window in which so much came of what they were shown.
fn sums_of(Change { shown, clicked, rated, useful }: Change) -> Sums {
    [
        i64::from(shown > 0),
        shown,
        clicked,
        rated,
        useful,
        shown * shown,
        clicked * clicked,
        shown * clicked,
        i64::from(rated > 0),
        rated * rated,
        useful * useful,
        rated * useful,
    ]
}

fn each(a: Sums, b: Sums, of: impl Fn(i64, i64) -> i64) -> Sums {
    let mut sums = a;
    sums.iter_mut().zip(b).for_each(|(sum, b)| *sum = of(*sum, b));
    sums
}

/// What each day of a person adds to a window that ends now when the window grows to hold it.
fn by_day(days: &Days) -> impl Iterator<Item = (i64, Sums)> {
    let mut since = Change::default();
    days.iter().rev().map(move |(day, change)| {
        let before = sums_of(since);
        since.add(*change);
        (*day, each(sums_of(since), before, |a, b| a - b))
    })
}

/// Adds what came of what people were shown.
pub(super) async fn add(transaction: &impl ConnectionTrait, people: BTreeMap<Person, Days>) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let mut known = locked(transaction, people.keys()).await?;
    let mut changes: BTreeMap<(String, String, i64), Sums> = BTreeMap::new();
    let mut rows = Vec::new();
    for (person, days) in people {
        let mut before = known.remove(&person).unwrap_or_default();
        let mut after = before.clone();
        days.into_iter().for_each(|(day, change)| after.entry(day).or_default().add(change));
        let last_day = after.last_key_value().map_or(0, |(day, _)| *day);
        // Of days that no window reaches there is nothing to be changed.
        for of_days in [&mut before, &mut after] {
            of_days.retain(|day, _| *day > last_day - KEPT.num_days());
        }
        note(&mut changes, &person, &before, |sum, added| sum - added);
        note(&mut changes, &person, &after, |sum, added| sum + added);
        let (experiment, variant, user_hash) = person;
        rows.push(ActiveModel {
            experiment: Set(experiment),
            variant: Set(variant),
            user_hash: Set(user_hash),
            last_day: Set(last_day),
            days: Set(to_json(&after)?),
        });
    }
    let key = [Column::Experiment, Column::Variant, Column::UserHash];
    let conflict = OnConflict::columns(key).update_columns([Column::LastDay, Column::Days]).to_owned();
    upsert(transaction, rows, conflict).await?;
    write_days(transaction, changes).await
}

/// Takes a person out of all experiments.
pub(crate) async fn remove(transaction: &impl ConnectionTrait, user_hash: i64) -> Result<()> {
    let locking = sql::for_update(transaction.get_database_backend());
    let query = format!(
        "SELECT * FROM experiment_people WHERE user_hash = $1 ORDER BY experiment, variant, user_hash {locking}"
    );
    let rows: Vec<Model> = sql::select(transaction, query, [user_hash.into()]).await?;
    let mut changes = BTreeMap::new();
    for row in rows {
        let (person, days) = read(row)?;
        note(&mut changes, &person, &days, |sum, added| sum - added);
    }
    write_days(transaction, changes).await?;
    let delete = "DELETE FROM experiment_people WHERE user_hash = $1";
    sql::execute(transaction, delete, [user_hash.into()]).await.map(|_| ())
}

fn note(
    changes: &mut BTreeMap<(String, String, i64), Sums>,
    (experiment, variant, _): &Person,
    days: &Days,
    of: impl Fn(i64, i64) -> i64,
) {
    for (day, added) in by_day(days) {
        let sums = changes.entry((experiment.clone(), variant.clone(), day)).or_default();
        *sums = each(*sums, added, &of);
    }
}

async fn write_days(
    transaction: &impl ConnectionTrait,
    mut changes: BTreeMap<(String, String, i64), Sums>,
) -> Result<()> {
    changes.retain(|_, sums| sums.iter().any(|sum| *sum != 0));
    let rows = changes.into_iter().map(|((experiment, variant, day), sums)| {
        let [people, shown, clicked, rated, useful, ss, cc, sc, raters, rr, uu, ru] = sums;
        DayRow {
            experiment: Set(experiment),
            variant: Set(variant),
            day: Set(day),
            people: Set(people),
            shown: Set(shown),
            clicked: Set(clicked),
            rated: Set(rated),
            useful: Set(useful),
            shown_shown: Set(ss),
            clicked_clicked: Set(cc),
            shown_clicked: Set(sc),
            raters: Set(raters),
            rated_rated: Set(rr),
            useful_useful: Set(uu),
            rated_useful: Set(ru),
        }
    });
    let conflict = adding("experiment_days", [Day::Experiment, Day::Variant, Day::Day], &SUMS);
    upsert(transaction, rows.collect(), conflict).await
}

/// What is there of people, made where it is not, and locked in their order: what one day adds depends on the others, so
/// changes of one person must come one after the other.
async fn locked<'a>(
    transaction: &impl ConnectionTrait,
    people: impl Iterator<Item = &'a Person> + Clone,
) -> Result<BTreeMap<Person, Days>> {
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Postgres {
        let empty = |(experiment, variant, user_hash): &Person| ActiveModel {
            experiment: Set(experiment.clone()),
            variant: Set(variant.clone()),
            user_hash: Set(*user_hash),
            last_day: Set(0),
            days: Set("[]".to_owned()),
        };
        let keep = OnConflict::columns([Column::Experiment, Column::Variant, Column::UserHash]);
        upsert(transaction, people.clone().map(empty).collect(), keep.to_owned().do_nothing().to_owned())
            .await?;
    }
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let locking = match backend {
        DbBackend::Postgres => "FOR UPDATE OF p",
        _ => "",
    };
    let query = format!(
        "SELECT p.* FROM {rows} {join} experiment_people p ON p.experiment = k.value ->> 0 \
         AND p.variant = k.value ->> 1 AND p.user_hash = CAST(k.value ->> 2 AS bigint) \
         ORDER BY p.experiment, p.variant, p.user_hash {locking}"
    );
    let people: Vec<&Person> = people.collect();
    let rows: Vec<Model> = sql::select(transaction, query, [sql::json(&people)?.into()]).await?;
    rows.into_iter().map(read).collect()
}

fn read(row: Model) -> Result<(Person, Days)> {
    let days: Vec<[i64; 5]> = sql::from_json("experiment_people", row.user_hash, "days", &row.days)?;
    let change =
        |[day, shown, clicked, rated, useful]: [i64; 5]| (day, Change { shown, clicked, rated, useful });
    Ok(((row.experiment, row.variant, row.user_hash), days.into_iter().map(change).collect()))
}

fn to_json(days: &Days) -> Result<String> {
    let row = |(day, of): (&i64, &Change)| [*day, of.shown, of.clicked, of.rated, of.useful];
    sql::json(&days.iter().map(row).collect::<Vec<_>>())
}

#[derive(FromQueryResult)]
struct VariantRow {
    variant: String,
    people: i64,
    shown: i64,
    clicked: i64,
    rated: i64,
    useful: i64,
    shown_shown: i64,
    clicked_clicked: i64,
    shown_clicked: i64,
    raters: i64,
    rated_rated: i64,
    useful_useful: i64,
    rated_useful: i64,
}

impl VariantRow {
    fn figures(self) -> Result<VariantFigures> {
        let whole = |n: i64| {
            u64::try_from(n)
                .map_err(|_| StorageError::corrupt("experiment_days", &self.variant, "fewer than none"))
        };
        let (people, raters) = (whole(self.people)?, whole(self.raters)?);
        Ok(VariantFigures {
            people,
            marks: marks(self.shown, self.clicked, self.rated, self.useful),
            clicks: [self.shown_shown, self.clicked_clicked, self.shown_clicked].map(|sum| sum as f64),
            raters,
            verdicts: [self.rated_rated, self.useful_useful, self.rated_useful].map(|sum| sum as f64),
            variant: self.variant,
        })
    }
}

impl Store {
    /// What came of what the variants of an experiment showed in the last `days` days; as ranks, from the beginning of the
    /// first of them. By variant, in the order of their names.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn experiment(
        &self,
        experiment: &str,
        now: chrono::DateTime<chrono::Utc>,
        days: u32,
    ) -> Result<Vec<VariantFigures>> {
        let day = super::day_of(crate::time::to_micros(super::begin_of(now, days)?));
        let sums: Vec<String> =
            SUMS.iter().map(|(_, name)| format!("CAST(SUM({name}) AS bigint) AS {name}")).collect();
        let query = format!(
            "SELECT variant, {} FROM experiment_days WHERE experiment = $1 AND day >= $2 GROUP BY variant \
             HAVING SUM(people) > 0 ORDER BY variant",
            sums.join(", ")
        );
        let rows: Vec<VariantRow> =
            sql::select(self.reader(), query, [experiment.into(), day.into()]).await?;
        rows.into_iter().map(VariantRow::figures).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_of_a_window_add_up_to_what_it_holds() {
        let days: Days = [(1, 3, 1, 0, 0), (4, 2, 2, 1, 0), (9, 5, 0, 0, 0), (12, 1, 1, 1, 1)]
            .into_iter()
            .map(|(day, shown, clicked, rated, useful)| (day, Change { shown, clicked, rated, useful }))
            .collect();
        for begin in 0..14 {
            let added = by_day(&days).filter(|(day, _)| *day >= begin);
            let found = added.fold(Sums::default(), |sum, (_, added)| each(sum, added, |a, b| a + b));
            let mut whole = Change::default();
            days.range(begin..).for_each(|(_, change)| whole.add(*change));
            assert_eq!(found, sums_of(whole), "since {begin}");
        }
    }
}
