use std::collections::{BTreeSet, HashMap, HashSet};

use docent_changes::{Changed, hash_of_user};
use docent_domain::Impression;
use sea_orm::{ConnectionTrait, DbBackend, Set, sea_query::OnConflict};

use super::{answers, items::Item, keep_users};
use crate::{
    Store,
    entity::{
        answer,
        feedback::{ActiveModel, Column, Entity, Model},
    },
    resources::find_resources,
    rollups::impressions::Tally,
    users::{find_erasures, find_users},
};
use docent_database::{error::Result, sql, time::to_micros, writer::WriteTransaction};

/// The key of a row: answer, resource, hash of the user.
type Key = (String, i64, i64);

fn key_of(row: &Model) -> Key {
    (row.recommendation_id.clone(), row.resource_id, row.user_hash)
}

/// Impression with the row ids of its resource and user.
struct Shown<'a> {
    impression: &'a Impression,
    resource: i64,
    user_id: Option<i64>,
    user_hash: i64,
}

impl Store {
    /// Writes impressions, in one transaction: one row for each answer and user, with the list of
    /// the resources. An impression that has feedback already completes the row of the feedback. An
    /// impression that was written before stays as it is. Impressions of unknown resources are left
    /// out. Users are not created: the impression of an unknown user is kept by hash, and that of a
    /// user who was erased since it was shown by nothing at all.
    ///
    /// Returns the number of impressions written.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn put_impressions(&self, impressions: &[Impression]) -> Result<u64> {
        let transaction = self.begin().await?;
        let ids: BTreeSet<&str> = impressions.iter().map(|of| of.recommendation_id.as_str()).collect();
        answers::lock(&transaction, &ids).await?;
        let shown = resolved(&transaction, impressions).await?;
        let before = rows_of(&transaction, &ids).await?;
        let lists = answers::find(&transaction, &ids).await?;
        let mut known: HashSet<(&str, i64, i64)> = HashSet::new();
        for (answer, items) in &lists {
            let id = answer.recommendation_id.as_str();
            known.extend(items.iter().map(|item| (id, item.resource, answer.user_hash)));
        }
        let with_feedback: HashSet<(&str, i64)> =
            before.iter().map(|row| (row.recommendation_id.as_str(), row.resource_id)).collect();
        let (mut early, mut listed) = (Vec::new(), Vec::new());
        for one in shown {
            let id = one.impression.recommendation_id.as_str();
            if !known.insert((id, one.resource, one.user_hash)) {
                continue;
            }
            if with_feedback.contains(&(id, one.resource)) {
                early.push((key(&one), row(&one)));
            } else {
                listed.push(one);
            }
        }
        let mut tally = Tally::default();
        let written = complete(&transaction, early, before, &mut tally).await?
            + list(&transaction, &listed, lists, &mut tally).await?;
        tally.write(&transaction).await?;
        transaction.commit().await?;
        Ok(written)
    }
}

/// Returns the impressions of known resources.
async fn resolved<'a>(
    transaction: &impl ConnectionTrait,
    impressions: &'a [Impression],
) -> Result<Vec<Shown<'a>>> {
    let resources: HashSet<&str> = impressions.iter().map(|i| i.resource_id.as_str()).collect();
    let resources = find_resources(transaction, &Vec::from_iter(resources), true).await?;
    let users: HashSet<&str> = impressions.iter().map(|i| i.user_id.as_str()).collect();
    let users = Vec::from_iter(users);
    let hashes: HashMap<&str, i64> = users.iter().map(|user| (*user, hash_of_user(user))).collect();
    let users = find_users(transaction, &users, keep_users(transaction)).await?;
    let erasures = find_erasures(transaction, &hashes.values().copied().collect::<Vec<_>>()).await?;
    let shown = impressions.iter().filter_map(|impression| {
        let resource = *resources.get(impression.resource_id.as_str())?;
        let user = impression.user_id.as_str();
        let hash = *hashes.get(user)?;
        let shown_at = to_micros(impression.shown_at);
        let is_erased = erasures.get(&hash).is_some_and(|erased_at| shown_at <= *erased_at);
        let user_id = users.get(user).copied().filter(|_| !is_erased);
        Some(Shown { impression, resource, user_id, user_hash: if is_erased { 0 } else { hash } })
    });
    Ok(shown.collect())
}

/// Adds impressions to the lists of their answers, which are created where absent. Returns their
/// number.
async fn list(
    transaction: &impl ConnectionTrait,
    shown: &[Shown<'_>],
    stored: Vec<(answer::Model, Vec<Item>)>,
    tally: &mut Tally,
) -> Result<u64> {
    let mut places: HashMap<(&str, i64), usize> = HashMap::new();
    let mut added: Vec<(answer::Model, Vec<Item>)> = Vec::new();
    for one in shown {
        let id = one.impression.recommendation_id.as_str();
        let place = *places.entry((id, one.user_hash)).or_insert_with(|| {
            added.push((answer(one), Vec::new()));
            added.len() - 1
        });
        if let Some((_, items)) = added.get_mut(place) {
            items.push(Item {
                resource: one.resource,
                rank: i64::from(one.impression.rank),
                score: one.impression.score,
                novelty: one.impression.novelty,
            });
        }
    }
    added.iter().for_each(|(answer, items)| tally.listed(answer, items));
    for (answer, mut items) in stored {
        let Some(place) = places.get(&(answer.recommendation_id.as_str(), answer.user_hash)) else {
            continue;
        };
        if let Some((_, more)) = added.get_mut(*place) {
            items.append(more);
            answers::update(transaction, answer.id, &items).await?;
        }
    }
    added.retain(|(_, items)| !items.is_empty());
    answers::insert(transaction, &added).await?;
    Ok(shown.len() as u64)
}

/// Returns the row of the answer that an impression is part of, without its list.
fn answer(one: &Shown<'_>) -> answer::Model {
    let impression = one.impression;
    let variant = impression.variant.as_ref();
    answer::Model {
        id: 0,
        recommendation_id: impression.recommendation_id.clone(),
        user_id: one.user_id,
        user_hash: one.user_hash,
        strategy: impression.strategy.as_str().to_owned(),
        model_version: impression.model_version.clone(),
        diversity: impression.diversity,
        experiment: variant.map(|of| of.experiment.clone()),
        variant: variant.map(|of| of.variant.clone()),
        shown_at: to_micros(impression.shown_at),
        kept_share: impression.kept_share,
        items: Vec::new(),
    }
}

/// Completes the rows of feedback that came before its impression. Returns the number of
/// impressions written.
async fn complete(
    transaction: &WriteTransaction,
    rows: Vec<(Key, ActiveModel)>,
    before: Vec<Model>,
    tally: &mut Tally,
) -> Result<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    adopt(transaction, &rows, &before).await?;
    let shown: HashSet<Key> = before.iter().filter(|row| row.shown_at.is_some()).map(key_of).collect();
    let (keys, rows): (Vec<Key>, Vec<ActiveModel>) =
        rows.into_iter().filter(|(key, _)| !shown.contains(key)).unzip();
    let written = insert(transaction, rows).await?;
    let ids: BTreeSet<&str> = keys.iter().map(|(id, ..)| id.as_str()).collect();
    let written_keys: HashSet<&Key> = keys.iter().collect();
    let after = rows_of(transaction, &ids).await?;
    after.iter().filter(|row| written_keys.contains(&key_of(row))).for_each(|row| tally.shown(row));
    Ok(written)
}

fn key(one: &Shown<'_>) -> Key {
    (one.impression.recommendation_id.clone(), one.resource, one.user_hash)
}

/// Returns the row of an impression.
fn row(one: &Shown<'_>) -> ActiveModel {
    let impression = one.impression;
    let variant = impression.variant.as_ref();
    ActiveModel {
        recommendation_id: Set(impression.recommendation_id.clone()),
        user_id: Set(one.user_id),
        user_hash: Set(one.user_hash),
        resource_id: Set(one.resource),
        strategy: Set(Some(impression.strategy.as_str().to_owned())),
        score: Set(Some(impression.score)),
        rank: Set(Some(i64::from(impression.rank))),
        model_version: Set(impression.model_version.clone()),
        novelty: Set(impression.novelty),
        diversity: Set(impression.diversity),
        experiment: Set(variant.map(|of| of.experiment.clone())),
        variant: Set(variant.map(|of| of.variant.clone())),
        shown_at: Set(Some(to_micros(impression.shown_at))),
        kept_share: Set(Some(impression.kept_share)),
        ..Default::default()
    }
}

/// Returns the stored rows of some answers, of every user.
async fn rows_of(transaction: &impl ConnectionTrait, answers: &BTreeSet<&str>) -> Result<Vec<Model>> {
    let backend = transaction.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let name = if backend == DbBackend::Postgres { "k.value #>> '{}'" } else { "k.value" };
    let query = format!(
        "SELECT {} FROM {rows} {join} recommendation_feedback f ON f.recommendation_id = {name} ORDER BY f.id",
        sql::columns::<Entity>("f.")
    );
    sql::select(transaction, query, [sql::json(answers)?.into()]).await
}

/// Gives feedback that arrived before its impression, and named no user, to the user of the
/// impression, in whose next answer it counts.
async fn adopt(transaction: &WriteTransaction, rows: &[(Key, ActiveModel)], before: &[Model]) -> Result<()> {
    let owners: HashMap<(&str, i64), i64> =
        rows.iter().map(|((answer, resource, owner), _)| ((answer.as_str(), *resource), *owner)).collect();
    let there: HashSet<Key> = before.iter().map(key_of).collect();
    let mut changed = Changed::default();
    for row in before.iter().filter(|row| row.user_hash == 0 && row.shown_at.is_none()) {
        let Some(owner) = owners.get(&(row.recommendation_id.as_str(), row.resource_id)) else { continue };
        if there.contains(&(row.recommendation_id.clone(), row.resource_id, *owner)) {
            continue;
        }
        let query = "UPDATE recommendation_feedback SET user_hash = $1 WHERE id = $2";
        sql::execute(transaction, query, [(*owner).into(), row.id.into()]).await?;
        changed.users.insert(*owner);
    }
    // Impressions of an erased user have no owner.
    changed.users.remove(&0);
    docent_changes::write(transaction, &changed).await
}

async fn insert(transaction: &impl ConnectionTrait, rows: Vec<ActiveModel>) -> Result<u64> {
    let shown = [
        Column::UserId,
        Column::Strategy,
        Column::Score,
        Column::Rank,
        Column::ModelVersion,
        Column::Novelty,
        Column::Diversity,
        Column::Experiment,
        Column::Variant,
        Column::ShownAt,
        Column::KeptShare,
    ];
    let complete = OnConflict::columns([Column::RecommendationId, Column::ResourceId, Column::UserHash])
        .update_columns(shown)
        .action_and_where(sea_orm::sea_query::Expr::cust("recommendation_feedback.shown_at IS NULL"))
        .to_owned();
    sql::insert_rows(transaction, rows, Some(complete)).await
}
