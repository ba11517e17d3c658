//! Builds, changes, reads and saves graphs.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use docent_graph::{Direction, Edge, Graph, GraphBuilder, GraphError, GraphParts, Link, PprConfig, kinds};
use proptest::prelude::*;

fn edge(from: u32, to: u32, kind: u8, weight: f32) -> Edge {
    Edge { from, to, kind, weight }
}

fn names() -> Vec<String> {
    vec![kinds::CITATION.to_owned(), kinds::CO_AUTHORSHIP.to_owned()]
}

fn graph(edges: &[Edge]) -> Graph {
    Graph::from_edges(6, names(), edges.iter().copied()).unwrap()
}

#[test]
fn of_duplicates_the_heaviest_stays_and_self_loops_are_dropped() {
    let graph = graph(&[
        edge(1, 2, 0, 0.3),
        edge(1, 2, 0, 0.9),
        edge(1, 2, 1, 0.1),
        edge(3, 3, 0, 1.0),
        edge(1, 2, 0, 0.5),
    ]);
    assert_eq!(graph.edges().collect::<Vec<_>>(), [edge(1, 2, 0, 0.9), edge(1, 2, 1, 0.1)]);
    assert_eq!(
        (graph.n_edges(), graph.n_nodes(), graph.degree(1), graph.degree(2), graph.degree(99)),
        (2, 6, 2, 2, 0)
    );
}

#[test]
fn edges_that_do_not_fit_are_refused() {
    let refused = |edge| Graph::from_edges(6, names(), [edge]).unwrap_err();
    for weight in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(matches!(refused(edge(0, 1, 0, weight)), GraphError::InvalidWeight { from: 0, to: 1, .. }));
    }
    assert!(matches!(refused(edge(0, 6, 0, 1.0)), GraphError::NodeOutOfRange { to: 6, n_nodes: 6, .. }));
    assert!(matches!(refused(edge(0, 1, 2, 1.0)), GraphError::UnknownKind { kind: 2, n_kinds: 2, .. }));
    let mut graph = graph(&[]);
    assert!(matches!(graph.add_edge(edge(0, u32::MAX, 0, 1.0)), Err(GraphError::NodeTooLarge(u32::MAX))));
    assert!(matches!(graph.add_edge(edge(0, 1, 0, 0.0)), Err(GraphError::InvalidWeight { .. })));
    assert!(matches!(graph.add_edge(edge(0, 1, 7, 1.0)), Err(GraphError::UnknownKind { .. })));
    assert_eq!((graph.n_nodes(), graph.n_edges()), (6, 0));
}

#[test]
fn kinds_are_numbered_as_they_are_named_and_end_at_256() {
    let mut builder = GraphBuilder::new(2);
    for number in 0..256 {
        builder.link(0, 1, &format!("kind {number}"), 1.0).unwrap();
    }
    assert_eq!(builder.kind("kind 255"), Ok(255));
    assert!(matches!(builder.kind("one more"), Err(GraphError::TooManyKinds { .. })));
    assert!(matches!(builder.kind(""), Err(GraphError::InvalidKindName { .. })));
    let graph = builder.build().unwrap();
    assert_eq!(
        (graph.n_edges(), graph.kind_number("kind 9"), graph.kind_number("none")),
        (256, Some(9), None)
    );
    let twice = Graph::from_edges(1, vec!["a".into(), "a".into()], []);
    assert!(matches!(twice, Err(GraphError::InvalidKindName { .. })));
}

#[test]
fn links_between_two_nodes_say_kind_direction_and_weight() {
    let graph = graph(&[edge(1, 2, 0, 0.5), edge(1, 2, 1, 0.25), edge(2, 1, 0, 1.0), edge(1, 3, 0, 1.0)]);
    let link = |kind, direction, weight| Link { kind, direction, weight };
    let from_one = [
        link("citation", Direction::Outgoing, 0.5),
        link("co_authorship", Direction::Outgoing, 0.25),
        link("citation", Direction::Incoming, 1.0),
    ];
    assert_eq!(graph.links_between(1, 2).collect::<Vec<_>>(), from_one);
    assert_eq!(graph.links_between(3, 1).collect::<Vec<_>>(), [link("citation", Direction::Incoming, 1.0)]);
    assert_eq!(graph.links_between(2, 3).count() + graph.links_between(9, 1).count(), 0);
    let ends: Vec<(u32, Direction)> = graph.links(1).map(|(node, link)| (node, link.direction)).collect();
    use Direction::{Incoming, Outgoing};
    assert_eq!(ends, [(2, Outgoing), (2, Outgoing), (3, Outgoing), (2, Incoming)]);
}

#[test]
fn a_new_edge_counts_at_once_and_makes_room_for_new_nodes() {
    let mut graph = graph(&[edge(0, 1, 0, 1.0)]);
    let before = graph.clone();
    let own = graph.intern_kind("shelved together").unwrap();
    assert_eq!(graph.add_edge(edge(40, 1, own, 1.0)), Ok(true));
    assert_eq!(graph.add_edge(edge(40, 1, own, 0.5)), Ok(false));
    assert_eq!(graph.n_nodes(), 41);
    let near = graph.personalised_pagerank(&[(0, 1.0)], &PprConfig::default()).unwrap();
    assert_eq!(near.iter().map(|entry| entry.0).collect::<Vec<_>>(), [1, 40]);
    assert_eq!(graph.links_between(1, 40).map(|link| link.weight).collect::<Vec<_>>(), [1.0]);
    assert_eq!((before.n_nodes(), before.n_edges()), (6, 1), "a clone made earlier stays as it was");
}

#[test]
fn a_removed_node_has_no_links_and_can_be_linked_again() {
    let mut graph = graph(&[edge(0, 1, 0, 1.0), edge(1, 2, 0, 1.0), edge(2, 1, 1, 1.0), edge(0, 2, 0, 1.0)]);
    assert_eq!(graph.remove_node(1), 3);
    assert_eq!((graph.remove_node(1), graph.remove_node(77)), (0, 0));
    assert_eq!((graph.degree(1), graph.n_nodes()), (0, 6));
    assert_eq!(graph.edges().collect::<Vec<_>>(), [edge(0, 2, 0, 1.0)]);
    graph.add_edge(edge(2, 1, 0, 0.5)).unwrap();
    assert_eq!(graph.edges().collect::<Vec<_>>(), [edge(0, 2, 0, 1.0), edge(2, 1, 0, 0.5)]);
}

#[derive(Debug, Clone)]
enum Change {
    Add(Edge),
    Remove(u32, u32, u8),
    RemoveNode(u32),
}

fn change() -> impl Strategy<Value = Change> {
    let weight = (1u32..10).prop_map(|weight| weight as f32);
    prop_oneof![
        6 => (0u32..9, 0u32..9, 0u8..2, weight).prop_map(|(from, to, kind, weight)| Change::Add(edge(from, to, kind, weight))),
        2 => (0u32..9, 0u32..9, 0u8..2).prop_map(|(from, to, kind)| Change::Remove(from, to, kind)),
        1 => (0u32..9).prop_map(Change::RemoveNode),
    ]
}

proptest! {
    #[test]
    fn a_changed_graph_equals_one_rebuilt_from_the_same_edges(
        start in prop::collection::vec((0u32..6, 0u32..6, 0u8..2, 1u32..10), 0..25),
        changes in prop::collection::vec(change(), 0..25),
    ) {
        let start: Vec<Edge> = start.into_iter().map(|(from, to, kind, weight)| edge(from, to, kind, weight as f32)).collect();
        let mut changed = graph(&start);
        let mut model: BTreeMap<(u32, u32, u8), f32> = BTreeMap::new();
        let put = |model: &mut BTreeMap<_, f32>, e: &Edge| {
            if e.from != e.to {
                let weight = model.entry((e.from, e.to, e.kind)).or_insert(e.weight);
                *weight = weight.max(e.weight);
            }
        };
        start.iter().for_each(|edge| put(&mut model, edge));
        let mut n_nodes = 6;
        for change in changes {
            match change {
                Change::Add(edge) => {
                    let is_new = edge.from != edge.to && !model.contains_key(&(edge.from, edge.to, edge.kind));
                    prop_assert_eq!(changed.add_edge(edge).unwrap(), is_new);
                    put(&mut model, &edge);
                    if edge.from != edge.to {
                        n_nodes = n_nodes.max(edge.from.max(edge.to) + 1);
                    }
                }
                Change::Remove(from, to, kind) => {
                    prop_assert_eq!(changed.remove_edge(from, to, kind), model.remove(&(from, to, kind)).is_some());
                }
                Change::RemoveNode(node) => {
                    let before = model.len();
                    model.retain(|&(from, to, _), _| from != node && to != node);
                    prop_assert_eq!(changed.remove_node(node), before - model.len());
                }
            }
        }
        let edges = model.iter().map(|(&(from, to, kind), &weight)| edge(from, to, kind, weight));
        let rebuilt = Graph::from_edges(n_nodes, names(), edges).unwrap();
        prop_assert_eq!(changed.n_edges(), rebuilt.n_edges());
        prop_assert_eq!(changed.to_parts(), rebuilt.to_parts());
        let config = PprConfig::default();
        for node in 0..n_nodes {
            prop_assert!(changed.links(node).eq(rebuilt.links(node)));
            prop_assert_eq!(
                changed.personalised_pagerank(&[(node, 1.0)], &config),
                rebuilt.personalised_pagerank(&[(node, 1.0)], &config)
            );
        }
        let loaded = Graph::from_parts(changed.to_parts()).unwrap();
        prop_assert_eq!(loaded.to_parts(), changed.to_parts());
        prop_assert!((0..n_nodes).all(|node| loaded.links(node).eq(changed.links(node))));
    }
}

#[test]
fn damaged_parts_are_refused_with_what_is_wrong() {
    let parts = graph(&[edge(0, 1, 0, 0.5), edge(0, 2, 1, 0.5), edge(4, 2, 1, 0.5)]).to_parts();
    assert_eq!(parts.offsets, [0, 2, 2, 2, 2, 3, 3]);
    type Damage = fn(&mut GraphParts);
    let cases: [(Damage, &str); 12] = [
        (|parts| parts.weights.truncate(1), "3 kinds and 1 weights"),
        (|parts| parts.offsets.clear(), "offsets do not run"),
        (|parts| parts.offsets.truncate(4), "offsets do not run"),
        (|parts| parts.offsets[1] = u64::MAX, "offset after node 1"),
        (|parts| parts.offsets[2] = 1, "offset after node 1"),
        (|parts| parts.targets[1] = 6, "to 6 of 6"),
        (|parts| parts.targets[2] = 4, "from node 4 to 4"),
        (|parts| parts.edge_kinds[0] = 2, "unnamed kind 2"),
        (|parts| parts.weights[1] = f32::NAN, "weight NaN"),
        (|parts| parts.targets.swap(0, 1), "out of order"),
        (|parts| parts.kinds.truncate(1), "unnamed kind 1"),
        (|parts| parts.kinds[1] = "citation".to_owned(), "must be unique"),
    ];
    for (damage, expected) in cases {
        let mut damaged = parts.clone();
        damage(&mut damaged);
        let message = Graph::from_parts(damaged).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_graph_without_nodes_can_be_saved_asked_and_grown() {
    let mut empty = Graph::from_parts(Graph::from_edges(0, names(), []).unwrap().to_parts()).unwrap();
    assert!(empty.personalised_pagerank(&[(0, 1.0)], &PprConfig::default()).unwrap().is_empty());
    assert_eq!(empty.add_edge(edge(0, 1, 0, 1.0)), Ok(true));
    assert_eq!(empty.edges().count(), 1);
}
