//! Checks the contract of every embedder on the built-in one, and the behaviour that only it has.
#![allow(clippy::unwrap_used)]

use docent_embeddings::{Document, Embedder, EmbeddingError, LsaConfig, LsaEmbedder, LsaFit};
use proptest::prelude::*;

const TOPICS: [&[&str]; 3] = [
    &["galaxy", "telescope", "star", "orbit", "planet", "comet", "nebula", "lunar"],
    &["bread", "flour", "oven", "yeast", "dough", "crust", "butter", "recipe"],
    &["contract", "court", "judge", "statute", "appeal", "jury", "verdict", "counsel"],
];

fn small() -> LsaConfig {
    LsaConfig { dim: 16, ..LsaConfig::default() }
}

/// Returns `n` texts of five words; text `i` is about topic `i % 3`.
fn topical_texts(n: usize) -> Vec<String> {
    (0..n)
        .map(|i| [0, 1, 2, 3, 4].map(|j| TOPICS[i % 3][(i / 3 * 3 + j * (1 + i % 5)) % 8]).join(" "))
        .collect()
}

fn documents(texts: &[String]) -> Vec<Document<'_>> {
    texts.iter().map(|text| Document::from_text(text)).collect()
}

fn one(embedder: &LsaEmbedder, text: &str) -> Vec<f32> {
    embedder.embed(&[Document::from_text(text)]).unwrap().remove(0).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn words_that_occur_together_are_near_though_they_differ() {
    let texts = topical_texts(60);
    let config = LsaConfig { dim: 3, ..LsaConfig::default() };
    let embedder = LsaEmbedder::fit(&documents(&texts), &config, 1).unwrap();
    for topic in TOPICS {
        for (other, word) in
            TOPICS.iter().filter(|other| **other != topic).flat_map(|other| other.iter().zip(topic))
        {
            let near = cosine(&one(&embedder, topic[0]), &one(&embedder, word));
            let far = cosine(&one(&embedder, word), &one(&embedder, other));
            assert!(near > 0.8 && far < 0.3, "{word}: {near} to {}, {far} to {other}", topic[0]);
        }
    }
}

#[test]
fn an_untrained_embedder_brings_documents_that_share_words_together() {
    let embedder = LsaEmbedder::untrained(&LsaConfig::default()).unwrap();
    let query = one(&embedder, "spiking neurons in silicon");
    let shared = cosine(&query, &one(&embedder, "silicon neuron circuits"));
    assert!(shared > 0.4, "{shared}");
    assert!(cosine(&query, &one(&embedder, "sourdough bread baking")) < 0.3);
    assert_eq!(embedder.id(), "lsa-128-untrained");
}

#[test]
fn new_documents_that_share_new_words_find_each_other_between_trainings() {
    let texts = topical_texts(60);
    let embedder = LsaEmbedder::fit(&documents(&texts), &small(), 1).unwrap();
    let first = one(&embedder, "star zorblat frungle");
    let second = one(&embedder, "judge zorblat frungle");
    assert!(cosine(&first, &second) > cosine(&one(&embedder, "star"), &one(&embedder, "judge")) + 0.1);
}

#[test]
fn subjects_and_authors_count_as_wholes() {
    let embedder = LsaEmbedder::untrained(&LsaConfig { dim: 1024, ..LsaConfig::default() }).unwrap();
    let names =
        [vec!["Ada Lovelace".to_owned()], vec!["ADA  lovelace".to_owned()], vec!["Ada Byron".to_owned()]];
    let of = |authors| Document { authors, ..Document::default() };
    let vectors = embedder.embed(&[of(&names[0]), of(&names[1]), of(&names[2])]).unwrap();
    let vector = |i: usize| vectors[i].as_deref().unwrap();
    assert!(cosine(vector(0), vector(1)) > 0.999);
    assert!(cosine(vector(0), vector(2)).abs() < 0.2);
}

#[test]
fn a_document_without_words_has_no_vector() {
    let nothing = ["".to_owned(), "  ".to_owned()];
    let empty = Document { title: "The", text: " … !", subjects: &nothing, authors: &nothing };
    let embedder = LsaEmbedder::untrained(&small()).unwrap();
    let vectors = embedder.embed(&[Document::default(), empty, Document::from_text("word")]).unwrap();
    assert_eq!(vectors.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn tiny_catalogues_are_learned_without_error() {
    for n in [0, 1, 2, 3, 5, 20] {
        let texts = topical_texts(n);
        let embedder = LsaEmbedder::fit(&documents(&texts), &LsaConfig::default(), 1).unwrap();
        assert_eq!(embedder.dim(), 128);
        for vector in embedder.embed(&documents(&texts)).unwrap() {
            let vector = vector.unwrap();
            assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5, "{n} documents");
        }
    }
    assert_eq!(LsaEmbedder::fit(&[], &LsaConfig::default(), 1).unwrap().id(), "lsa-128-untrained");
}

#[test]
fn a_catalogue_of_one_repeated_text_is_learned() {
    let texts = vec!["the very same words".to_owned(); 30];
    let embedder = LsaEmbedder::fit(&documents(&texts), &small(), 1).unwrap();
    assert!(cosine(&one(&embedder, "same words"), &one(&embedder, "the very same words")) > 0.99);
}

#[test]
fn fitting_in_batches_is_fitting_at_once() {
    let texts = topical_texts(50);
    let mut fit = LsaFit::new(&small()).unwrap();
    for batch in documents(&texts).chunks(7) {
        fit.add(batch).unwrap();
    }
    let at_once = LsaEmbedder::fit(&documents(&texts), &small(), 3).unwrap();
    assert_eq!(fit.finish(3).unwrap().to_parts(), at_once.to_parts());
}

#[test]
fn the_same_seed_gives_the_same_embedder_on_any_number_of_threads() {
    let texts = topical_texts(200);
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| LsaEmbedder::fit(&documents(&texts), &small(), 9).unwrap())
    };
    let (alone, together) = (fit(1), fit(4));
    assert_eq!(alone.to_parts(), together.to_parts());
    assert_eq!(alone.id(), together.id());
}

#[test]
fn ids_differ_when_vocabulary_or_settings_differ() {
    let texts = topical_texts(60);
    let fit = |n: usize, config: &LsaConfig| {
        LsaEmbedder::fit(&documents(&texts[..n]), config, 1).unwrap().id().to_owned()
    };
    let mut ids = vec![
        fit(60, &small()),
        fit(30, &small()),
        fit(60, &LsaConfig { title_weight: 3.0, ..small() }),
        fit(60, &LsaConfig { max_terms: 5, ..small() }),
        fit(60, &LsaConfig { dim: 8, ..small() }),
        fit(0, &small()),
    ];
    assert!(ids[0].starts_with("lsa-16-") && ids[0].len() == "lsa-16-".len() + 16, "{}", ids[0]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[test]
fn a_saved_embedder_comes_back_bit_for_bit() {
    let texts = topical_texts(60);
    let embedder = LsaEmbedder::fit(&documents(&texts), &small(), 1).unwrap();
    let back = LsaEmbedder::from_parts(embedder.to_parts()).unwrap();
    assert_eq!(back.id(), embedder.id());
    let queries = documents(&texts);
    assert_eq!(back.embed(&queries).unwrap(), embedder.embed(&queries).unwrap());
}

#[test]
fn damaged_parts_are_refused_with_what_is_wrong() {
    let texts = topical_texts(60);
    let parts = LsaEmbedder::fit(&documents(&texts), &small(), 1).unwrap().to_parts();
    type Damage = fn(&mut docent_embeddings::LsaParts);
    let cases: [(Damage, &str); 6] = [
        (|parts| parts.idf.truncate(1), "document frequencies"),
        (|parts| parts.projection.truncate(1), "projection of"),
        (|parts| parts.idf[0] = 0.0, "document frequency of term 0"),
        (|parts| parts.projection[5] = f32::NAN, "number 5"),
        (|parts| parts.vocabulary[1] = parts.vocabulary[0].clone(), "twice"),
        (|parts| parts.config.dim = 0, "dim"),
    ];
    for (damage, expected) in cases {
        let mut damaged = parts.clone();
        damage(&mut damaged);
        let message = LsaEmbedder::from_parts(damaged).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let cases = [
        (LsaConfig { dim: 0, ..small() }, "dim"),
        (LsaConfig { title_weight: -1.0, ..small() }, "title_weight"),
        (LsaConfig { author_weight: f32::NAN, ..small() }, "author_weight"),
        (LsaConfig { min_documents: 0, ..small() }, "min_documents"),
        (LsaConfig { singular_value_power: 1.5, ..small() }, "singular_value_power"),
        (LsaConfig { unknown_weight: 0.0, ..small() }, "unknown_weight"),
    ];
    for (config, name) in cases {
        let error = LsaEmbedder::untrained(&config).unwrap_err();
        assert!(matches!(error, EmbeddingError::InvalidConfig { setting, .. } if setting == name), "{error}");
    }
}

#[test]
fn settings_read_from_json_default_what_is_left_out_and_refuse_what_is_unknown() {
    let config: LsaConfig = serde_json::from_str(r#"{"dim": 16}"#).unwrap();
    assert_eq!(config, small());
    assert!(serde_json::from_str::<LsaConfig>(r#"{"dims": 16}"#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn vectors_are_finite_of_unit_norm_and_the_same_each_time(
        titles in prop::collection::vec(any::<String>(), 0..12),
        texts in prop::collection::vec("[a-f ]{0,40}", 12),
        subjects in prop::collection::vec(any::<String>(), 0..3),
        dim in 1usize..40,
    ) {
        let corpus: Vec<Document<'_>> = titles
            .iter()
            .zip(&texts)
            .map(|(title, text)| Document { title, text, subjects: &subjects, authors: &subjects })
            .collect();
        let config = LsaConfig { dim, ..LsaConfig::default() };
        let embedder = LsaEmbedder::fit(&corpus, &config, 5).unwrap();
        let vectors = embedder.embed(&corpus).unwrap();
        prop_assert_eq!(vectors.len(), corpus.len());
        for vector in vectors.iter().flatten() {
            prop_assert_eq!(vector.len(), dim);
            prop_assert!(vector.iter().all(|x| x.is_finite()));
            prop_assert!((cosine(vector, vector) - 1.0).abs() < 1e-4);
        }
        let again = LsaEmbedder::fit(&corpus, &config, 5).unwrap();
        prop_assert_eq!(again.embed(&corpus).unwrap(), vectors);
    }
}
