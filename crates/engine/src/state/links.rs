//! The graph of the state: links of the catalogue, and edges that training added.

use docent_domain::Link;
use docent_graph::{Direction, Edge, GraphBuilder, GraphError, GraphParts};

use super::{Map, State};
use crate::Error;

/// Tells links of the catalogue from edges that training added.
#[derive(Debug, Clone, Default)]
pub(super) struct Learned {
    /// Kinds of the edges that training added.
    kinds: Vec<String>,
    /// Links of the catalogue that are of such a kind, `(from, to, number of the kind)`.
    own: Map<(u32, u32, u8), Own>,
}

/// A link of the catalogue of a kind that training adds too.
#[derive(Debug, Clone, Copy)]
struct Own {
    weight: f32,
    /// True if training added the same edge: a change of the resource's links does not remove it.
    is_learned: bool,
}

impl Learned {
    fn has_kind(&self, name: &str) -> bool {
        self.kinds.iter().any(|kind| kind == name)
    }

    /// Returns true if an edge is a link of the catalogue, whether or not training added it too.
    fn is_own(&self, from: u32, to: u32, kind: u8, name: &str) -> bool {
        !self.has_kind(name) || self.own.contains_key(&(from, to, kind))
    }
}

impl State {
    /// Builds the graph of the links of the catalogue and of the edges that training added, between
    /// item rows, in place of those of an earlier training. Links for which the graph has no room
    /// wait for the next time.
    pub(crate) fn rebuild_graph(&mut self, learned: &[GraphParts]) -> Result<(), Error> {
        let mut builder = GraphBuilder::new(self.catalogue.len() as u32);
        let numbered = |parts: &GraphParts| parts.kinds.iter().map(|name| builder.kind(name)).collect();
        let numbers: Vec<Vec<u8>> = learned.iter().map(numbered).collect::<Result<_, _>>()?;
        let kinds: Vec<String> = learned.iter().flat_map(|parts| parts.kinds.iter().cloned()).collect();
        let (mut own, mut left_out) = (Map::default(), Vec::new());
        for Edge { from, to, kind, weight } in self.graph.edges() {
            let Some(name) = self.graph.kinds().get(usize::from(kind)) else { continue };
            let weight = match self.learned.own.get(&(from, to, kind)) {
                Some(own) => own.weight,
                None if self.learned.has_kind(name) => continue,
                None => weight,
            };
            if let Err(error) = builder.link(from, to, name, weight) {
                left_out.push((from, to, (name.clone(), weight), error));
            } else if kinds.contains(name) {
                let rows = self.row(from).zip(self.row(to));
                let is_learned =
                    rows.is_some_and(|(from, to)| learned.iter().any(|parts| parts.holds(from, to, name)));
                own.insert((from, to, builder.kind(name)?), Own { weight, is_learned });
            }
        }
        let edges = learned.iter().zip(&numbers).flat_map(|(parts, numbers)| {
            parts.edges().filter_map(|Edge { from, to, kind, weight }| {
                let kind = *numbers.get(usize::from(kind))?;
                Some(Edge { from: self.key_of_row(from)?, to: self.key_of_row(to)?, kind, weight })
            })
        });
        self.graph = builder.build_with(edges)?;
        self.learned = Learned { kinds, own };
        for (from, to, link, error) in left_out {
            let Some(target) = self.catalogue.get(to).map(|entry| entry.id.clone()) else { continue };
            tracing::warn!(kind = link.0, target = target.as_str(), %error, "cannot add a link");
            self.pending_links.add(from, target, link);
        }
        let known = self.pending_links.targets().filter_map(|target| self.catalogue.key(target.as_str()));
        for to in known.collect::<Vec<u32>>() {
            // What finds no room goes on waiting, and was reported when it began to.
            let _no_room = self.link_pending(to);
        }
        self.resample();
        Ok(())
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
            .filter_map(|(to, link)| Some((to, self.graph.kind_number(link.kind)?, link.kind)))
            .filter(|&(to, kind, name)| self.learned.is_own(from, to, kind, name))
            .map(|(to, kind, _)| (to, kind))
            .collect();
        for (to, kind) in old {
            let own = self.learned.own.remove(&(from, to, kind));
            if own.is_none_or(|own| !own.is_learned) {
                self.graph.remove_edge(from, to, kind);
            }
        }
        self.pending_links.remove_source(from);
        let mut joined = Ok(());
        for link in links {
            let weight = link.weight as f32;
            let linked = self.catalogue.key(link.target.as_str());
            let linked = linked.map(|to| self.link(from, to, &link.kind, weight));
            // A link for which there is no room waits, as one without a target does.
            if !matches!(linked, Some(Ok(()))) {
                self.pending_links.add(from, link.target.clone(), (link.kind.clone(), weight));
            }
            joined = joined.and(linked.unwrap_or(Ok(())));
        }
        joined.and(self.link_pending(from))
    }

    /// Adds the pending links to a resource.
    ///
    /// # Errors
    /// The error of the first link that the graph has no room for, which goes on waiting.
    fn link_pending(&mut self, to: u32) -> Result<(), GraphError> {
        let Some(target) = self.catalogue.get(to).map(|entry| entry.id.clone()) else { return Ok(()) };
        let mut joined = Ok(());
        for (source, links) in self.pending_links.take_target(&target) {
            for (kind, weight) in links {
                let linked = self.link(source, to, &kind, weight);
                if linked.is_err() {
                    self.pending_links.add(source, target.clone(), (kind, weight));
                }
                joined = joined.and(linked);
            }
        }
        joined
    }

    fn link(&mut self, from: u32, to: u32, name: &str, weight: f32) -> Result<(), GraphError> {
        if from == to {
            return Ok(());
        }
        let kind = self.graph.intern_kind(name)?;
        let is_new = self.graph.add_edge(Edge { from, to, kind, weight })?;
        if self.learned.has_kind(name) {
            let own = self.learned.own.entry((from, to, kind));
            let own = own.or_insert(Own { weight, is_learned: !is_new });
            own.weight = own.weight.max(weight);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use docent_domain::{Resource, ResourceId};

    use super::*;
    use crate::catalogue::Entry;

    fn id(n: usize) -> ResourceId {
        ResourceId::new(format!("resource-{n}")).unwrap()
    }

    fn link(to: usize, kind: &str) -> Link {
        Link { target: id(to), kind: kind.into(), weight: 0.5 }
    }

    /// A state of three resources, which the model knows in the same order.
    fn state() -> State {
        let mut state = State::new().unwrap();
        for n in 0..3 {
            let entry = Entry::new(&Resource::new(id(n), "Title"), String::new(), false);
            assert_eq!(state.catalogue.put(n as i64, entry), n as u32);
        }
        state.keys = (0..3).map(Some).collect();
        state.index_rows();
        state
    }

    #[test]
    fn a_link_without_room_waits_until_there_is_some() {
        let mut state = state();
        let kinds: Vec<Link> = (0..256).map(|n| link(2, &format!("kind-{n}"))).collect();
        state.replace_links(0, &kinds).unwrap();
        assert!(state.replace_links(1, &[link(2, "late")]).is_err());
        state.rebuild_graph(&[]).unwrap();
        assert_eq!(state.graph.degree(1), 0);
        state.replace_links(0, &kinds[..200]).unwrap();
        state.rebuild_graph(&[]).unwrap();
        assert_eq!((state.graph.degree(0), state.graph.degree(1)), (200, 1));
    }

    #[test]
    fn own_links_of_a_learned_kind_come_and_go_and_learned_edges_stay() {
        let mut state = state();
        let learned = [Edge { from: 0, to: 1, kind: 0, weight: 1.0 }];
        let parts = docent_graph::Graph::from_edges(3, vec!["learned".into()], learned).unwrap().to_parts();
        for (links, expected) in
            [(vec![link(1, "learned"), link(2, "learned"), link(2, "own")], 3), (vec![], 1)]
        {
            state.replace_links(0, &links).unwrap();
            state.rebuild_graph(std::slice::from_ref(&parts)).unwrap();
            assert_eq!(state.graph.n_edges(), expected);
        }
        state.replace_links(0, &[link(1, "learned"), link(2, "learned")]).unwrap();
        state.replace_links(0, &[link(2, "own")]).unwrap();
        state.rebuild_graph(&[]).unwrap();
        assert_eq!(state.graph.edges().map(|edge| edge.to).collect::<Vec<_>>(), [2]);
    }
}
