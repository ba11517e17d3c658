use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};
use docent_domain::{Resource, ResourceId};
use docent_ranker::{Attribute, AttributeValue, Facts};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::attributes::flatten;

/// What ranking and filters need to know of a resource. Its text stays in the store.
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
    /// Hidden or deleted.
    pub hidden: bool,
    /// Of the text that was embedded; tells whether a vector is still that of the text.
    pub text_hash: String,
    interactions: AtomicU64,
}

impl Entry {
    pub(crate) fn new(resource: &Resource, text_hash: String, hidden: bool) -> Self {
        let shared = |texts: &[String]| texts.iter().map(|text| Arc::from(text.as_str())).collect();
        Self {
            id: resource.id.clone(),
            title: resource.title.clone(),
            authors: shared(&resource.authors),
            subjects: shared(&resource.subjects),
            source: resource.source.as_deref().map(Arc::from),
            language: resource.language.as_deref().map(Arc::from),
            attributes: flatten(&resource.attributes),
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

    /// Puts texts that other entries hold too in the place of its own.
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

/// Texts that entries hold: names of authors, subjects, sources and attributes recur in most of them.
#[derive(Debug, Clone, Default)]
struct SharedTexts {
    texts: FxHashSet<Arc<str>>,
    /// How many there were when those that nobody holds were last dropped.
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

/// All resources in memory, under dense keys that stay valid while the process lives: resources are added and replaced,
/// never renumbered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalogue {
    /// Shared between the forks of a catalogue, so that counting is never lost when one takes another's place.
    entries: Vec<Arc<Entry>>,
    keys: FxHashMap<ResourceId, u32>,
    /// By the store's row id.
    rows: FxHashMap<i64, u32>,
    /// The store's row id, by key.
    row_ids: Vec<i64>,
    texts: SharedTexts,
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

    /// The store's row id of a resource.
    pub(crate) fn row_id(&self, key: u32) -> Option<i64> {
        self.row_ids.get(key as usize).copied()
    }

    /// Adds or replaces a resource; its count of interactions is kept. Returns its key.
    pub(crate) fn put(&mut self, row_id: i64, mut entry: Entry) -> u32 {
        entry.share(&mut self.texts);
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
        self.row_ids.push(row_id);
        self.entries.push(Arc::new(entry));
        key
    }

    /// Takes the entry of another catalogue with the same keys, so that what is counted there is counted here.
    pub(crate) fn share_entry(&mut self, key: u32, of: &Self) {
        if let (Some(own), Some(theirs)) = (self.entries.get_mut(key as usize), of.entries.get(key as usize))
        {
            *own = Arc::clone(theirs);
        }
    }

    /// Keys of the newest arrivals, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = u32> {
        (0..self.entries.len() as u32).rev()
    }
}
