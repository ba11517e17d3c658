//! The catalogue in memory: the facts of every resource, under dense keys.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use docent_chunks::ChunkedVec;
use docent_domain::{Resource, ResourceId};
use docent_ranker::{Attribute, AttributeValue, Facts, Postings, flatten};
use docent_storage::ResourceTotal;
use imbl::{GenericHashMap, shared_ptr::DefaultSharedPtr};
use rustc_hash::{FxBuildHasher, FxHashSet};

/// Map whose clones share what neither of them changes.
pub(crate) type Map<K, V> = GenericHashMap<K, V, FxBuildHasher, DefaultSharedPtr>;

/// Facts of a resource that ranking and filters use. Its text stays in the store.
#[derive(Debug)]
pub(crate) struct Entry {
    pub id: ResourceId,
    pub title: String,
    pub authors: Box<[Arc<str>]>,
    pub subjects: Box<[Arc<str>]>,
    pub source: Option<Arc<str>>,
    pub language: Option<Arc<str>>,
    pub attributes: Box<[Attribute]>,
    pub published_at: Option<DateTime<Utc>>,
    pub quality: Option<f64>,
    /// True if the resource is hidden or deleted.
    pub hidden: bool,
    /// Hash of the text. A vector with another hash is outdated.
    pub text_hash: String,
    /// Shared with the entries that replace this one, so that no count is lost between them.
    totals: Arc<Totals>,
}

/// Sums over the interactions with a resource, as [`ResourceTotal`] has them.
#[derive(Debug, Default)]
struct Totals {
    interactions: AtomicI64,
    events: AtomicI64,
    positive_users: AtomicI64,
    accepting_users: AtomicI64,
}

impl Entry {
    pub(crate) fn new(resource: &Resource, text_hash: String, hidden: bool) -> Self {
        Self {
            id: resource.id.clone(),
            title: resource.title.clone(),
            authors: resource.authors.iter().map(|author| Arc::from(author.as_str())).collect(),
            subjects: resource.subjects.iter().map(|subject| Arc::from(subject.as_str())).collect(),
            source: resource.source.as_deref().map(Arc::from),
            language: resource.language.as_deref().map(Arc::from),
            attributes: flatten(&resource.attributes),
            published_at: resource.published_at,
            quality: resource.quality,
            hidden,
            text_hash,
            totals: Arc::default(),
        }
    }

    /// Returns the number of events: each of them implies a view.
    pub(crate) fn views(&self) -> u64 {
        self.totals.events.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    /// Returns the sums over the interactions with the resource.
    pub(crate) fn total(&self) -> ResourceTotal {
        let Totals { interactions, events, positive_users, accepting_users } = &*self.totals;
        ResourceTotal {
            interactions: interactions.load(Ordering::Relaxed),
            events: events.load(Ordering::Relaxed),
            positive_users: positive_users.load(Ordering::Relaxed),
            accepting_users: accepting_users.load(Ordering::Relaxed),
        }
    }

    /// Adds to the sums.
    pub(crate) fn add(&self, change: ResourceTotal) {
        let Totals { interactions, events, positive_users, accepting_users } = &*self.totals;
        for (sum, change) in [
            (interactions, change.interactions),
            (events, change.events),
            (positive_users, change.positive_users),
            (accepting_users, change.accepting_users),
        ] {
            sum.fetch_add(change, Ordering::Relaxed);
        }
    }

    pub(crate) fn facts(&self, key: u32) -> Facts<'_> {
        Facts {
            key,
            hidden: self.hidden,
            id: self.id.as_str(),
            subjects: &self.subjects,
            authors: &self.authors,
            source: self.source.as_deref(),
            language: self.language.as_deref(),
            published_at: self.published_at,
            quality: self.quality,
            attributes: &self.attributes,
        }
    }

    /// Replaces the entry's own texts by equal ones that other entries hold.
    fn share(&mut self, texts: &mut SharedTexts) {
        let own = self.authors.iter_mut().chain(&mut self.subjects).chain(&mut self.source);
        own.chain(&mut self.language).for_each(|text| texts.share(text));
        for attribute in &mut self.attributes {
            texts.share(&mut attribute.path);
            if let AttributeValue::Text(text) = &mut attribute.value {
                texts.share(text);
            }
        }
    }
}

/// Interned texts of entries: most authors, subjects, sources and attributes occur in many of them.
#[derive(Debug, Default)]
struct SharedTexts {
    texts: FxHashSet<Arc<str>>,
    /// Number of texts after unused ones were last removed.
    swept: usize,
}

impl SharedTexts {
    fn share(&mut self, text: &mut Arc<str>) {
        match self.texts.get(text) {
            Some(known) => *text = Arc::clone(known),
            None => {
                if self.texts.len() > 2 * self.swept + 1_000 {
                    self.texts.retain(|text| Arc::strong_count(text) > 1);
                    self.swept = self.texts.len();
                }
                self.texts.insert(Arc::clone(text));
            }
        }
    }
}

#[cfg(test)]
thread_local! {
    /// Number of entries that this thread has read.
    pub(crate) static READS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// All resources under dense keys, which stay valid while the process lives: resources are added
/// and replaced, never renumbered. A clone costs little: it shares what a change does not touch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalogue {
    entries: ChunkedVec<Arc<Entry>>,
    keys: Map<ResourceId, u32>,
    /// Keys by row id of the store.
    rows: Map<i64, u32>,
    /// Row ids of the store by key.
    row_ids: ChunkedVec<i64>,
    postings: Postings,
    texts: Arc<Mutex<SharedTexts>>,
}

impl Catalogue {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn key(&self, id: &str) -> Option<u32> {
        self.keys.get(id).copied()
    }

    pub(crate) fn get(&self, key: u32) -> Option<&Entry> {
        #[cfg(test)]
        READS.set(READS.get() + 1);
        self.entries.get(key as usize).map(Arc::as_ref)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0u32..).zip(self.entries.iter().map(Arc::as_ref))
    }

    /// Returns all resources that can be recommended.
    pub(crate) fn visible(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.iter().filter(|(_, entry)| !entry.hidden)
    }

    /// Returns the key of a resource that is visible, and published by a time if one is given.
    pub(crate) fn shown_key(&self, id: &ResourceId, published_by: Option<DateTime<Utc>>) -> Option<u32> {
        let key = self.key(id.as_str()).filter(|key| self.is_visible(*key))?;
        let published_at = self.get(key)?.published_at;
        let is_shown = published_by.zip(published_at).is_none_or(|(by, at)| at <= by);
        is_shown.then_some(key)
    }

    /// Returns true if a resource exists and can be recommended.
    pub(crate) fn is_visible(&self, key: u32) -> bool {
        self.get(key).is_some_and(|entry| !entry.hidden)
    }

    /// Returns the key of a resource by its row id in the store.
    pub(crate) fn key_of_row_id(&self, row_id: i64) -> Option<u32> {
        self.rows.get(&row_id).copied()
    }

    /// Returns the row id of a resource in the store.
    pub(crate) fn row_id(&self, key: u32) -> Option<i64> {
        self.row_ids.get(key as usize).copied()
    }

    /// Adds or replaces a resource, keeps its sums, and returns its key.
    pub(crate) fn put(&mut self, row_id: i64, mut entry: Entry) -> u32 {
        entry.share(&mut self.texts.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(&key) = self.keys.get(&entry.id)
            && let Some(known) = self.entries.get_mut(key as usize)
        {
            entry.totals = Arc::clone(&known.totals);
            self.postings.remove(&known.facts(key));
            self.postings.insert(&entry.facts(key));
            *known = Arc::new(entry);
            return key;
        }
        let key = self.entries.len() as u32;
        self.keys.insert(entry.id.clone(), key);
        self.rows.insert(row_id, key);
        self.row_ids.push(row_id);
        self.postings.insert(&entry.facts(key));
        self.entries.push(Arc::new(entry));
        key
    }

    /// Returns the resources by the values of their fields.
    pub(crate) fn postings(&self) -> &Postings {
        &self.postings
    }

    /// Shares the entry of another catalogue with the same keys, so that both count the same views.
    pub(crate) fn share_entry(&mut self, key: u32, of: &Self) {
        if let (Some(own), Some(theirs)) = (self.entries.get_mut(key as usize), of.entries.get(key as usize))
        {
            *own = Arc::clone(theirs);
        }
    }

    /// Returns all keys, the newest arrival first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = u32> {
        (0..self.entries.len() as u32).rev()
    }
}
