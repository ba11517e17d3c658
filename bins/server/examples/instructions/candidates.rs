//! A user folded into a blend, its best candidates, and a walk over the graph.

use std::hint::black_box;

use docent_als::{AlsConfig, AlsModel};
use docent_domain::Event;
use docent_graph::{Edge, Graph, PprConfig, kinds};
use docent_linalg::SparseRows;
use docent_models::{AlsRecommender, Blend, CollaborativeModel, ItemItemRecommender, Member, ModelKind};

use crate::Numbers;

const ITEMS: u32 = 4_000;
const DIM: usize = 64;
const NEIGHBOURS: usize = 100;
const EDGES: usize = 40_000;
const HISTORY: usize = 50;
const CANDIDATES: usize = 200;
/// Of the walk, so that its default may change without another baseline.
const EPSILON: f64 = 1e-4;

pub fn run(rounds: usize) -> usize {
    let mut numbers = Numbers(1);
    let (blend, graph) = (blend(&mut numbers), graph(&mut numbers));
    let mut found = 0;
    for _ in 0..rounds {
        let history: Vec<Event> = (0..HISTORY).map(|_| Event::of(numbers.popular(ITEMS))).collect();
        found += candidates(&blend, &graph, &history);
    }
    found
}

/// Counted by `.ci/instructions`, with everything that it calls.
#[inline(never)]
fn candidates(blend: &Blend, graph: &Graph, history: &[Event]) -> usize {
    let user = blend.user(black_box(history)).unwrap();
    let best = user.candidates(CANDIDATES, &|item| !item.is_multiple_of(50)).unwrap();
    let seeds: Vec<(u32, f32)> = history.iter().map(|event| (event.item, 1.0)).collect();
    let walk = PprConfig { epsilon: EPSILON, ..PprConfig::default() };
    let near = graph.personalised_pagerank(&seeds, &walk).unwrap();
    black_box(best.len() + near.len())
}

fn blend(numbers: &mut Numbers) -> Blend {
    let factors = (0..ITEMS).flat_map(|_| numbers.direction(DIM)).collect();
    let config = AlsConfig { dim: DIM, regularization: Some(0.01), ..AlsConfig::default() };
    let als = AlsModel::from_factors(config, Vec::new(), factors).unwrap();
    let rows = SparseRows::of_rows(ITEMS as usize, 0, (0..ITEMS).map(|_| row(numbers)));
    let models: [(Box<dyn CollaborativeModel>, Option<f32>); 2] = [
        (Box::new(AlsRecommender::new(ModelKind::Als, als)), None),
        (Box::new(ItemItemRecommender::new(ModelKind::Rp3beta, rows)), Some(20.0)),
    ];
    Blend::of(models.map(|(model, tau)| Member { model, share: 0.5, tau }))
}

fn row(numbers: &mut Numbers) -> Vec<(u32, f32)> {
    let mut targets: Vec<u32> = (0..NEIGHBOURS).map(|_| numbers.popular(ITEMS)).collect();
    targets.sort_unstable();
    targets.dedup();
    targets.into_iter().map(|target| (target, numbers.unit())).collect()
}

fn graph(numbers: &mut Numbers) -> Graph {
    let edges: Vec<Edge> = (0..EDGES)
        .map(|_| Edge {
            from: numbers.below(ITEMS),
            to: numbers.popular(ITEMS),
            kind: numbers.below(2) as u8,
            weight: 0.1 + numbers.unit(),
        })
        .collect();
    let names = vec![kinds::CITATION.to_owned(), kinds::CO_INTERACTION.to_owned()];
    Graph::from_edges(ITEMS, names, edges).unwrap()
}
