//! The data: a store with a model, or files for the import.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use docent::{
    chrono::SecondsFormat,
    storage::{Store, StoreConfig},
};
use docent_sample::{PowerLawConfig, PowerLawLibrary};
use serde_json::{Value, json};

use crate::{DataArgs, store};

/// Writes the data. A store that has resources, and a folder that has a model, stay as they are.
///
/// # Errors
/// Returns an error if a file or the store cannot be written, or training fails.
pub async fn write(arguments: &DataArgs) -> anyhow::Result<()> {
    let size = &arguments.size;
    let config = PowerLawConfig {
        seed: size.seed,
        ..PowerLawConfig::new(size.resources, size.users, arguments.interactions)
    };
    let (library, folder) = (PowerLawLibrary::new(&config), &arguments.folder);
    std::fs::create_dir_all(folder)?;
    if arguments.jsonl {
        return write_files(folder, &library);
    }
    let config = store::config(folder);
    let store = Store::connect(&StoreConfig::new(&config.database_url)).await?;
    store.migrate().await?;
    if store.counts().await?.resources == 0 {
        store::fill(&store, &library).await?;
    }
    if !arguments.no_model && !config.snapshots.join("CURRENT").exists() {
        store::train(&store, &config, arguments.ncf_epochs).await?;
    }
    store.close().await?;
    eprintln!(
        "docent-server serve --database-url {} --snapshots {}",
        config.database_url,
        config.snapshots.display()
    );
    Ok(())
}

/// Writes the lines that `docent-trainer import jsonl` reads.
fn write_files(folder: &Path, library: &PowerLawLibrary) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(folder.join("resources.jsonl"))?);
    for n in 0..library.config().resources {
        let resource = library.resource(n)?;
        let links =
            resource.links.iter().map(|link| json!({ "target": link.target.as_str(), "kind": link.kind }));
        let line = json!({
            "type": "resource",
            "id": resource.id.as_str(),
            "title": resource.title,
            "text": resource.text,
            "authors": resource.authors,
            "subjects": resource.subjects,
            "source": resource.source,
            "language": resource.language,
            "published_at": resource.published_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            "quality": resource.quality,
            "links": links.collect::<Vec<Value>>(),
        });
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(folder.join("interactions.jsonl"))?);
    for one in library.interactions() {
        let new = library.interaction(&one)?;
        let mut line = json!({
            "type": "interaction",
            "user_id": new.user_id.as_str(),
            "resource_id": new.resource_id.as_str(),
            "interaction_type": new.interaction_type.as_str(),
            "occurred_at": new.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        });
        let signals = [
            ("rating", new.signals.rating),
            ("dwell_seconds", new.signals.dwell_seconds),
            ("scroll_depth", new.signals.scroll_depth),
        ];
        for (name, value) in signals {
            if let (Some(value), Some(line)) = (value, line.as_object_mut()) {
                line.insert(name.to_owned(), json!(value));
            }
        }
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    Ok(())
}
