//! Outcomes of experiments, summed over users: users are the independent samples, not impressions.
//!
//! The standard error of a ratio needs sums of squares over the users of a window. If a window
//! grows to include the day before it, these sums change only for users with an impression on that
//! day. Each day therefore stores the difference, and the sums of a window are the sums over its
//! days: the cost depends on the number of days, not of users.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, Set, sea_query::OnConflict};

use super::{KEPT, adding, impressions::Change};
use crate::entity::{
    experiment_day::{ActiveModel as DayRow, Column as Day},
    experiment_person::{ActiveModel, Column, Entity, Model},
};
use docent_database::{error::Result, sql};

/// Experiment, variant, hash of the user id.
pub(super) type Participant = (String, String, i64);
/// Impressions of a user by day, with their outcomes.
type Days = BTreeMap<i64, Change>;

/// Sums in the order of [`SUMS`].
type Sums = [i64; 12];

pub(super) const SUMS: [(Day, &str); 12] = [
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

/// Returns what one user with these counts adds to the sums of a window.
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

/// Returns what each day of a user adds to a window that ends now when the window grows to include
/// it.
fn by_day(days: &Days) -> impl Iterator<Item = (i64, Sums)> {
    let mut since = Change::default();
    days.iter().rev().map(move |(day, change)| {
        let before = sums_of(since);
        since.add(*change);
        (*day, each(sums_of(since), before, |a, b| a - b))
    })
}

/// Adds impressions and feedback of users.
pub(super) async fn add(
    transaction: &impl ConnectionTrait,
    participants: BTreeMap<Participant, Days>,
) -> Result<()> {
    if participants.is_empty() {
        return Ok(());
    }
    let mut known = locked(transaction, participants.keys()).await?;
    let mut changes: BTreeMap<(String, String, i64), Sums> = BTreeMap::new();
    let mut rows = Vec::new();
    for (participant, days) in participants {
        let mut before = known.remove(&participant).unwrap_or_default();
        let mut after = before.clone();
        days.into_iter().for_each(|(day, change)| after.entry(day).or_default().add(change));
        let last_day = after.last_key_value().map_or(0, |(day, _)| *day);
        // Days that no window reaches do not change.
        for of_days in [&mut before, &mut after] {
            of_days.retain(|day, _| *day > last_day - KEPT.num_days());
        }
        note(&mut changes, &participant, &before, |sum, added| sum - added);
        note(&mut changes, &participant, &after, |sum, added| sum + added);
        let (experiment, variant, user_hash) = participant;
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
    sql::upsert(transaction, rows, conflict).await?;
    write_days(transaction, changes).await
}

/// Removes a user from all experiments.
pub(crate) async fn remove(transaction: &impl ConnectionTrait, user_hash: i64) -> Result<()> {
    let locking = sql::for_update(transaction.get_database_backend());
    let query = format!(
        "SELECT {} FROM experiment_people WHERE user_hash = $1 ORDER BY experiment, variant, user_hash {locking}",
        sql::columns::<Entity>("")
    );
    let rows: Vec<Model> = sql::select(transaction, query, [user_hash.into()]).await?;
    let mut changes = BTreeMap::new();
    for row in rows {
        let (participant, days) = read(row)?;
        note(&mut changes, &participant, &days, |sum, added| sum - added);
    }
    write_days(transaction, changes).await?;
    let delete = "DELETE FROM experiment_people WHERE user_hash = $1";
    sql::execute(transaction, delete, [user_hash.into()]).await.map(|_| ())
}

fn note(
    changes: &mut BTreeMap<(String, String, i64), Sums>,
    (experiment, variant, _): &Participant,
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
    sql::upsert(transaction, rows.collect(), conflict).await
}

/// Returns the stored days of users, with rows created where absent and locked in their order. What
/// one day adds depends on the others, so changes of one user must come one after the other.
async fn locked<'a>(
    transaction: &impl ConnectionTrait,
    participants: impl Iterator<Item = &'a Participant> + Clone,
) -> Result<BTreeMap<Participant, Days>> {
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Postgres {
        let empty = participants.clone().map(|(experiment, variant, user_hash)| ActiveModel {
            experiment: Set(experiment.clone()),
            variant: Set(variant.clone()),
            user_hash: Set(*user_hash),
            last_day: Set(0),
            days: Set("[]".to_owned()),
        });
        let keep = OnConflict::columns([Column::Experiment, Column::Variant, Column::UserHash]);
        sql::upsert(transaction, empty.collect(), keep.to_owned().do_nothing().to_owned()).await?;
    }
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let locking = match backend {
        DbBackend::Postgres => "FOR UPDATE OF p",
        _ => "",
    };
    let query = format!(
        "SELECT {} FROM {rows} {join} experiment_people p ON p.experiment = k.value ->> 0 \
         AND p.variant = k.value ->> 1 AND p.user_hash = CAST(k.value ->> 2 AS bigint) \
         ORDER BY p.experiment, p.variant, p.user_hash {locking}",
        sql::columns::<Entity>("p.")
    );
    let participants: Vec<&Participant> = participants.collect();
    let rows: Vec<Model> = sql::select(transaction, query, [sql::json(&participants)?.into()]).await?;
    rows.into_iter().map(read).collect()
}

fn read(row: Model) -> Result<(Participant, Days)> {
    let days: Vec<[i64; 5]> = sql::from_json("experiment_people", row.user_hash, "days", &row.days)?;
    let change =
        |[day, shown, clicked, rated, useful]: [i64; 5]| (day, Change { shown, clicked, rated, useful });
    Ok(((row.experiment, row.variant, row.user_hash), days.into_iter().map(change).collect()))
}

fn to_json(days: &Days) -> Result<String> {
    let rows = days.iter().map(|(day, of)| [*day, of.shown, of.clicked, of.rated, of.useful]);
    sql::json(&rows.collect::<Vec<_>>())
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
