//! Edges between resources with common subjects, words or authors.

use docent_embeddings::{Document, LsaConfig, term_counts};
use docent_engine::document;
use docent_graph::{Edge, Graph, GraphParts, SimilarityConfig, kinds, similarity_edges};
use docent_models::ModelError;
use rustc_hash::FxHashMap;

use crate::dataset::Item;

/// Returns the edges of each item to the most similar ones, with one kind of edge for each kind of
/// feature. Subjects favour resources with many of them, which are read more.
pub(crate) fn edges(items: &[Item], config: &LsaConfig) -> Result<GraphParts, ModelError> {
    let resources = items.iter().map(|item| &item.resource);
    let texts: Vec<Document<'_>> =
        resources.map(|resource| Document { subjects: &[], authors: &[], ..document(resource) }).collect();
    let (plain, subjects) = (
        SimilarityConfig { length_power: 0.9, ..SimilarityConfig::default() },
        SimilarityConfig { length_power: 0.4, ..SimilarityConfig::default() },
    );
    let by_kind = [
        (kinds::SUBJECT_SIMILARITY, names(items, |item| &item.resource.subjects), subjects),
        (kinds::TEXT_SIMILARITY, term_counts(&texts, config), plain.clone()),
        (kinds::CO_AUTHORSHIP, names(items, |item| &item.resource.authors), plain),
    ];
    let mut all: Vec<Edge> = Vec::new();
    for (kind, (_, features, config)) in (0u8..).zip(&by_kind) {
        all.extend(similarity_edges(features, kind, config)?);
    }
    let names = by_kind.iter().map(|(kind, ..)| (*kind).to_owned()).collect();
    Ok(Graph::from_edges(items.len() as u32, names, all.iter().copied())?.to_parts())
}

/// Numbers names as features; names that differ in case or spaces alone are one feature.
fn names(items: &[Item], of: impl Fn(&Item) -> &Vec<String>) -> Vec<Vec<(u32, f32)>> {
    let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let mut row: Vec<u32> = of(item).iter().map(|name| number(&mut numbers, name)).collect();
        row.sort_unstable();
        row.dedup();
        rows.push(row.into_iter().map(|feature| (feature, 1.0)).collect());
    }
    rows
}

fn number(numbers: &mut FxHashMap<String, u32>, name: &str) -> u32 {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let next = numbers.len() as u32;
    *numbers.entry(name).or_insert(next)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use docent_domain::Resource;

    use super::*;

    #[test]
    fn resources_are_joined_by_what_they_share_under_a_kind_of_its_own() {
        let item = |(row_id, subject, text, author): (i64, &str, &str, &str)| {
            let mut resource = Resource::new(row_id.to_string().parse().unwrap(), "");
            resource.subjects = vec![subject.into()];
            resource.text = text.into();
            resource.authors = vec![author.into()];
            Item { row_id, resource, text_hash: String::new() }
        };
        let items = [
            (0, "Plant  biology", "xylem", "Ada"),
            (1, "plant biology", "comet", "Bo"),
            (2, "astronomy", "comets", "Cy"),
            (3, "telescopes", "mirror", "ADA"),
        ];
        let parts = edges(&items.map(item), &LsaConfig::default()).unwrap();
        let found = Graph::from_parts(parts).unwrap();
        let named: Vec<(u32, u32, &str)> = found
            .edges()
            .map(|edge| (edge.from, edge.to, found.kinds()[usize::from(edge.kind)].as_str()))
            .collect();
        let both = |a, b, kind| [(a, b, kind), (b, a, kind)];
        let mut expected = [
            both(0, 1, kinds::SUBJECT_SIMILARITY),
            both(1, 2, kinds::TEXT_SIMILARITY),
            both(0, 3, kinds::CO_AUTHORSHIP),
        ]
        .concat();
        expected.sort_unstable();
        assert_eq!(named, expected);
    }
}
