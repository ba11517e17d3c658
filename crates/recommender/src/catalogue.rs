use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};
use docent_domain::{Resource, ResourceId};
use docent_ranker::Facts;
use rustc_hash::FxHashMap;

/// What ranking needs to know of a resource. Its text stays in the store.
#[derive(Debug)]
pub(crate) struct Entry {
    pub id: ResourceId,
    pub title: String,
    pub authors: Vec<String>,
    pub subjects: Vec<String>,
    pub source: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    pub quality: Option<f64>,
    /// Hidden or deleted.
    pub hidden: bool,
    /// Of the text that was embedded; tells whether a vector is still that of the text.
    pub text_hash: String,
    interactions: AtomicU64,
}

impl Entry {
    pub(crate) fn new(resource: &Resource, text_hash: String, hidden: bool) -> Self {
        Self {
            id: resource.id.clone(),
            title: resource.title.clone(),
            authors: resource.authors.clone(),
            subjects: resource.subjects.clone(),
            source: resource.source.clone(),
            published_at: resource.published_at,
            quality: resource.quality,
            hidden,
            text_hash,
            interactions: AtomicU64::new(0),
        }
    }

    /// How often people interacted with it: each interaction implies a look.
    pub(crate) fn views(&self) -> u64 {
        self.interactions.load(Ordering::Relaxed)
    }

    pub(crate) fn add_views(&self, count: u64) {
        self.interactions.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn facts(&self, key: u32) -> Facts<'_> {
        Facts { key, hidden: self.hidden, source: self.source.as_deref(), quality: self.quality }
    }
}

/// All resources in memory, under dense keys that stay valid while the process lives: resources are added and replaced,
/// never renumbered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalogue {
    /// Shared between the forks of a catalogue, so that counting is never lost when one takes another's place.
    entries: Vec<Arc<Entry>>,
    keys: FxHashMap<ResourceId, u32>,
    /// By the store's row id.
    rows: FxHashMap<i64, u32>,
}

impl Catalogue {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn key(&self, id: &str) -> Option<u32> {
        self.keys.get(id).copied()
    }

    pub(crate) fn get(&self, key: u32) -> Option<&Entry> {
        self.entries.get(key as usize).map(Arc::as_ref)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0u32..).zip(self.entries.iter().map(Arc::as_ref))
    }

    /// The key of a resource by the store's row id.
    pub(crate) fn key_of_row_id(&self, row_id: i64) -> Option<u32> {
        self.rows.get(&row_id).copied()
    }

    /// Adds or replaces a resource; its count of interactions is kept. Returns its key.
    pub(crate) fn put(&mut self, row_id: i64, entry: Entry) -> u32 {
        if let Some(&key) = self.keys.get(&entry.id)
            && let Some(known) = self.entries.get_mut(key as usize)
        {
            entry.add_views(known.views());
            *known = Arc::new(entry);
            return key;
        }
        let key = self.entries.len() as u32;
        self.keys.insert(entry.id.clone(), key);
        self.rows.insert(row_id, key);
        self.entries.push(Arc::new(entry));
        key
    }

    /// Keys of the newest arrivals, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = u32> {
        (0..self.entries.len() as u32).rev()
    }
}
