//! State of a user for recommendations, read in one query.

use std::{cmp::Reverse, collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, Utc};
use docent_changes::hash_of_user;
use docent_domain::{InteractionType, Profile, Standing, Strength, UserId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use serde::de::DeserializeOwned;

use crate::{
    Store, Verdict,
    entity::profile,
    feedback::{newest_verdicts, verdict},
};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::from_micros_null,
};

const TABLE: &str = "user_interactions";

/// State of a user for recommendations.
#[derive(Debug, Clone, PartialEq)]
pub struct UserState {
    /// Row id of the user.
    pub row_id: i64,
    /// Preferences and totals of the user.
    pub profile: Profile,
    /// Liked resources, newest first, at most as many as requested. Resources without a time come
    /// last. Among them, and among equal times, the order differs from user to user and does not
    /// depend on the order of rows.
    pub positives: Vec<PositiveResource>,
    /// Row ids of all resources that the user interacted with, ascending.
    pub seen_rows: Vec<i64>,
    /// Row ids of all liked resources, ascending.
    pub liked_rows: Vec<i64>,
    /// Row ids of all resources that the user dismissed or rated low, and did not like again later,
    /// ascending. They are never recommended to the user.
    pub rejected_rows: Vec<i64>,
    /// Interactions that are neither positive nor negative, in the order of `positives`.
    pub neutral: Vec<NeutralInteraction>,
}

/// Interaction that is neither positive nor negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeutralInteraction {
    /// Row id of the resource.
    pub row_id: i64,
    /// Type of the interaction.
    pub interaction_type: InteractionType,
    /// Time of the newest event with a known time; `None` if there is none.
    pub at: Option<DateTime<Utc>>,
}

/// Liked resource: one on which the user's last word is positive, by [`Standing`].
#[derive(Debug, Clone, PartialEq)]
pub struct PositiveResource {
    /// Row id of the resource.
    pub row_id: i64,
    /// Largest strength of the user's positive interactions with it.
    pub strength: Strength,
    /// Time of the newest of these interactions; `None` if none has a time.
    pub at: Option<DateTime<Utc>>,
}

/// Everything that a resource has of one user, from the rows of its types of interaction.
struct Signal {
    resource_id: i64,
    /// Time of the newest positive interaction.
    at: Option<i64>,
    /// Sum of [`LIKED`] if an interaction is positive and of [`REJECTED`] if one is negative.
    mark: i64,
    /// Largest strength of a positive interaction.
    strength: Option<f64>,
    /// Time of the newest negative interaction.
    rejected_at: Option<i64>,
}

const LIKED: i64 = 1;
const REJECTED: i64 = 2;

/// Row of [`state_query`].
#[derive(FromQueryResult)]
struct Lists {
    interactions: String,
    verdicts: String,
}

/// Interaction in a list: resource, time, time of the newest positive event, mark, strength, and
/// the type unless it has a mark.
type ListedInteraction = (i64, Option<i64>, Option<i64>, i64, Option<f64>, Option<String>);

/// Verdict in a list: id of its row, resource, time, and 1 if useful.
type ListedVerdict = (i64, i64, i64, i64);

/// Profile, interactions and verdicts as one row, with lists as JSON: a round trip costs more than
/// unused columns, a row more than an element of a list, and a second statement might see a later
/// state. Databases have different names for `LIST`, `ARRAY` and `AS_TEXT`; `COLUMNS` are those of
/// the profile.
const STATE: &str = "SELECT COLUMNS, \
     COALESCE((SELECT LIST(ARRAY(i.resource_id, i.interaction_timestamp, i.positive_at, \
     CASE WHEN i.is_positive THEN 1 ELSE 0 END + CASE WHEN i.is_negative THEN 2 ELSE 0 END, \
     i.interaction_strength, \
     CASE WHEN i.is_positive OR i.is_negative THEN NULL ELSE i.interaction_type END))AS_TEXT \
     FROM user_interactions i WHERE i.user_id = p.user_id), '[]') AS interactions, \
     COALESCE((SELECT LIST(ARRAY(f.id, f.resource_id, f.feedback_at, \
     CASE WHEN f.was_useful THEN 1 ELSE 0 END))AS_TEXT FROM recommendation_feedback f \
     WHERE f.user_hash = $2 AND f.was_useful IS NOT NULL AND f.feedback_at IS NOT NULL), '[]') AS verdicts \
     FROM (SELECT 1 AS one) o LEFT JOIN (SELECT COLUMNS FROM user_profiles p \
     JOIN users u ON u.id = p.user_id WHERE u.external_id = $1) p ON TRUE";

/// Returns [`STATE`] in the words of a database.
fn state_query(backend: DbBackend) -> &'static str {
    static POSTGRES: LazyLock<String> = LazyLock::new(|| in_words("json_agg", "json_build_array", "::text"));
    static SQLITE: LazyLock<String> = LazyLock::new(|| in_words("json_group_array", "json_array", ""));
    if backend == DbBackend::Postgres { &POSTGRES } else { &SQLITE }
}

fn in_words(list: &str, array: &str, as_text: &str) -> String {
    let columns = sql::columns::<profile::Entity>("p.");
    let query = STATE.replace("LIST", list).replace("ARRAY", array).replace("AS_TEXT", as_text);
    query.replace("COLUMNS", &columns)
}

impl Store {
    /// Returns the state of a user, with at most `newest` positives; `None` for a user who was
    /// never seen. Writes nothing.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn user_state(&self, user: &UserId, newest: usize) -> Result<Option<UserState>> {
        Ok(self.user_state_and_verdicts(user, newest).await?.0)
    }

    /// Returns [`Store::user_state`] and [`Store::verdicts_of`] by one query.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn user_state_and_verdicts(
        &self,
        user: &UserId,
        newest: usize,
    ) -> Result<(Option<UserState>, Vec<Verdict>)> {
        let values = [user.as_str().into(), hash_of_user(user.as_str()).into()];
        let backend = self.reader().get_database_backend();
        let statement = Statement::from_sql_and_values(backend, state_query(backend), values);
        let Some(row) = self.reader().query_one_raw(statement).await? else { return Ok((None, Vec::new())) };
        let lists = Lists::from_query_result(&row, "")?;
        let profile = match row.try_get::<Option<i64>>("", "user_id")? {
            Some(_) => Some(profile::Model::from_query_result(&row, "")?),
            None => None,
        };
        let (signals, neutral) = sorted_out(list(TABLE, &lists.interactions)?)?;
        let state = profile.map(|profile| state(&profile, signals, neutral, newest)).transpose()?;
        let verdicts = list::<ListedVerdict>("recommendation_feedback", &lists.verdicts)?.into_iter();
        let verdicts = verdicts.map(|(id, resource_id, at, useful)| {
            verdict(id, resource_id, useful > 0, at).map(|verdict| (id, verdict))
        });
        Ok((state, newest_verdicts(verdicts.collect::<Result<_>>()?)))
    }
}

/// Reads a list of JSON arrays.
fn list<T: DeserializeOwned>(table: &'static str, json: &str) -> Result<Vec<T>> {
    serde_json::from_str(json).map_err(|error| StorageError::corrupt(table, "of one user", error))
}

/// Joins the interactions with one resource, and returns the neutral ones as they are, too.
fn sorted_out(rows: Vec<ListedInteraction>) -> Result<(Vec<Signal>, Vec<NeutralInteraction>)> {
    let (mut signals, mut neutral): (BTreeMap<i64, Signal>, _) = (BTreeMap::new(), Vec::new());
    for (resource_id, at, positive_at, mark, strength, kind) in rows {
        let signal = signals.entry(resource_id).or_insert_with(|| Signal {
            resource_id,
            at: None,
            mark: 0,
            strength: None,
            rejected_at: None,
        });
        signal.mark |= mark;
        if mark & LIKED != 0 {
            signal.at = signal.at.max(positive_at);
            signal.strength = [signal.strength, strength].into_iter().flatten().reduce(f64::max);
        }
        if mark & REJECTED != 0 {
            signal.rejected_at = signal.rejected_at.max(at);
        }
        if let Some(kind) = kind {
            let at = from_micros_null(TABLE, resource_id, at)?;
            neutral.push(NeutralInteraction { row_id: resource_id, interaction_type: kind.into(), at });
        }
    }
    Ok((signals.into_values().collect(), neutral))
}

/// Makes the state of signals in the order of their resources.
fn state(
    profile: &profile::Model,
    signals: Vec<Signal>,
    mut neutral: Vec<NeutralInteraction>,
    newest: usize,
) -> Result<UserState> {
    let user = profile.user_id;
    neutral.sort_by_cached_key(|of| {
        let kind = of.interaction_type.clone();
        (Reverse(of.at), scattered(user, of.row_id), of.row_id, kind)
    });
    let seen_rows = signals.iter().map(|row| row.resource_id).collect();
    let (mut liked, mut rejected_rows) = (Vec::new(), Vec::new());
    for row in signals {
        match row.standing() {
            Standing::Positive => liked.push(row),
            Standing::Negative => rejected_rows.push(row.resource_id),
            Standing::Neutral => {}
        }
    }
    let liked_rows = liked.iter().map(|row| row.resource_id).collect();
    // Null is less than any time, and so comes last.
    liked.sort_by_cached_key(|row| (Reverse(row.at), scattered(user, row.resource_id), row.resource_id));
    liked.truncate(newest);
    Ok(UserState {
        row_id: user,
        profile: profile.profile()?,
        positives: liked.into_iter().map(Signal::positive).collect::<Result<_>>()?,
        seen_rows,
        liked_rows,
        rejected_rows,
        neutral,
    })
}

/// Returns a quadratic hash of user and resource, modulo the prime 2^31 - 1. The ids are reduced
/// first, so that no product is beyond 64 bits.
fn scattered(user: i64, resource: i64) -> i64 {
    const PRIME: i64 = 2_147_483_647;
    let (user, resource) = (user.rem_euclid(PRIME), resource.rem_euclid(PRIME));
    let mixed = (resource * 742_938_285 + user * 950_706_376 + 402_653_189) % PRIME;
    mixed * mixed % PRIME
}

impl Signal {
    fn standing(&self) -> Standing {
        let is = |mark: i64| self.mark & mark != 0;
        Standing::newest(is(LIKED).then_some(self.at), is(REJECTED).then_some(self.rejected_at))
    }

    fn positive(self) -> Result<PositiveResource> {
        let strength = self.strength.ok_or_else(|| {
            StorageError::corrupt(TABLE, self.resource_id, "an interaction has no strength")
        })?;
        Ok(PositiveResource {
            row_id: self.resource_id,
            strength: Strength::new(strength)
                .map_err(|error| StorageError::corrupt(TABLE, self.resource_id, error))?,
            at: from_micros_null(TABLE, self.resource_id, self.at)?,
        })
    }
}
