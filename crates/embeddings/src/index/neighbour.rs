use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Vector found by a search. Greater is better: a larger score, then a smaller id.
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

/// The best neighbours offered so far, at most `max_len`: a heap with the worst on top.
///
/// A search asks [`Best::wants`] before it calls a costly filter, which a selection afterwards
/// could not do.
#[derive(Debug)]
pub(super) struct Best {
    max_len: usize,
    heap: BinaryHeap<Reverse<Neighbour>>,
}

impl Best {
    pub(super) fn new(max_len: usize) -> Self {
        Self { max_len, heap: BinaryHeap::with_capacity(max_len.saturating_add(1)) }
    }

    /// Returns true when `neighbour` would be among the best.
    pub(super) fn wants(&self, neighbour: Neighbour) -> bool {
        self.heap.len() < self.max_len || self.heap.peek().is_some_and(|Reverse(worst)| neighbour > *worst)
    }

    /// Returns true when the heap is full and every neighbour in it is better than `neighbour`.
    pub(super) fn outdo(&self, neighbour: Neighbour) -> bool {
        self.heap.len() >= self.max_len && self.heap.peek().is_none_or(|Reverse(worst)| neighbour < *worst)
    }

    pub(super) fn push(&mut self, neighbour: Neighbour) {
        self.heap.push(Reverse(neighbour));
        if self.heap.len() > self.max_len {
            self.heap.pop();
        }
    }

    /// Returns the neighbours, best first.
    pub(super) fn into_sorted(self) -> Vec<Neighbour> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(neighbour)| neighbour).collect()
    }
}
