use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A vector found by a search. Greater is better: a larger score, then a smaller id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbour {
    pub score: f32,
    pub id: u32,
}

impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.id.cmp(&self.id))
    }
}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Neighbour {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Neighbour {}

/// The best so many of those that were offered.
#[derive(Debug)]
pub(super) struct Best {
    most: usize,
    heap: BinaryHeap<Reverse<Neighbour>>,
}

impl Best {
    pub(super) fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::with_capacity(most.saturating_add(1)) }
    }

    /// Whether `neighbour` would be among the best.
    pub(super) fn wants(&self, neighbour: Neighbour) -> bool {
        self.heap.len() < self.most || self.heap.peek().is_some_and(|Reverse(worst)| neighbour > *worst)
    }

    /// Whether there are as many as may be, all of them better than `neighbour`.
    pub(super) fn outdo(&self, neighbour: Neighbour) -> bool {
        self.heap.len() >= self.most && self.heap.peek().is_none_or(|Reverse(worst)| neighbour < *worst)
    }

    pub(super) fn push(&mut self, neighbour: Neighbour) {
        self.heap.push(Reverse(neighbour));
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }

    /// Best first.
    pub(super) fn into_sorted(self) -> Vec<Neighbour> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(neighbour)| neighbour).collect()
    }
}
