//! The graph of the state: the catalogue's links, and what the model adds to them.

use docent_domain::{Link, ResourceId};
use docent_graph::{Direction, Edge, Graph, GraphBuilder, GraphError};

use super::State;
use crate::{Error, model::CO_INTERACTION_KIND};

impl State {
    /// Rebuilds the graph from all links of the catalogue and the model's co-interaction edges. Links for which the
    /// graph has no room are left out.
    pub(crate) fn rebuild_graph(&mut self, links: Vec<(u32, Vec<Link>)>) -> Result<(), Error> {
        // Freed before the new one is built.
        self.graph = Graph::from_edges(0, Vec::new(), [])?;
        self.waiting = super::WaitingLinks::default();
        let mut builder = GraphBuilder::new(self.catalogue.len() as u32);
        self.add_co_interaction(&mut builder)?;
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
                    None => self.waiting.add(from, link.target, (link.kind, weight)),
                }
            }
        }
        if let Some((from, error)) = left_out {
            let first = self.catalogue.get(from).map(|entry| entry.id.as_str());
            tracing::warn!(first, %error, "links of some resources are left out");
        }
        self.graph = builder.build()?;
        Ok(())
    }

    fn add_co_interaction(&self, builder: &mut GraphBuilder) -> Result<(), Error> {
        let Some(live) = &self.live else { return Ok(()) };
        let parts = &live.model.co_interaction;
        let kind = builder.kind(CO_INTERACTION_KIND)?;
        for (row, bounds) in (0u32..).zip(parts.offsets.windows(2)) {
            let [start, end] = bounds else { continue };
            let range = *start as usize..*end as usize;
            let targets = parts.targets.get(range.clone()).unwrap_or(&[]);
            let weights = parts.weights.get(range).unwrap_or(&[]);
            builder.extend(targets.iter().zip(weights).filter_map(|(&target, &weight)| {
                let (from, to) = (self.key_of_row(row)?, self.key_of_row(target)?);
                Some(Edge { from, to, kind, weight })
            }));
        }
        Ok(())
    }

    /// Replaces the outgoing links of one resource, and joins the links that waited for it.
    ///
    /// # Errors
    /// The first link that the graph has no room for; the others are joined all the same.
    pub(crate) fn replace_links(&mut self, from: u32, links: &[Link]) -> Result<(), GraphError> {
        let old: Vec<(u32, u8)> = self
            .graph
            .links(from)
            .filter(|(_, link)| link.direction == Direction::Outgoing && link.kind != CO_INTERACTION_KIND)
            .filter_map(|(to, link)| Some((to, self.graph.kind_number(link.kind)?)))
            .collect();
        for (to, kind) in old {
            self.graph.remove_edge(from, to, kind);
        }
        self.waiting.remove_source(from);
        let mut joined = Ok(());
        for link in links {
            let weight = link.weight as f32;
            match self.catalogue.key(link.target.as_str()) {
                Some(to) => joined = joined.and(self.link(from, to, &link.kind, weight)),
                None => self.waiting.add(from, link.target.clone(), (link.kind.clone(), weight)),
            }
        }
        let arrived: Option<ResourceId> = self.catalogue.get(from).map(|entry| entry.id.clone());
        for (source, links) in arrived.map(|id| self.waiting.take_target(&id)).unwrap_or_default() {
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
