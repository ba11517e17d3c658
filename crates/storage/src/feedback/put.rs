use std::collections::BTreeSet;

use docent_changes::{Changed, hash_of_user};
use docent_domain::{Feedback, UserId};
use sea_orm::{ConnectionTrait, FromQueryResult, Set, sea_query::OnConflict};

use super::{answers, keep_users};
use crate::{
    Store,
    entity::feedback::{ActiveModel, Column, Entity, Model},
    resources::find_resources,
    rollups::impressions::Tally,
    users::{find_erasures, find_users, lock_hash, lock_users},
};
use docent_database::{
    error::{Result, StorageError},
    retry::after_deadlocks,
    sql,
    time::to_micros,
};

/// The user who gives feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sayer {
    /// Not named: the feedback belongs to the user of the answer.
    Unnamed,
    /// Named, by hash.
    Named(i64),
    /// Named, and erased since the answer was made: the feedback is kept without a name.
    Erased,
}

impl Sayer {
    /// Returns the hash to store; 0 for none.
    fn hash(self) -> i64 {
        match self {
            Self::Named(hash) => hash,
            Self::Unnamed | Self::Erased => 0,
        }
    }

    /// Returns true if feedback belongs on the row for certain.
    fn owns(self, row: &Model) -> bool {
        match self {
            Self::Unnamed => row.shown_at.is_some(),
            Self::Named(hash) => row.user_hash == hash,
            Self::Erased => row.is_anonymous() && row.shown_at.is_some(),
        }
    }

    /// Returns true if feedback may use the row where there is no row of its own.
    fn may_use(self, row: &Model) -> bool {
        row.is_anonymous() && (row.shown_at.is_none() || self == Self::Unnamed)
    }
}

impl Model {
    fn is_anonymous(&self) -> bool {
        self.user_hash == 0 && self.user_id.is_none()
    }
}

impl Store {
    /// Writes feedback on a recommendation: completes the row of its impression, whose strategy,
    /// score and rank stay.
    ///
    /// Feedback on a resource that was never shown, or was shown to another user, gets a row of its
    /// own and touches no row of another. Newer feedback replaces older, except that a verdict and
    /// notes stay until there are others. A user who gives a verdict is created on first use.
    /// Feedback of a user on an answer from before their erasure is kept without a name and notes.
    ///
    /// Returns the user whose feedback it is, where that is known.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] for an unknown resource, [`StorageError::Invalid`] for notes that
    /// are too long.
    pub async fn put_feedback(&self, feedback: &Feedback) -> Result<Option<UserId>> {
        after_deadlocks(|| self.try_to_put_feedback(feedback)).await
    }

    async fn try_to_put_feedback(&self, feedback: &Feedback) -> Result<Option<UserId>> {
        feedback.check().map_err(|source| StorageError::Invalid { index: 0, source })?;
        let transaction = self.begin().await?;
        answers::lock(&transaction, &BTreeSet::from([feedback.recommendation_id.as_str()])).await?;
        let resources = find_resources(&transaction, &[feedback.resource_id.as_str()], true).await?;
        let resource_id = resources.get(feedback.resource_id.as_str()).copied().ok_or_else(|| {
            StorageError::NotFound { what: "resource", id: feedback.resource_id.as_str().to_owned() }
        })?;
        let sayer = sayer(&transaction, feedback, resource_id).await?;
        let notes = feedback.notes.clone().filter(|_| sayer != Sayer::Erased);
        let feedback = &Feedback { notes, ..feedback.clone() };
        let named = feedback.user_id.as_ref().filter(|_| sayer != Sayer::Erased);
        let user: Vec<&str> = named.into_iter().map(UserId::as_str).collect();
        let known = match feedback.was_useful {
            Some(_) => lock_users(&transaction, user, feedback.at).await?,
            None => find_users(&transaction, &user, keep_users(&transaction)).await?,
        };
        let user_id = known.into_values().next();
        answers::to_rows(&transaction, &feedback.recommendation_id, resource_id).await?;
        let mut owner = named.cloned();
        let mut hash = sayer.hash();
        // Another transaction may insert the row between the look and the insert, once.
        for _ in 0..2 {
            if let Some(row) = row_for(&transaction, feedback, resource_id, sayer).await? {
                complete(&transaction, &row, feedback, sayer, user_id).await?;
                if row.user_hash != 0 {
                    hash = row.user_hash;
                }
                if let (None, Some(id)) = (&owner, row.user_id) {
                    owner = name_of(&transaction, id).await?;
                }
                break;
            }
            if insert(&transaction, feedback, resource_id, sayer, user_id).await? {
                break;
            }
        }
        if hash != 0 {
            docent_changes::write(&transaction, &Changed::user(hash, [])).await?;
        }
        transaction.commit().await?;
        Ok(owner)
    }
}

/// Decides whose feedback it is. The feedback of an erased user counts as theirs only on an answer
/// that was shown to them again, after the erasure.
async fn sayer(transaction: &impl ConnectionTrait, feedback: &Feedback, resource_id: i64) -> Result<Sayer> {
    let Some(user) = &feedback.user_id else { return Ok(Sayer::Unnamed) };
    let hash = hash_of_user(user.as_str());
    lock_hash(transaction, hash).await?;
    let Some(&erased_at) = find_erasures(transaction, &[hash]).await?.get(&hash) else {
        return Ok(Sayer::Named(hash));
    };
    // Not locked: rows of feedback are locked after the user.
    let shown = rows(transaction, feedback, resource_id, "").await?;
    let listed = answers::read(transaction, &feedback.recommendation_id).await?;
    let listed = listed.iter().filter(|(_, items)| items.iter().any(|item| item.resource == resource_id));
    let shown = shown.iter().filter_map(|row| Some((row.user_hash, row.shown_at?)));
    let is_new = shown
        .chain(listed.map(|(answer, _)| (answer.user_hash, answer.shown_at)))
        .any(|(of, at)| of == hash && at > erased_at);
    Ok(if is_new { Sayer::Named(hash) } else { Sayer::Erased })
}

#[derive(FromQueryResult)]
struct Name {
    external_id: String,
}

async fn name_of(transaction: &impl ConnectionTrait, user_id: i64) -> Result<Option<UserId>> {
    let query = "SELECT external_id FROM users WHERE id = $1";
    let row: Option<Name> = sql::select_one(transaction, query, [user_id.into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let name = UserId::new(&row.external_id);
    name.map(Some).map_err(|error| StorageError::corrupt("users", user_id, error))
}

/// Returns the row that the feedback completes: the sayer's own; for an unnamed sayer the one that
/// was shown.
async fn row_for(
    transaction: &impl ConnectionTrait,
    feedback: &Feedback,
    resource_id: i64,
    sayer: Sayer,
) -> Result<Option<Model>> {
    let locking = sql::for_update(transaction.get_database_backend());
    let mut rows = rows(transaction, feedback, resource_id, locking).await?;
    let own = rows.iter().position(|row| sayer.owns(row));
    let place = own.or_else(|| rows.iter().position(|row| sayer.may_use(row)));
    Ok(place.map(|place| rows.swap_remove(place)))
}

/// Returns every row of one resource in one answer.
async fn rows(
    transaction: &impl ConnectionTrait,
    feedback: &Feedback,
    resource_id: i64,
    locking: &str,
) -> Result<Vec<Model>> {
    let query = format!(
        "SELECT {} FROM recommendation_feedback WHERE recommendation_id = $1 AND resource_id = $2 \
         ORDER BY id {locking}",
        sql::columns::<Entity>("")
    );
    let values = [feedback.recommendation_id.as_str().into(), resource_id.into()];
    sql::select(transaction, query, values).await
}

async fn complete(
    transaction: &impl ConnectionTrait,
    before: &Model,
    feedback: &Feedback,
    sayer: Sayer,
    user_id: Option<i64>,
) -> Result<()> {
    // A verdict that stands keeps its time: later interactions of the user may outweigh it.
    let verdict_stands = feedback.was_useful.is_none() && before.was_useful.is_some();
    let after = Model {
        was_clicked: Some(feedback.was_clicked),
        was_useful: feedback.was_useful.or(before.was_useful),
        feedback_notes: feedback.notes.clone().or_else(|| before.feedback_notes.clone()),
        feedback_at: before.feedback_at.filter(|_| verdict_stands).or(Some(to_micros(feedback.at))),
        user_id: before.user_id.or(user_id),
        user_hash: if before.user_hash == 0 { sayer.hash() } else { before.user_hash },
        ..before.clone()
    };
    let query = "UPDATE recommendation_feedback SET was_clicked = $2, was_useful = $3, feedback_notes = $4, \
                 feedback_at = $5, user_id = $6, user_hash = $7 WHERE id = $1";
    let values = [
        after.id.into(),
        after.was_clicked.into(),
        after.was_useful.into(),
        after.feedback_notes.clone().into(),
        after.feedback_at.into(),
        after.user_id.into(),
        after.user_hash.into(),
    ];
    sql::execute(transaction, query, values).await?;
    let mut tally = Tally::default();
    tally.marked(before, &after);
    tally.write(transaction).await
}

/// Inserts a row of its own for the feedback. Returns false if there is one by now.
async fn insert(
    transaction: &impl ConnectionTrait,
    feedback: &Feedback,
    resource_id: i64,
    sayer: Sayer,
    user_id: Option<i64>,
) -> Result<bool> {
    let row = ActiveModel {
        recommendation_id: Set(feedback.recommendation_id.clone()),
        resource_id: Set(resource_id),
        user_id: Set(user_id),
        user_hash: Set(sayer.hash()),
        was_clicked: Set(Some(feedback.was_clicked)),
        was_useful: Set(feedback.was_useful),
        feedback_notes: Set(feedback.notes.clone()),
        feedback_at: Set(Some(to_micros(feedback.at))),
        ..Default::default()
    };
    let keep = OnConflict::columns([Column::RecommendationId, Column::ResourceId, Column::UserHash])
        .do_nothing()
        .to_owned();
    Ok(sql::insert_rows(transaction, vec![row], Some(keep)).await? > 0)
}
