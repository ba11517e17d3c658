use docent_domain::ResourceId;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalogue::Map;

/// Links whose target has not arrived yet. The cost of a change is proportional to the links that
/// it changes, not to all pending ones.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingLinks {
    by_target: Map<ResourceId, FxHashMap<u32, Vec<PendingLink>>>,
    targets: Map<u32, FxHashSet<ResourceId>>,
}

/// Kind and weight of a link.
pub(super) type PendingLink = (String, f32);

impl PendingLinks {
    pub(super) fn add(&mut self, source: u32, target: ResourceId, link: PendingLink) {
        self.targets.entry(source).or_default().insert(target.clone());
        self.by_target.entry(target).or_default().entry(source).or_default().push(link);
    }

    /// Removes the links of a source.
    pub(super) fn remove_source(&mut self, source: u32) {
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
    pub(super) fn take_target(&mut self, target: &ResourceId) -> FxHashMap<u32, Vec<PendingLink>> {
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
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{PendingLinks, ResourceId};

    #[test]
    fn nothing_is_left_of_links_that_are_no_longer_pending() {
        let [a, b]: [ResourceId; 2] = ["a", "b"].map(|id| id.parse().unwrap());
        let mut pending = PendingLinks::default();
        for (source, target, kind) in [(1, &a, "x"), (1, &a, "y"), (1, &b, "x"), (2, &a, "x"), (3, &b, "x")] {
            pending.add(source, target.clone(), (kind.into(), 1.0));
        }
        pending.remove_source(1);
        let found = pending.take_target(&a);
        assert_eq!((found.len(), found[&2].len()), (1, 1));
        assert!(pending.take_target(&a).is_empty());
        pending.remove_source(3);
        assert!(pending.by_target.is_empty() && pending.targets.is_empty());
    }
}
