//! Links to what is not a node yet.

use std::hash::Hash;

use imbl::{GenericHashMap, shared_ptr::DefaultSharedPtr};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

type Map<K, V> = GenericHashMap<K, V, FxBuildHasher, DefaultSharedPtr>;

/// Links whose target, known by an id `T`, is not a node yet. The cost of a change is proportional
/// to the links that it changes, not to all pending ones; a clone costs little.
#[derive(Debug, Clone)]
pub struct PendingLinks<T> {
    by_target: Map<T, FxHashMap<u32, Vec<PendingLink>>>,
    targets: Map<u32, FxHashSet<T>>,
}

/// Kind and weight of a link.
pub type PendingLink = (String, f32);

impl<T> Default for PendingLinks<T> {
    fn default() -> Self {
        Self { by_target: Map::default(), targets: Map::default() }
    }
}

impl<T: Hash + Eq + Clone> PendingLinks<T> {
    /// Adds a link from a node.
    pub fn add(&mut self, source: u32, target: T, link: PendingLink) {
        self.targets.entry(source).or_default().insert(target.clone());
        self.by_target.entry(target).or_default().entry(source).or_default().push(link);
    }

    /// Returns the targets.
    pub fn targets(&self) -> impl Iterator<Item = &T> {
        self.by_target.keys()
    }

    /// Removes the links of a source.
    pub fn remove_source(&mut self, source: u32) {
        for target in self.targets.remove(&source).unwrap_or_default() {
            if let Some(sources) = self.by_target.get_mut(&target) {
                sources.remove(&source);
                if sources.is_empty() {
                    self.by_target.remove(&target);
                }
            }
        }
    }

    /// Removes and returns the links to a target, by source.
    pub fn take_target(&mut self, target: &T) -> FxHashMap<u32, Vec<PendingLink>> {
        let sources = self.by_target.remove(target).unwrap_or_default();
        for source in sources.keys() {
            if let Some(targets) = self.targets.get_mut(source) {
                targets.remove(target);
                if targets.is_empty() {
                    self.targets.remove(source);
                }
            }
        }
        sources
    }
}

#[cfg(test)]
mod tests {
    use super::PendingLinks;

    #[test]
    fn nothing_is_left_of_links_that_are_no_longer_pending() {
        let [a, b] = ["a", "b"];
        let mut pending = PendingLinks::default();
        for (source, target, kind) in [(1, a, "x"), (1, a, "y"), (1, b, "x"), (2, a, "x"), (3, b, "x")] {
            pending.add(source, target, (kind.into(), 1.0));
        }
        pending.remove_source(1);
        let found = pending.take_target(&a);
        assert_eq!((found.len(), found[&2].len()), (1, 1));
        assert!(pending.take_target(&a).is_empty());
        pending.remove_source(3);
        assert!(pending.by_target.is_empty() && pending.targets.is_empty());
    }
}
