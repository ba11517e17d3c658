//! Why two nodes are near: the links between them.

use crate::adjacency::Neighbour;
use crate::graph::Graph;

/// Which way an edge runs, seen from the node that was asked about first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first node to the second, as a paper to one that it cites.
    Outgoing,
    /// From the second node to the first.
    Incoming,
}

/// One edge between two nodes, seen from the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link<'g> {
    /// Name of the kind of edge.
    pub kind: &'g str,
    /// Which way it runs.
    pub direction: Direction,
    /// How strong it is.
    pub weight: f32,
}

impl Graph {
    /// All edges between `a` and `b`, those from `a` first, each way by number of kind. None where either is no node.
    pub fn links_between(&self, a: u32, b: u32) -> impl Iterator<Item = Link<'_>> {
        let outgoing = self.outgoing(a).to(b).map(|end| self.link(Direction::Outgoing, end));
        outgoing.chain(self.incoming(a).to(b).map(|end| self.link(Direction::Incoming, end)))
    }

    /// All edges of `node` with the node at their other end; those that start here first, each way by node and kind.
    pub fn links(&self, node: u32) -> impl Iterator<Item = (u32, Link<'_>)> {
        let outgoing = self.outgoing(node).iter().map(|end| (end.node, self.link(Direction::Outgoing, end)));
        outgoing.chain(self.incoming(node).iter().map(|end| (end.node, self.link(Direction::Incoming, end))))
    }

    fn link(&self, direction: Direction, end: Neighbour) -> Link<'_> {
        let kind = self.kinds().get(usize::from(end.kind)).map_or("", String::as_str);
        Link { kind, direction, weight: end.weight }
    }
}
