use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use docent::{
    ResourceId,
    storage::{Store, TextColumn},
};
use rustc_hash::FxHashSet;

/// Number of resources that are read at a time.
const PAGE: u64 = 5_000;

/// Ids by their hashes, which take less memory than the ids.
#[derive(Debug, Clone, Default)]
pub struct Ids(FxHashSet<u64>);

impl Ids {
    pub fn insert(&mut self, id: &str) -> bool {
        self.0.insert(hash(id))
    }

    pub fn contains(&self, id: &str) -> bool {
        self.0.contains(&hash(id))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

fn hash(id: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(id)
}

/// Reads the ids of the resources of the store.
pub async fn read(store: &Store) -> anyhow::Result<Ids> {
    let mut ids = Ids::default();
    let mut after = 0;
    loop {
        let page = store.resources_after(after, PAGE, TextColumn::Skip).await?;
        let Some(last) = page.last() else { return Ok(ids) };
        after = last.row_id;
        for resource in page.iter().filter(|resource| !resource.deleted) {
            let id: &ResourceId = &resource.resource.id;
            ids.insert(id.as_str());
        }
    }
}
