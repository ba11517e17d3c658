//! Runs a sentence transformer that the test writes: a small BERT model with random weights.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{collections::BTreeMap, fs, path::Path};

use docent_embedders::{SentenceTransformer, SentenceTransformerConfig};
use docent_embeddings::{Document, Embedder, EmbeddingError};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::json;
use tempfile::TempDir;

const DIM: usize = 32;
const POSITIONS: usize = 16;
const WORDS: [&str; 10] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "sea", "ship", "##s", "oven", "bread", "red"];
const EPS: f64 = 1e-12;

/// Shape and values of each tensor, by name.
type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn weights(layers: usize, seed: u64) -> Weights {
    let mut state = seed;
    let mut all = Weights::new();
    let mut put = |name: String, shape: &[usize], one: bool| {
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        };
        let values = (0..shape.iter().product()).map(|_| if one { 1.0 } else { number() }).collect();
        all.insert(name, (shape.to_vec(), values));
    };
    for (name, rows) in [("word", WORDS.len()), ("position", POSITIONS), ("token_type", 2)] {
        put(format!("embeddings.{name}_embeddings.weight"), &[rows, DIM], false);
    }
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..layers {
        let at = format!("encoder.layer.{layer}");
        for (name, shape) in [
            ("attention.self.query", [DIM, DIM]),
            ("attention.self.key", [DIM, DIM]),
            ("attention.self.value", [DIM, DIM]),
            ("attention.output.dense", [DIM, DIM]),
            ("intermediate.dense", [2 * DIM, DIM]),
            ("output.dense", [DIM, 2 * DIM]),
        ] {
            put(format!("{at}.{name}.weight"), &shape, false);
            put(format!("{at}.{name}.bias"), &shape[..1], false);
        }
        norms.extend([format!("{at}.attention.output.LayerNorm"), format!("{at}.output.LayerNorm")]);
    }
    for norm in norms {
        put(format!("{norm}.weight"), &[DIM], true);
        put(format!("{norm}.bias"), &[DIM], false);
    }
    all
}

fn write_model(folder: &Path, layers: usize, weights: &Weights) {
    let config = json!({
        "model_type": "bert", "vocab_size": WORDS.len(), "hidden_size": DIM, "num_hidden_layers": layers,
        "num_attention_heads": 2, "intermediate_size": 2 * DIM, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
        "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "initializer_range": 0.02,
        "layer_norm_eps": EPS, "pad_token_id": 0,
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let vocabulary: BTreeMap<&str, usize> = WORDS.iter().copied().zip(0..).collect();
    let around = |id: usize, name: &str| json!({"id": name, "ids": [id], "tokens": [name]});
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "added_tokens": [],
        // Models are saved as they were trained, with padding, which must not affect the vectors.
        "padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"},
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": around(2, "[CLS]"), "[SEP]": around(3, "[SEP]")}},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    });
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let bytes: BTreeMap<&String, (Vec<usize>, Vec<u8>)> = weights
        .iter()
        .map(|(name, (shape, values))| {
            (name, (shape.clone(), values.iter().flat_map(|x| x.to_le_bytes()).collect()))
        })
        .collect();
    let views = bytes.iter().map(|(name, (shape, bytes))| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    fs::write(folder.join("model.safetensors"), bytes).unwrap();
}

fn model(layers: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path(), layers, &weights(layers, 1));
    folder
}

fn open(folder: &Path) -> Result<SentenceTransformer, EmbeddingError> {
    SentenceTransformer::open(&SentenceTransformerConfig {
        batch_size: 2,
        ..SentenceTransformerConfig::new(folder)
    })
}

fn embed(embedder: &SentenceTransformer, texts: &[&str]) -> Vec<Option<Vec<f32>>> {
    embedder.embed(&texts.iter().map(|text| Document::from_text(text)).collect::<Vec<_>>()).unwrap()
}

fn one(embedder: &SentenceTransformer, text: &str) -> Vec<f32> {
    embed(embedder, &[text]).remove(0).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn near(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

#[test]
fn texts_become_unit_vectors_that_do_not_depend_on_the_rest_of_the_batch() {
    let folder = model(2);
    let embedder = open(folder.path()).unwrap();
    let texts =
        ["red sea", "", "the ships of the red sea and the bread in the oven", "  ", "bread", "red sea"];
    let together = embed(&embedder, &texts);
    assert_eq!(
        together.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false, true, false, true, true]
    );
    for (text, vector) in texts.iter().zip(together).filter_map(|(text, vector)| Some((text, vector?))) {
        assert_eq!(vector.len(), DIM);
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5);
        assert!(near(&vector, &one(&embedder, text)), "{text}");
    }
    // Computed by an independent implementation of BERT in 64 bits from the same weights.
    for (text, expected) in [("sea red red sea", 0.887_753_4), ("oven bread", 0.994_438_1)] {
        let found = cosine(&one(&embedder, "red sea"), &one(&embedder, text));
        assert!((found - expected).abs() < 1e-5, "{text}: {found}");
    }
    assert!(near(&one(&embedder, "Red SEA"), &one(&embedder, "red sea")), "as the tokenizer folds");
    assert!(embed(&embedder, &[]).is_empty());
}

/// Computes the vector of a text under a model without layers, where the vector of a token is the
/// normalised sum of its embeddings.
fn by_hand(weights: &Weights, tokens: &[usize], pooled: std::ops::Range<usize>) -> Vec<f32> {
    let row = |name: &str, row: usize| {
        &weights[&format!("embeddings.{name}_embeddings.weight")].1[row * DIM..][..DIM]
    };
    let mut sum = vec![0.0f64; DIM];
    for position in pooled {
        let embedded: Vec<f64> = (0..DIM)
            .map(|i| {
                let parts =
                    [row("word", tokens[position])[i], row("position", position)[i], row("token_type", 0)[i]];
                parts.into_iter().map(f64::from).sum()
            })
            .collect();
        let mean = embedded.iter().sum::<f64>() / DIM as f64;
        let variance = embedded.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DIM as f64;
        for (i, x) in embedded.iter().enumerate() {
            sum[i] +=
                (x - mean) / (variance + EPS).sqrt() + f64::from(weights["embeddings.LayerNorm.bias"].1[i]);
        }
    }
    let norm = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    sum.iter().map(|x| (x / norm) as f32).collect()
}

#[test]
fn the_vector_is_the_mean_of_the_tokens_or_the_first_one_as_the_model_says() {
    let folder = model(0);
    let weights = weights(0, 1);
    // [CLS] red sea ship ##s [SEP]
    let tokens = [2, 9, 4, 5, 6, 3];
    let mean = open(folder.path()).unwrap();
    assert!(near(&one(&mean, "red sea ships"), &by_hand(&weights, &tokens, 0..6)));
    fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    let pooling = json!({"word_embedding_dimension": DIM, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false});
    fs::write(folder.path().join("1_Pooling/config.json"), pooling.to_string()).unwrap();
    let cls = open(folder.path()).unwrap();
    assert!(near(&one(&cls, "red sea ships"), &by_hand(&weights, &tokens, 0..1)));
    assert_ne!(cls.id(), mean.id());
}

#[test]
fn a_long_text_is_cut_to_the_tokens_that_the_model_accepts() {
    let folder = model(1);
    let embedder = open(folder.path()).unwrap();
    let long = "bread ".repeat(10_000);
    assert!(near(&one(&embedder, &long), &one(&embedder, &"bread ".repeat(POSITIONS - 2))));
    fs::write(folder.path().join("sentence_bert_config.json"), r#"{"max_seq_length": 5}"#).unwrap();
    let shorter = open(folder.path()).unwrap();
    assert!(near(&one(&shorter, &long), &one(&shorter, "bread bread bread")));
    assert_ne!(shorter.id(), embedder.id());
}

#[test]
fn the_id_of_a_model_depends_on_its_files_and_not_on_its_folder() {
    let (here, there) = (model(1), model(1));
    let id = |folder: &TempDir| open(folder.path()).unwrap().id().to_owned();
    assert_eq!(id(&here), id(&there));
    write_model(there.path(), 1, &weights(1, 2));
    assert_ne!(id(&here), id(&there));
    assert!(id(&here).starts_with("sentence-transformer-32-"), "{}", id(&here));
}

#[test]
fn a_folder_without_a_usable_model_is_refused_with_the_name_of_the_file() {
    let spoil = |file: &str, contents: &[u8]| {
        let folder = model(1);
        fs::create_dir_all(folder.path().join("1_Pooling")).unwrap();
        fs::write(folder.path().join(file), contents).unwrap();
        folder
    };
    let config = r#"{"model_type": "roberta"}"#;
    for (folder, file, said) in [
        (tempfile::tempdir().unwrap(), "config.json", "cannot be read"),
        (spoil("config.json", b"{"), "config.json", "EOF"),
        (spoil("config.json", config.as_bytes()), "config.json", "expected \"bert\""),
        (spoil("tokenizer.json", b"{}"), "tokenizer.json", ""),
        (spoil("model.safetensors", b"x"), "model.safetensors", ""),
        (
            spoil("1_Pooling/config.json", br#"{"pooling_mode_max_tokens": true}"#),
            "1_Pooling",
            "mean of the tokens",
        ),
    ] {
        match open(folder.path()) {
            Err(EmbeddingError::Backend { source, .. }) => {
                let source = source.to_string();
                assert!(source.contains(file) && source.contains(said), "{file}: {source}");
            }
            other => panic!("{file}: {other:?}"),
        }
    }
    let folder = model(1);
    let mut without = weights(1, 1);
    without.remove("encoder.layer.0.output.dense.bias");
    write_model(folder.path(), 1, &without);
    let error = format!("{:?}", open(folder.path()).unwrap_err());
    assert!(error.contains("encoder.layer.0.output.dense.bias"), "{error}");
    let none = SentenceTransformerConfig { batch_size: 0, ..SentenceTransformerConfig::new(folder.path()) };
    assert!(matches!(
        SentenceTransformer::open(&none),
        Err(EmbeddingError::InvalidConfig { setting: "batch_size", .. })
    ));
}
