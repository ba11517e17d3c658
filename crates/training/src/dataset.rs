//! The interactions of a store as a training run reads them: likes under dense indices.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use docent_domain::{Resource, ResourceId, USEFUL_STRENGTH, UserId, scattered};
use docent_storage::{Store, TextColumn, TrainingVerdict, Verdict};
use rustc_hash::FxHashMap;

use crate::{TrainError, TrainEvent, TrainObserver};

const PAGE: u64 = 10_000;
const TIES_SEED: u64 = 42;

/// A resource that a user likes, under dense indices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Like {
    pub user: u32,
    pub item: u32,
    pub strength: f32,
    /// Time of the newest positive, where it is known.
    pub at: Option<DateTime<Utc>>,
}

/// A resource of the catalogue, in the order of its row.
pub(crate) struct Item {
    pub row_id: i64,
    pub resource: Resource,
    pub text_hash: String,
}

/// Everything that a run learns from.
pub(crate) struct Dataset {
    pub items: Vec<Item>,
    pub users: Vec<UserId>,
    /// By user, oldest first; those without a time before the others. Equal times are in an order
    /// that follows neither rows nor the catalogue.
    pub likes: Vec<Like>,
}

impl Dataset {
    pub(crate) async fn read(store: &Store, observer: &mut dyn TrainObserver) -> Result<Self, TrainError> {
        let items = read_items(store).await?;
        let by_row: FxHashMap<i64, u32> = items.iter().map(|item| item.row_id).zip(0u32..).collect();
        let (users, likes) = read_likes(store, &by_row, observer).await?;
        Ok(Self { items, users, likes })
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &ResourceId> {
        self.items.iter().map(|item| &item.resource.id)
    }

    pub(crate) fn watermark(&self) -> Option<DateTime<Utc>> {
        self.likes.iter().filter_map(|like| like.at).max()
    }
}

async fn read_items(store: &Store) -> Result<Vec<Item>, TrainError> {
    let mut items = Vec::new();
    let mut after = 0;
    loop {
        let page = store.resources_after(after, PAGE, TextColumn::Load).await?;
        let Some(last) = page.last() else { return Ok(items) };
        after = last.row_id;
        items.extend(page.into_iter().map(|stored| Item {
            row_id: stored.row_id,
            resource: stored.resource,
            text_hash: stored.text_hash,
        }));
    }
}

/// One user and one resource over all types of interaction.
struct Pair {
    strength: f32,
    at: Option<DateTime<Utc>>,
    liked: bool,
    rejected: bool,
}

type Pairs = HashMap<(u32, u32), Pair, rustc_hash::FxBuildHasher>;

/// Applies a verdict: a useful resource is liked; one that was not useful is not learned from,
/// unless the user interacted with it since. A click alone says nothing: it follows the place in
/// the list.
fn apply_verdict(pairs: &mut Pairs, of: (u32, u32), verdict: &Verdict) {
    let fresh = Pair { strength: 0.0, at: Some(verdict.at), liked: false, rejected: false };
    if verdict.was_useful {
        let pair = pairs.entry(of).or_insert(fresh);
        if !pair.liked {
            pair.liked = true;
            pair.strength = USEFUL_STRENGTH as f32;
            pair.at = Some(verdict.at);
        }
    } else if let Some(pair) = pairs.get_mut(&of) {
        pair.rejected |= pair.at <= Some(verdict.at);
    }
}

/// Reads the newest verdict of each user on each resource, with its dense index, by row.
async fn newest_verdicts(
    store: &Store,
    items: &FxHashMap<i64, u32>,
) -> Result<Vec<(u32, TrainingVerdict)>, TrainError> {
    let mut newest: FxHashMap<(i64, u32), TrainingVerdict> = FxHashMap::default();
    let mut after = 0;
    loop {
        let page = store.verdicts_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.row_id;
        for row in page {
            let Some(&item) = items.get(&row.verdict.resource_row) else { continue };
            let of = (row.user_row, item);
            if newest.get(&of).is_none_or(|held| held.verdict.at <= row.verdict.at) {
                newest.insert(of, row);
            }
        }
    }
    let mut verdicts: Vec<(u32, TrainingVerdict)> =
        newest.into_iter().map(|((_, item), row)| (item, row)).collect();
    verdicts.sort_unstable_by_key(|(_, row)| row.row_id);
    Ok(verdicts)
}

async fn read_likes(
    store: &Store,
    items: &FxHashMap<i64, u32>,
    observer: &mut dyn TrainObserver,
) -> Result<(Vec<UserId>, Vec<Like>), TrainError> {
    let mut users: Vec<UserId> = Vec::new();
    let mut by_row: FxHashMap<i64, u32> = FxHashMap::default();
    let mut pairs = Pairs::default();
    let (mut after, mut read) = (0, 0);
    loop {
        let page = store.interactions_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.row_id;
        read += page.len() as u64;
        for row in page {
            let Some(&item) = items.get(&row.resource_row) else { continue };
            if !row.is_positive && !row.is_negative {
                continue;
            }
            let user = *by_row.entry(row.user_row).or_insert_with(|| {
                users.push(row.user_id.clone());
                users.len() as u32 - 1
            });
            let fresh = Pair { strength: 0.0, at: row.at, liked: false, rejected: false };
            let pair = pairs.entry((user, item)).or_insert(fresh);
            pair.rejected |= row.is_negative;
            if row.is_positive {
                pair.liked = true;
                pair.strength = pair.strength.max(row.strength.value() as f32);
                pair.at = pair.at.max(row.at);
            }
        }
        if observer.on_event(&TrainEvent::Read { interactions: read }).is_break() {
            return Err(TrainError::Interrupted);
        }
    }
    for (item, row) in newest_verdicts(store, items).await? {
        let known = by_row.get(&row.user_row).copied();
        let user = match known {
            Some(user) => user,
            // A verdict of not useful teaches nothing on its own.
            None if !row.verdict.was_useful => continue,
            None => {
                users.push(row.user_id.clone());
                by_row.insert(row.user_row, users.len() as u32 - 1);
                users.len() as u32 - 1
            }
        };
        apply_verdict(&mut pairs, (user, item), &row.verdict);
    }
    let mut likes: Vec<Like> = pairs
        .into_iter()
        .filter(|(_, pair)| pair.liked && !pair.rejected)
        .map(|((user, item), pair)| Like { user, item, strength: pair.strength, at: pair.at })
        .collect();
    sort_by_time(&mut likes);
    Ok((users, likes))
}

/// Orders likes by user, oldest first, as [`Dataset::likes`] are.
pub(crate) fn sort_by_time(likes: &mut [Like]) {
    likes.sort_by_cached_key(|like| {
        (like.user, like.at, scattered(u64::from(like.user), u64::from(like.item), TIES_SEED))
    });
}
