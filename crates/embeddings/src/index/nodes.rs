//! Vectors and levels of the nodes of a graph.

use std::sync::Arc;

use super::graph::UPPER_LINKS;

/// Highest level of a node.
const MAX_LEVEL: usize = 15;

/// Number of vectors in a block.
pub(super) const BLOCK: usize = 256;

/// Vectors by node number, in blocks that clones share: a change copies one block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nodes {
    dim: usize,
    len: usize,
    /// Each `[BLOCK, dim]`, but for the last, which is shorter.
    blocks: Vec<Arc<Vec<f32>>>,
}

impl Nodes {
    pub(super) fn new(dim: usize) -> Self {
        Self { dim, len: 0, blocks: Vec::new() }
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the vectors of each block, `[at most BLOCK, dim]`.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &[f32]> {
        self.blocks.iter().map(|block| block.as_slice())
    }

    #[inline]
    pub(super) fn get(&self, node: u32) -> &[f32] {
        let (block, start) = self.place(node);
        &self.blocks[block][start..start + self.dim]
    }

    /// Returns the vectors of some nodes.
    pub(super) fn of(&self, nodes: &[u32]) -> Vec<&[f32]> {
        nodes.iter().map(|&node| self.get(node)).collect()
    }

    pub(super) fn set(&mut self, node: u32, vector: &[f32]) {
        let (block, start) = self.place(node);
        Arc::make_mut(&mut self.blocks[block])[start..start + self.dim].copy_from_slice(vector);
    }

    pub(super) fn push(&mut self, vector: &[f32]) {
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::default());
        }
        if let Some(last) = self.blocks.last_mut() {
            Arc::make_mut(last).extend_from_slice(vector);
        }
        self.len += 1;
    }

    #[inline]
    fn place(&self, node: u32) -> (usize, usize) {
        (node as usize / BLOCK, node as usize % BLOCK * self.dim)
    }
}

/// Returns the highest level of a node: each level holds one in `UPPER_LINKS` of the nodes of the
/// one below. Drawn from the number of the node, so that the same vectors make the same graph.
pub(super) fn level_of(node: u32) -> usize {
    let uniform = ((scrambled(node) >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
    let level = -uniform.ln() / (UPPER_LINKS as f64).ln();
    (level as usize).min(MAX_LEVEL)
}

/// Returns a pseudo-random number for a node (SplitMix64).
pub(super) fn scrambled(node: u32) -> u64 {
    let mut x = (u64::from(node) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
