//! Training data with their split, for other programs to fit members of a blend to.

use std::path::Path;

use anyhow::Context;
use docent::{
    storage::Store,
    training::{
        Trainer,
        external::{Part, TrainingEvent},
    },
};
use docent_formats::{
    ParquetFile,
    ParquetKind::{self, Number, Text, Time, Whole},
    ParquetValue, PartialFile,
};

use crate::{members::MANIFEST, progress, settings::Settings};

const ITEMS: [(&str, ParquetKind); 2] = [("item", Whole), ("resource_id", Text)];

const EVENTS: [(&str, ParquetKind); 6] = [
    ("user", Whole),
    ("user_id", Text),
    ("item", Whole),
    ("place", Whole),
    ("confidence", Number),
    ("occurred_at", Time),
];

/// Writes `items.parquet`, `events/part=…/events.parquet` and, at last, `manifest.json`.
pub async fn write(store: &Store, settings: &Settings, to: &Path) -> anyhow::Result<String> {
    let spinner = progress::spinner();
    std::fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    let manifest = to.join(MANIFEST);
    if manifest.exists() {
        // Half of a new export beside the manifest of an old one would be taken for whole.
        std::fs::remove_file(&manifest).with_context(|| format!("removing {}", manifest.display()))?;
    }
    let trainer = Trainer::with_store(store.clone(), settings.snapshots()?, settings.train.clone());
    let data = trainer.training_data().await?;
    let of = data.manifest.events;
    anyhow::ensure!(
        of.validation > 0 && of.holdout > 0,
        "{}: the split holds nothing out ({} events to choose on, {} to judge by), so members from outside could not be \
         judged; train without them, or import users with five or more positives",
        to.display(),
        of.validation,
        of.holdout
    );
    let mut items = ParquetFile::create(&to.join("items.parquet"), &ITEMS)?;
    for (item, id) in (0_i64..).zip(&data.items) {
        items.write([ParquetValue::Whole(item), id.as_str().into()])?;
    }
    items.finish()?;
    for part in Part::ALL {
        let folder = to.join(format!("events/part={}", part.name()));
        std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let mut events = ParquetFile::create(&folder.join("events.parquet"), &EVENTS)?;
        for event in data.events(part) {
            events.write(row(&event))?;
            spinner.inc(1);
        }
        events.finish()?;
    }
    let mut out = PartialFile::create(&manifest)?;
    serde_json::to_writer_pretty(&mut out, &data.manifest)
        .with_context(|| format!("writing {}", manifest.display()))?;
    out.finish()?;
    spinner.finish_and_clear();
    let events = data.manifest.events;
    Ok(format!(
        "{} events to learn from, {} to choose on and {} to judge by written to {}",
        events.train,
        events.validation,
        events.holdout,
        to.display()
    ))
}

fn row(event: &TrainingEvent<'_>) -> [ParquetValue; 6] {
    [
        ParquetValue::Whole(event.user.into()),
        event.user_id.as_str().into(),
        ParquetValue::Whole(event.item.into()),
        ParquetValue::Whole(event.place.into()),
        f64::from(event.confidence).into(),
        event.at.into(),
    ]
}
