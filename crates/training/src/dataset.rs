//! The interactions of a store as a training run reads them: likes under dense indices.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent_domain::{Resource, ResourceId, Standing, USEFUL_STRENGTH, UserId, scattered};
use docent_storage::{Store, TextColumn, TrainingVerdict, Verdict};
use rustc_hash::FxHashMap;

use crate::{
    MIN_POSITIVES, Signal, TrainError, TrainEvent, TrainObserver,
    signal::{self, Neutral},
    weak::Weak,
};

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
    /// Users with likes, and after them those with other interactions alone.
    pub users: Vec<UserId>,
    /// Number of users with likes.
    pub n_likers: usize,
    /// By user, oldest first; those without a time before the others. Equal times are in an order
    /// that follows neither rows nor the catalogue.
    pub likes: Vec<Like>,
    /// Type of interaction that stands in for missing positives.
    pub signal: Option<Signal>,
    /// Interactions that are neither positive nor negative.
    pub weak: Weak,
}

/// Interactions as they were read, with their users.
struct Interactions {
    users: Vec<UserId>,
    n_likers: usize,
    likes: Vec<Like>,
    signal: Option<Signal>,
    weak: Weak,
    /// Number of interactions by type.
    counts: BTreeMap<String, u64>,
}

impl Dataset {
    /// Reads a store.
    ///
    /// # Errors
    /// [`TrainError::InsufficientData`] if there are fewer than [`MIN_POSITIVES`] positives, and as
    /// few interactions of every type.
    pub(crate) async fn read(store: &Store, observer: &mut dyn TrainObserver) -> Result<Self, TrainError> {
        let items = read_items(store).await?;
        let by_row: FxHashMap<i64, u32> = items.iter().map(|item| item.row_id).zip(0u32..).collect();
        let Interactions { users, n_likers, likes, signal, weak, counts } =
            read_interactions(store, &by_row, observer).await?;
        if likes.len() < MIN_POSITIVES {
            return Err(TrainError::InsufficientData { positives: likes.len(), interactions: counts });
        }
        if let Some(signal) = &signal {
            let _ = observer.on_event(&TrainEvent::Signal(signal.clone()));
        }
        Ok(Self { items, users, n_likers, likes, signal, weak })
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &ResourceId> {
        self.items.iter().map(|item| &item.resource.id)
    }

    /// Returns the number of users of a model of `events`: those with likes, unless it sees others.
    pub(crate) fn n_users(&self, events: &[Like]) -> usize {
        let sees_others = events.iter().any(|event| event.user as usize >= self.n_likers);
        if sees_others { self.users.len() } else { self.n_likers }
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

/// An interaction that speaks for a resource, or against it.
struct Spoken {
    user: u32,
    item: u32,
    strength: f32,
    is_positive: bool,
    at: Option<DateTime<Utc>>,
}

impl Spoken {
    fn of(&self) -> (u32, u32) {
        (self.user, self.item)
    }
}

/// One user and one resource over all types of interaction.
#[derive(Default)]
struct Pair {
    /// Largest strength of the positives.
    strength: f32,
    /// Time of the newest positive; `None` if there is none.
    positive: Option<Option<DateTime<Utc>>>,
    /// Time of the newest negative interaction; `None` if there is none.
    negative: Option<Option<DateTime<Utc>>>,
    /// True if the user found it not useful since.
    not_useful: bool,
}

impl Pair {
    fn new(spoken: &[Spoken], verdict: Option<&Verdict>) -> Self {
        let mut pair = Self::default();
        for one in spoken {
            if one.is_positive {
                pair.strength = pair.strength.max(one.strength);
                pair.positive = pair.positive.max(Some(one.at));
            } else {
                pair.negative = pair.negative.max(Some(one.at));
            }
        }
        if let Some(verdict) = verdict {
            pair.apply(verdict);
        }
        pair
    }

    /// Applies a verdict: a useful resource is liked; one that was not useful is not learned from,
    /// unless the user interacted with it since. A click alone says nothing: it follows the place
    /// in the list.
    fn apply(&mut self, verdict: &Verdict) {
        if !verdict.was_useful {
            self.not_useful = self.positive.flatten() <= Some(verdict.at);
        } else if self.positive.is_none() && self.negative.is_none() {
            self.strength = USEFUL_STRENGTH as f32;
            self.positive = Some(Some(verdict.at));
        }
    }

    fn like(&self, (user, item): (u32, u32)) -> Option<Like> {
        let is_liked = Standing::newest(self.positive, self.negative) == Standing::Positive;
        let like = Like { user, item, strength: self.strength, at: self.positive.flatten() };
        (is_liked && !self.not_useful).then_some(like)
    }
}

/// Newest verdicts of users on resources.
type Verdicts = FxHashMap<(u32, u32), Verdict>;

/// Returns what users like by what they said, which is by user and resource, and by verdicts.
fn likes(spoken: &[Spoken], verdicts: &Verdicts) -> Vec<Like> {
    let said = spoken.chunk_by(|a, b| a.of() == b.of()).filter_map(|of_pair| {
        let of = of_pair.first()?.of();
        Pair::new(of_pair, verdicts.get(&of)).like(of)
    });
    let judged_alone = verdicts.iter().filter(|(of, _)| !has_said(spoken, **of));
    let judged = judged_alone.filter_map(|(&of, verdict)| Pair::new(&[], Some(verdict)).like(of));
    said.chain(judged).collect()
}

/// Returns true if a user said something of a resource. `spoken` is by user and resource.
fn has_said(spoken: &[Spoken], of: (u32, u32)) -> bool {
    spoken.binary_search_by_key(&of, Spoken::of).is_ok()
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

async fn read_interactions(
    store: &Store,
    items: &FxHashMap<i64, u32>,
    observer: &mut dyn TrainObserver,
) -> Result<Interactions, TrainError> {
    let mut users: Vec<UserId> = Vec::new();
    let mut by_row: FxHashMap<i64, u32> = FxHashMap::default();
    let total = store.interaction_totals().await?.count;
    let mut spoken: Vec<Spoken> = Vec::with_capacity(usize::try_from(total).unwrap_or_default());
    let mut neutral = Neutral::default();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let (mut after, mut read) = (0, 0);
    loop {
        let page = store.interactions_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.row_id;
        read += page.len() as u64;
        for row in page {
            let Some(&item) = items.get(&row.resource_row) else { continue };
            *counts.entry(row.interaction_type.as_str().to_owned()).or_default() += 1;
            let user = *by_row.entry(row.user_row).or_insert_with(|| {
                users.push(row.user_id.clone());
                users.len() as u32 - 1
            });
            let strength = row.strength.value() as f32;
            if !row.is_positive && !row.is_negative {
                let like = Like { user, item, strength, at: row.at };
                neutral.entry(row.interaction_type).or_default().add(like);
            }
            if row.is_negative {
                spoken.push(Spoken { user, item, strength, is_positive: false, at: row.at });
            }
            if row.is_positive {
                spoken.push(Spoken { user, item, strength, is_positive: true, at: row.positive_at });
            }
        }
        if observer.on_event(&TrainEvent::Read { interactions: read }).is_break() {
            return Err(TrainError::Interrupted);
        }
    }
    spoken.sort_unstable_by_key(Spoken::of);
    let mut verdicts = Verdicts::default();
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
        verdicts.insert((user, item), row.verdict);
    }
    for of_type in neutral.values_mut() {
        of_type.retain(|like| {
            let of = (like.user, like.item);
            !has_said(&spoken, of) && !verdicts.contains_key(&of)
        });
    }
    let positives = likes(&spoken, &verdicts);
    drop((spoken, verdicts, by_row));
    let (mut likes, signal) = signal::chosen(positives, &mut neutral, &counts);
    sort_by_time(&mut likes);
    let mut weak = Weak::of(neutral);
    let (users, n_likers) = numbered(users, &mut likes, &mut weak);
    Ok(Interactions { users, n_likers, likes, signal, weak, counts })
}

/// Numbers users again, in their order: first those with likes, then those with weak interactions
/// alone; users with neither are left out. Returns the users, and the number of those with likes.
fn numbered(users: Vec<UserId>, likes: &mut [Like], weak: &mut Weak) -> (Vec<UserId>, usize) {
    let mut order: Vec<u32> = likes.chunk_by(|a, b| a.user == b.user).filter_map(first_user).collect();
    let n_likers = order.len();
    let mut rows: Vec<Option<u32>> = vec![None; users.len()];
    for (row, user) in (0u32..).zip(&order) {
        if let Some(slot) = rows.get_mut(*user as usize) {
            *slot = Some(row);
        }
    }
    let mut others: Vec<u32> = weak.likes().map(|like| like.user).collect();
    others.sort_unstable();
    others.dedup();
    for user in others {
        if let Some(slot) = rows.get_mut(user as usize).filter(|slot| slot.is_none()) {
            *slot = Some(order.len() as u32);
            order.push(user);
        }
    }
    for like in likes.iter_mut().chain(weak.likes_mut()) {
        like.user = rows.get(like.user as usize).copied().flatten().unwrap_or_default();
    }
    let mut users: Vec<Option<UserId>> = users.into_iter().map(Some).collect();
    let ids = order.into_iter().filter_map(|user| users.get_mut(user as usize)?.take());
    (ids.collect(), n_likers)
}

fn first_user(likes: &[Like]) -> Option<u32> {
    likes.first().map(|like| like.user)
}

/// Orders likes by user, oldest first, as [`Dataset::likes`] are.
pub(crate) fn sort_by_time(likes: &mut [Like]) {
    likes.sort_unstable_by(|a, b| (a.user, a.at).cmp(&(b.user, b.at)).then_with(|| tie(a).cmp(&tie(b))));
}

fn tie(like: &Like) -> u64 {
    scattered(u64::from(like.user), u64::from(like.item), TIES_SEED)
}
