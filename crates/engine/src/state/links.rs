//! The graph of the state: links of the catalogue, and edges that training added.

use docent_domain::{Link, ResourceId};
use docent_graph::{Direction, Edge, Graph, GraphBuilder, GraphError, GraphParts};

use super::State;
use crate::Error;

impl State {
    /// Rebuilds the graph from all links of the catalogue and the edges of the model. Leaves out
    /// links for which the graph has no room.
    pub(crate) fn rebuild_graph(&mut self, links: Vec<(u32, Vec<Link>)>) -> Result<(), Error> {
        // Frees the former graph before the new one is built.
        self.graph = Graph::from_edges(0, Vec::new(), [])?;
        self.pending_links = super::PendingLinks::default();
        let mut builder = GraphBuilder::new(self.catalogue.len() as u32);
        for parts in self.learned_edges() {
            self.add_learned(parts, &mut builder)?;
        }
        let mut left_out: Option<(u32, GraphError)> = None;
        for (from, links) in links {
            for link in links {
                let weight = link.weight as f32;
                match self.catalogue.key(link.target.as_str()) {
                    Some(to) => {
                        if let Err(error) = builder.link(from, to, &link.kind, weight) {
                            left_out.get_or_insert((from, error));
                        }
                    }
                    None => self.pending_links.add(from, link.target, (link.kind, weight)),
                }
            }
        }
        if let Some((from, error)) = left_out {
            let first = self.catalogue.get(from).map(|entry| entry.id.as_str());
            tracing::warn!(first, %error, "cannot add all links of some resources");
        }
        self.graph = builder.build()?;
        self.resample();
        Ok(())
    }

    /// Returns the edges that training added, between item rows.
    fn learned_edges(&self) -> impl Iterator<Item = &GraphParts> {
        self.live.iter().flat_map(|live| [&live.model.co_interaction, &live.model.similar])
    }

    fn add_learned(&self, parts: &GraphParts, builder: &mut GraphBuilder) -> Result<(), Error> {
        let kinds = parts.kinds.iter().map(|name| builder.kind(name)).collect::<Result<Vec<u8>, _>>()?;
        for (row, bounds) in (0u32..).zip(parts.offsets.windows(2)) {
            let [start, end] = bounds else { continue };
            let range = *start as usize..*end as usize;
            let targets = parts.targets.get(range.clone()).unwrap_or(&[]);
            let weights = parts.weights.get(range.clone()).unwrap_or(&[]);
            let edge_kinds = parts.edge_kinds.get(range).unwrap_or(&[]);
            let edges = targets.iter().zip(weights).zip(edge_kinds);
            builder.extend(edges.filter_map(|((&target, &weight), &kind)| {
                let kind = *kinds.get(usize::from(kind))?;
                let (from, to) = (self.key_of_row(row)?, self.key_of_row(target)?);
                Some(Edge { from, to, kind, weight })
            }));
        }
        Ok(())
    }

    /// Returns true if training added this edge: a change of the resource's own links does not
    /// remove it.
    fn is_learned(&self, from: u32, to: u32, kind: &str) -> bool {
        let Some((from, to)) = self.row(from).zip(self.row(to)) else { return false };
        self.learned_edges().any(|parts| holds(parts, from, to, kind))
    }

    /// Replaces the outgoing links of one resource, and adds the pending links to it.
    ///
    /// # Errors
    /// The error of the first link that the graph has no room for; the others are added.
    pub(crate) fn replace_links(&mut self, from: u32, links: &[Link]) -> Result<(), GraphError> {
        let old: Vec<(u32, u8)> = self
            .graph
            .links(from)
            .filter(|(_, link)| link.direction == Direction::Outgoing)
            .filter(|&(to, link)| !self.is_learned(from, to, link.kind))
            .filter_map(|(to, link)| Some((to, self.graph.kind_number(link.kind)?)))
            .collect();
        for (to, kind) in old {
            self.graph.remove_edge(from, to, kind);
        }
        self.pending_links.remove_source(from);
        let mut joined = Ok(());
        for link in links {
            let weight = link.weight as f32;
            match self.catalogue.key(link.target.as_str()) {
                Some(to) => joined = joined.and(self.link(from, to, &link.kind, weight)),
                None => self.pending_links.add(from, link.target.clone(), (link.kind.clone(), weight)),
            }
        }
        let arrived: Option<ResourceId> = self.catalogue.get(from).map(|entry| entry.id.clone());
        for (source, links) in arrived.map(|id| self.pending_links.take_target(&id)).unwrap_or_default() {
            for (kind, weight) in links {
                joined = joined.and(self.link(source, from, &kind, weight));
            }
        }
        joined
    }

    fn link(&mut self, from: u32, to: u32, kind: &str, weight: f32) -> Result<(), GraphError> {
        if from != to {
            let kind = self.graph.intern_kind(kind)?;
            self.graph.add_edge(Edge { from, to, kind, weight })?;
        }
        Ok(())
    }
}

/// Returns true if a graph has an edge of this kind from one row to another. The targets of a row
/// ascend, so the search is binary.
fn holds(parts: &GraphParts, from: u32, to: u32, kind: &str) -> bool {
    let bounds = (parts.offsets.get(from as usize), parts.offsets.get(from as usize + 1));
    let (Some(&start), Some(&end)) = bounds else { return false };
    let row = parts.targets.get(start as usize..end as usize).unwrap_or(&[]);
    let first = start as usize + row.partition_point(|&target| target < to);
    (first..end as usize)
        .take_while(|&edge| parts.targets.get(edge) == Some(&to))
        .filter_map(|edge| parts.kinds.get(usize::from(*parts.edge_kinds.get(edge)?)))
        .any(|name| name == kind)
}
