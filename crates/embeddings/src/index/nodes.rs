//! Vectors and levels of the nodes of a graph.

use super::graph::UPPER_LINKS;

/// Highest level of a node.
const MAX_LEVEL: usize = 15;

/// Vectors by node number, `[n_nodes, dim]`, row-major.
#[derive(Clone, Copy)]
pub(super) struct Nodes<'a> {
    pub vectors: &'a [f32],
    pub dim: usize,
}

impl<'a> Nodes<'a> {
    pub(super) fn get(self, node: u32) -> &'a [f32] {
        let start = node as usize * self.dim;
        &self.vectors[start..start + self.dim]
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
