//! Sessions of users, which end with half an hour without an event. Events may arrive in any order:
//! each is joined with the sessions around it, and the counts, by the hour in which a session
//! began, follow.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Set, sea_query::OnConflict};

use super::{adding, hour_of, slots};
use crate::entity::{
    session_hour::{ActiveModel as HourRow, Column as Hour},
    user_session::{ActiveModel, Column, Entity, Model},
};
use docent_database::{error::Result, sql};

/// Longest pause within a session.
const MAX_PAUSE_MICROS: i64 = 30 * 60 * 1_000_000;

/// Times of the first and the last event, in microseconds.
type Session = (i64, i64);

/// Adds events of users whose rows are locked. Sessions that began before `since_hour` are no
/// longer counted.
pub(super) async fn add(
    transaction: &impl ConnectionTrait,
    times: BTreeMap<i64, Vec<i64>>,
    since_hour: i64,
    slots: i64,
) -> Result<()> {
    let new: BTreeMap<i64, Vec<Session>> = times
        .into_iter()
        .map(|(user, times)| (user, joined(times.into_iter().map(|at| (at, at)).collect())))
        .collect();
    add_sessions(transaction, new, since_hour, slots).await
}

/// Makes the sessions of one user those of another; both rows are locked.
pub(crate) async fn move_to(transaction: &impl ConnectionTrait, from: i64, into: i64) -> Result<()> {
    let slots = slots(transaction.get_database_backend());
    let query = "DELETE FROM user_sessions WHERE user_id = $1 RETURNING user_id, begin_at, end_at";
    let rows: Vec<Model> = sql::select(transaction, query, [from.into()]).await?;
    let sessions: Vec<Session> = rows.into_iter().map(|row| (row.begin_at, row.end_at)).collect();
    let mut hours: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
    for (begin, end) in &sessions {
        let counts = hours.entry((hour_of(*begin), from.rem_euclid(slots))).or_default();
        *counts = (counts.0 - 1, counts.1 - (end - begin));
    }
    add_hours(transaction, hours).await?;
    add_sessions(transaction, BTreeMap::from([(into, sessions)]), i64::MIN, slots).await
}

async fn add_sessions(
    transaction: &impl ConnectionTrait,
    new: BTreeMap<i64, Vec<Session>>,
    since_hour: i64,
    slots: i64,
) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let mut known = around(transaction, &new).await?;
    let (mut gone, mut written) = (Vec::new(), Vec::new());
    let mut hours: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
    for (user, new) in new {
        let before = known.remove(&user).unwrap_or_default();
        let after: BTreeSet<Session> =
            joined(before.iter().copied().chain(new).collect()).into_iter().collect();
        let begins: BTreeSet<i64> = after.iter().map(|(begin, _)| *begin).collect();
        let ended = before.difference(&after).map(|session| (*session, -1));
        for ((begin, end), sign) in ended.chain(after.difference(&before).map(|session| (*session, 1))) {
            if hour_of(begin) >= since_hour {
                let counts = hours.entry((hour_of(begin), user.rem_euclid(slots))).or_default();
                *counts = (counts.0 + sign, counts.1 + sign * (end - begin));
            }
            match sign {
                1 => written.push(ActiveModel { user_id: Set(user), begin_at: Set(begin), end_at: Set(end) }),
                _ if !begins.contains(&begin) => gone.push((user, begin)),
                _ => {}
            }
        }
    }
    delete(transaction, &gone).await?;
    let longer =
        OnConflict::columns([Column::UserId, Column::BeginAt]).update_column(Column::EndAt).to_owned();
    sql::upsert(transaction, written, longer).await?;
    hours.retain(|_, counts| *counts != (0, 0));
    add_hours(transaction, hours).await
}

/// Adds sessions and their lengths to the counts of their hours and slots.
async fn add_hours(
    transaction: &impl ConnectionTrait,
    hours: BTreeMap<(i64, i64), (i64, i64)>,
) -> Result<()> {
    let rows = hours.into_iter().map(|((hour, slot), (sessions, length_micros))| HourRow {
        hour: Set(hour),
        slot: Set(slot),
        sessions: Set(sessions),
        length_micros: Set(length_micros),
    });
    let counts = [(Hour::Sessions, "sessions"), (Hour::LengthMicros, "length_micros")];
    sql::upsert(transaction, rows.collect(), adding("session_hours", [Hour::Hour, Hour::Slot], &counts)).await
}

/// Returns sessions in order, with those joined that no long pause separates.
fn joined(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.sort_unstable();
    let mut joined: Vec<Session> = Vec::with_capacity(sessions.len());
    for (begin, end) in sessions {
        match joined.last_mut() {
            Some(last) if begin - last.1 <= MAX_PAUSE_MICROS => last.1 = last.1.max(end),
            _ => joined.push((begin, end)),
        }
    }
    joined
}

/// Returns the stored sessions that new ones may be a part of. Few rows are read: those that begin
/// near a new session, and the last before it.
async fn around(
    transaction: &impl ConnectionTrait,
    new: &BTreeMap<i64, Vec<Session>>,
) -> Result<BTreeMap<i64, BTreeSet<Session>>> {
    let near: Vec<(i64, i64, i64)> = new
        .iter()
        .flat_map(|(user, sessions)| sessions.iter().map(move |(begin, end)| (*user, *begin, *end)))
        .map(|(user, begin, end)| (user, begin - MAX_PAUSE_MICROS, end + MAX_PAUSE_MICROS))
        .collect();
    let backend = transaction.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let [user, from, to] = [0, 1, 2].map(|n| format!("CAST(k.value ->> {n} AS bigint)"));
    let query = format!(
        "SELECT {} FROM {rows} {join} user_sessions s ON s.user_id = {user} AND s.begin_at <= {to} \
         AND s.begin_at >= COALESCE((SELECT MAX(b.begin_at) FROM user_sessions b WHERE b.user_id = {user} \
         AND b.begin_at < {from}), {from}) WHERE s.end_at >= {from}",
        sql::columns::<Entity>("s.")
    );
    let rows: Vec<Model> = sql::select(transaction, query, [sql::json(&near)?.into()]).await?;
    let mut known: BTreeMap<i64, BTreeSet<Session>> = BTreeMap::new();
    for row in rows {
        known.entry(row.user_id).or_default().insert((row.begin_at, row.end_at));
    }
    Ok(known)
}

async fn delete(transaction: &impl ConnectionTrait, gone: &[(i64, i64)]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let backend = transaction.get_database_backend();
    let rows = sql::json_rows(backend);
    let query = format!(
        "DELETE FROM user_sessions WHERE (user_id, begin_at) IN \
         (SELECT CAST(k.value ->> 0 AS bigint), CAST(k.value ->> 1 AS bigint) FROM {rows})"
    );
    sql::execute(transaction, query, [sql::json(gone)?.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_of_more_than_half_an_hour_begins_a_session() {
        let minutes = |n: i64| n * 60_000_000;
        let events = [72, 0, 71, 10, 40].map(|n| (minutes(n), minutes(n))).to_vec();
        assert_eq!(joined(events), [(0, minutes(40)), (minutes(71), minutes(72))]);
        let edge = vec![(0, 5), (5 + MAX_PAUSE_MICROS, 6 + MAX_PAUSE_MICROS)];
        assert_eq!(joined(edge), [(0, 6 + MAX_PAUSE_MICROS)]);
        let past = vec![(0, 5), (6 + MAX_PAUSE_MICROS, 7 + MAX_PAUSE_MICROS)];
        assert_eq!(joined(past.clone()), past);
        assert_eq!(joined(vec![(0, 100), (3, 5)]), [(0, 100)]);
    }
}
