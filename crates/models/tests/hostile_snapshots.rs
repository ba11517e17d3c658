//! Snapshots whose checksums hold and whose contents do not: each is refused with its file named.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use docent_als::{AlsConfig, AlsModel};
use docent_domain::Event;
use docent_embeddings::{LsaConfig, LsaEmbedder};
use docent_graph::GraphParts;
use docent_linalg::SparseRows;
use docent_models::{
    AlsRecommender, Audience, Blend, ContentMap, ItemItemRecommender, MappedItem, Member, ModelInfo,
    ModelKind, PublishedModel, TextEmbedder, Trending,
};
use docent_snapshot::SnapshotStore;
use serde_json::{Value, json};

/// A change of a JSON part.
type Edit = fn(&mut Value);

/// Number of items of the model, enough for a content map.
const ITEMS: u32 = 60;
/// Length of the vectors.
const DIM: usize = 4;
/// Number of factors.
const FACTORS: usize = 2;

/// Snapshot of version 0.1, which has a neural member.
const OLD: &str = "../../tests/fixtures/v0.1/snapshots";

/// A folder with one published snapshot.
struct Published {
    folder: tempfile::TempDir,
    id: String,
}

impl Published {
    /// Publishes a model with every optional part.
    fn whole() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SnapshotStore::new(folder.path());
        let mut draft = store.draft().unwrap();
        model().write(&mut draft).unwrap();
        let id = store.go_live(draft, serde_json::to_value(ModelInfo::empty()).unwrap()).unwrap().id;
        Self { folder, id }
    }

    /// Copies the snapshot of version 0.1.
    fn old() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(OLD);
        let current = fs::read_to_string(from.join("CURRENT")).unwrap();
        let id = current.split(' ').next().unwrap().to_owned();
        fs::create_dir(folder.path().join(&id)).unwrap();
        for entry in fs::read_dir(from.join(&id)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.path().join(&id).join(entry.file_name())).unwrap();
        }
        Self { folder, id }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(&self.id).join(file)
    }

    fn files(&self, ending: &str) -> Vec<String> {
        let manifest: Value = serde_json::from_slice(&fs::read(self.path("manifest.json")).unwrap()).unwrap();
        let names = manifest["files"].as_object().unwrap().keys();
        names.filter(|name| name.ends_with(ending)).cloned().collect()
    }

    /// Replaces a file, and makes the checksums hold again.
    fn replace(&self, file: &str, bytes: &[u8]) {
        fs::write(self.path(file), bytes).unwrap();
        self.edit_manifest(|manifest| {
            let entry = json!({"size_bytes": bytes.len(), "blake3": blake3::hash(bytes).to_hex().as_str()});
            manifest["files"][file] = entry;
        });
    }

    fn edit_manifest(&self, edit: impl FnOnce(&mut Value)) {
        let mut manifest: Value =
            serde_json::from_slice(&fs::read(self.path("manifest.json")).unwrap()).unwrap();
        edit(&mut manifest);
        self.write_manifest(&serde_json::to_vec(&manifest).unwrap());
    }

    fn write_manifest(&self, bytes: &[u8]) {
        fs::write(self.path("manifest.json"), bytes).unwrap();
        fs::write(self.path("manifest.blake3"), blake3::hash(bytes).to_hex().as_str()).unwrap();
    }

    fn read(&self) -> Result<PublishedModel, String> {
        let snapshot =
            SnapshotStore::new(self.folder.path()).open(&self.id).map_err(|error| error.to_string())?;
        PublishedModel::read(&snapshot, None).map_err(|error| error.to_string())
    }

    /// Checks that the snapshot is refused by the path of `file`, and makes it whole again.
    fn refused(&self, file: &str, what: &str, sound: &[u8]) {
        let error = self.read().map(drop).expect_err(&format!("{file}: {what}"));
        assert!(error.contains(&self.path(file).display().to_string()), "{file}: {what}: {error}");
        self.replace(file, sound);
    }
}

fn model() -> PublishedModel {
    let random = |row: u32, salt: u64| {
        docent_domain::scattered(u64::from(row), salt, 7) as f32 / u64::MAX as f32 - 0.5
    };
    let vectors: Vec<[f32; DIM]> = (0..ITEMS)
        .map(|row| {
            let vector = [0, 1, 2, 3].map(|salt| random(row, salt));
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            vector.map(|x| x / length)
        })
        .collect();
    let factors: Vec<[f32; FACTORS]> = vectors.iter().map(|[a, b, c, _]| [a - b, 2.0 * c]).collect();
    let mapped: Vec<MappedItem<'_>> = vectors
        .iter()
        .zip(&factors)
        .map(|(vector, factors)| MappedItem { vector, factors, users: 9 })
        .collect();
    let content_map = ContentMap::fit(&mapped);
    assert!(content_map.is_some());
    let config = AlsConfig {
        dim: FACTORS,
        regularization: Some(0.1),
        unobserved_weight: Some(0.01),
        mean_activity: Some(5.0),
        ..AlsConfig::default()
    };
    let als = AlsModel::from_factors(config, Vec::new(), factors.concat()).unwrap();
    let rows = (0..ITEMS).map(|row| vec![((row + 1) % ITEMS, 0.5)]);
    let members = [
        Member { model: Box::new(AlsRecommender::new(ModelKind::Als, als)) as _, share: 0.5, tau: None },
        Member {
            model: Box::new(ItemItemRecommender::new(
                ModelKind::Transitions,
                SparseRows::of_rows(ITEMS as usize, 0, rows),
            )) as _,
            share: 0.5,
            tau: Some(3.0),
        },
    ];
    let edges = |kinds: &[&str]| GraphParts {
        kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
        offsets: (0..=u64::from(ITEMS)).collect(),
        targets: (0..ITEMS).map(|row| (row + 1) % ITEMS).collect(),
        edge_kinds: vec![0; ITEMS as usize],
        weights: vec![0.5; ITEMS as usize],
    };
    let vectors: Vec<Option<Vec<f32>>> = vectors.iter().map(|vector| Some(vector.to_vec())).collect();
    let histories: [&[(u32, f32)]; 2] = [&[(0, 1.0), (1, 0.5)], &[(2, 1.0), (3, 1.0)]];
    let lsa = LsaEmbedder::untrained(&LsaConfig { dim: DIM, ..LsaConfig::default() }).unwrap();
    PublishedModel {
        info: ModelInfo::empty(),
        items: (0..ITEMS).map(|row| format!("item-{row}").parse().unwrap()).collect(),
        text_hashes: vec![String::new(); ITEMS as usize],
        collaborative: Blend::of(members),
        embedder: TextEmbedder::Lsa(lsa.into()),
        audience: Audience::of(histories.into_iter(), &vectors, DIM),
        vectors,
        co_interaction: edges(&["co_interaction"]),
        similar: edges(&["subject"]),
        popularity: vec![1; ITEMS as usize],
        trending: Some(Trending { days: 7, leads: false, counts: vec![1; ITEMS as usize] }),
        content_map,
    }
}

/// One tensor of a file, by the header of the file.
struct Place {
    name: String,
    dtype: String,
    start: usize,
    end: usize,
}

fn header(bytes: &[u8]) -> (usize, Value) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (8 + length, serde_json::from_slice(&bytes[8..8 + length]).unwrap())
}

fn with_header(bytes: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let (start, mut found) = header(bytes);
    edit(&mut found);
    let text = serde_json::to_vec(&found).unwrap();
    [&(text.len() as u64).to_le_bytes(), text.as_slice(), &bytes[start..]].concat()
}

fn places(bytes: &[u8]) -> Vec<Place> {
    let (start, header) = header(bytes);
    let of = |(name, tensor): (&String, &Value)| Place {
        name: name.clone(),
        dtype: tensor["dtype"].as_str().unwrap().to_owned(),
        start: start + tensor["data_offsets"][0].as_u64().unwrap() as usize,
        end: start + tensor["data_offsets"][1].as_u64().unwrap() as usize,
    };
    header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__").map(of).collect()
}

fn with_value(bytes: &[u8], at: usize, value: [u8; 4]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at..at + 4].copy_from_slice(&value);
    changed
}

#[test]
fn a_sound_snapshot_is_read() {
    for published in [Published::whole(), Published::old()] {
        let model = published.read().unwrap();
        assert!(model.collaborative.user(&[Event::of(0)]).is_ok());
    }
}

#[test]
fn values_that_no_model_has_are_refused_in_every_tensor() {
    for published in [Published::whole(), Published::old()] {
        for file in published.files(".safetensors") {
            let sound = fs::read(published.path(&file)).unwrap();
            for place in places(&sound).iter().filter(|place| place.start < place.end) {
                let values = match place.dtype.as_str() {
                    "F32" => [f32::NAN, f32::INFINITY, -1e30].map(f32::to_le_bytes).to_vec(),
                    _ => vec![u32::MAX.to_le_bytes()],
                };
                for value in values {
                    for at in [place.start, place.end - 4] {
                        published.replace(&file, &with_value(&sound, at, value));
                        published.refused(&file, &format!("{} {value:?}", place.name), &sound);
                    }
                }
            }
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_in_every_tensor() {
    for published in [Published::whole(), Published::old()] {
        for file in published.files(".safetensors") {
            let sound = fs::read(published.path(&file)).unwrap();
            for Place { name, dtype, .. } in places(&sound) {
                let edits: [(&str, Edit); 4] = [
                    ("huge", |tensor| tensor["shape"] = json!([1u64 << 60])),
                    ("beyond the file", |tensor| tensor["data_offsets"][1] = json!(1u64 << 60)),
                    ("of another type", |tensor| tensor["dtype"] = json!("I32")),
                    ("backwards", |tensor| tensor["data_offsets"][0] = json!(1u64 << 60)),
                ];
                for (what, edit) in edits {
                    published.replace(&file, &with_header(&sound, |header| edit(&mut header[&name])));
                    published.refused(&file, &format!("{name} {what} {dtype}"), &sound);
                }
            }
            let renamed = with_header(&sound, |header| {
                let tensors = header.as_object_mut().unwrap();
                let first = tensors.keys().find(|name| *name != "__metadata__").unwrap().clone();
                let tensor = tensors.remove(&first).unwrap();
                tensors.insert("another".into(), tensor);
            });
            // Only the weights of items are optional.
            if !String::from_utf8_lossy(&sound[..200.min(sound.len())]).contains("item_weights") {
                published.replace(&file, &renamed);
                published.refused(&file, "without its first tensor", &sound);
            }
            for (what, bytes) in [("empty", Vec::new()), ("a huge header", vec![255; 64])] {
                published.replace(&file, &bytes);
                published.refused(&file, what, &sound);
            }
        }
    }
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    type Edit = fn(&mut Value);
    let table: [(&str, &str, &str, Edit); 17] = [
        ("ids.json", "ids.json", "an id twice", |ids| ids["items"][1] = ids["items"][0].clone()),
        ("ids.json", "ids.json", "an empty id", |ids| ids["items"][1] = json!("")),
        ("ids.json", "ids.json", "fewer hashes", |ids| {
            drop(ids["text_hashes"].as_array_mut().unwrap().pop())
        }),
        ("ids.json", "collaborative.json", "fewer items", |ids| {
            ids["items"].as_array_mut().unwrap().pop();
            ids["text_hashes"].as_array_mut().unwrap().pop();
        }),
        ("collaborative.json", "collaborative.0.safetensors", "items", |blend| {
            blend["n_items"] = json!(1u64 << 60)
        }),
        ("collaborative.json", "collaborative.json", "no members, many items", |blend| {
            *blend = json!({"n_items": 1u64 << 60, "shares": [], "taus": []});
        }),
        ("collaborative.json", "collaborative.json", "a negative share", |blend| {
            blend["shares"][0] = json!(-1.0)
        }),
        ("collaborative.json", "collaborative.json", "a huge share", |blend| {
            blend["shares"][0] = json!(1e38)
        }),
        ("collaborative.json", "collaborative.json", "a decay of 0", |blend| blend["taus"][0] = json!(0.0)),
        ("collaborative.json", "collaborative.json", "fewer decays", |blend| blend["taus"] = json!([null])),
        ("collaborative.0.json", "collaborative.0.safetensors", "factors", |als| als["dim"] = json!(3)),
        ("collaborative.0.json", "collaborative.0.safetensors", "2^60 factors", |als| {
            als["dim"] = json!(1u64 << 60)
        }),
        ("collaborative.0.json", "collaborative.0.json", "no ridge", |als| {
            als["regularization"] = json!(0.0)
        }),
        ("embedder.json", "embedder.safetensors", "no dimensions", |lsa| lsa[0]["dim"] = json!(0)),
        ("similar.json", "similar.safetensors", "no kinds", |kinds| *kinds = json!([])),
        ("similar.json", "similar.safetensors", "an empty kind", |kinds| *kinds = json!([""])),
        ("trending.json", "trending.json", "no days", |trending| trending["days"] = json!(0)),
    ];
    let published = Published::whole();
    for (file, named, what, edit) in table {
        let sound = fs::read(published.path(file)).unwrap();
        let mut value: Value = serde_json::from_slice(&sound).unwrap();
        edit(&mut value);
        published.replace(file, &serde_json::to_vec(&value).unwrap());
        published.refused(named, what, &fs::read(published.path(named)).unwrap());
        published.replace(file, &sound);
        published.read().unwrap();
    }
    let sound = fs::read(published.path("ids.json")).unwrap();
    for (what, text) in [
        ("no JSON", "{"),
        ("another document", "[]"),
        ("a key twice", r#"{"items": [], "items": [], "text_hashes": []}"#),
    ] {
        published.replace("ids.json", text.as_bytes());
        published.refused("ids.json", what, &sound);
    }
}

#[test]
fn a_description_out_of_range_is_refused_by_the_manifest() {
    type Edit = fn(&mut Value);
    let table: [(&str, Edit); 6] = [
        ("an infinite weight", |info| info["walk"] = json!({"subject": 1e300})),
        ("a negative share", |info| info["blend"] = json!({"als": -0.5})),
        ("a weight out of range", |info| info["weights"] = json!({"20+": {"graph": -1.0}})),
        ("2^60 dimensions", |info| {
            info["embedder"] = json!({"id": "x", "dim": 1u64 << 60, "config": {"kind": "lsa"}});
        }),
        ("a negative number", |info| info["users"] = json!(-1)),
        ("nothing", |info| *info = json!(null)),
    ];
    for (what, edit) in table {
        let published = Published::whole();
        published.edit_manifest(|manifest| edit(&mut manifest["info"]));
        let error = published.read().map(drop).expect_err(what);
        assert!(error.contains("manifest.json"), "{what}: {error}");
    }
}

#[test]
fn factors_that_overflow_together_are_refused() {
    let published = Published::old();
    let file = "collaborative.1.safetensors";
    let mut bytes = fs::read(published.path(file)).unwrap();
    for place in places(&bytes) {
        for at in (place.start..place.end).step_by(4) {
            bytes[at..at + 4].copy_from_slice(&9e8f32.to_le_bytes());
        }
    }
    let base = "collaborative.1.base.safetensors";
    let sound = fs::read(published.path(base)).unwrap();
    published.replace(file, &bytes);
    published.replace(base, &sound);
    let error = published.read().map(drop).expect_err("weights of 9e8 in every layer");
    assert!(error.contains(file), "{error}");
}
