//! Links between two nodes, which explain why they are near.

use crate::adjacency::Neighbour;
use crate::graph::Graph;

/// Direction of an edge, seen from the first of two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The edge runs from the first node to the second, as from a paper to one that it cites.
    Outgoing,
    /// The edge runs from the second node to the first.
    Incoming,
}

/// Edge between two nodes, seen from the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link<'g> {
    /// Name of the kind of edge.
    pub kind: &'g str,
    /// Direction of the edge.
    pub direction: Direction,
    /// Weight of the edge, positive and finite.
    pub weight: f32,
}

impl Graph {
    /// Returns all edges between `a` and `b`: those from `a` first, each direction by number of
    /// kind. Empty when `a` or `b` is not a node.
    pub fn links_between(&self, a: u32, b: u32) -> impl Iterator<Item = Link<'_>> {
        let outgoing = self.outgoing(a).to(b).map(|end| self.link(Direction::Outgoing, end));
        outgoing.chain(self.incoming(a).to(b).map(|end| self.link(Direction::Incoming, end)))
    }

    /// Returns all edges of `node` with the node at their other end: those that start here first,
    /// each direction by node and kind.
    pub fn links(&self, node: u32) -> impl Iterator<Item = (u32, Link<'_>)> {
        let outgoing = self.outgoing(node).iter().map(|end| (end.node, self.link(Direction::Outgoing, end)));
        outgoing.chain(self.incoming(node).iter().map(|end| (end.node, self.link(Direction::Incoming, end))))
    }

    fn link(&self, direction: Direction, end: Neighbour) -> Link<'_> {
        let kind = self.kinds().get(usize::from(end.kind)).map_or("", String::as_str);
        Link { kind, direction, weight: end.weight }
    }
}
