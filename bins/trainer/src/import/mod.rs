//! `import`: other formats into the store.

mod citeulike;
mod csv_files;
mod fields;
mod jsonl;
mod lines;
mod links;
mod movielens;
mod place;
mod sink;
mod summary;

use std::path::PathBuf;

use anyhow::Context;
use indicatif::ProgressBar;

pub use place::Place;
pub use sink::{Sink, SinkConfig};

use crate::{
    cli::{ImportArgs, ImportFormat},
    exit, progress,
    settings::Settings,
};

/// What is read, once it is known to be there.
enum Source {
    Movielens(movielens::Files),
    Citeulike(citeulike::Files),
    Csv(csv_files::Files),
    Jsonl(Vec<PathBuf>),
}

/// Imports, and prints what became of it. With bad lines left out this is a success, unless asked to be strict.
pub async fn run(settings: Settings, args: ImportArgs) -> anyhow::Result<u8> {
    let (source, strict) = match args.format {
        ImportFormat::Movielens { folder, strict } => {
            (Source::Movielens(movielens::Files::find(&folder)?), strict)
        }
        ImportFormat::Citeulike { folder, strict } => {
            (Source::Citeulike(citeulike::Files::find(&folder)?), strict)
        }
        ImportFormat::Csv { resources, links, interactions, strict } => {
            (Source::Csv(csv_files::Files { resources, links, interactions }), strict)
        }
        ImportFormat::Jsonl { files, strict } => (Source::Jsonl(files), strict),
    };
    let bar = progress::bytes(bytes(&source)?);
    let store = settings.open_store().await?;
    let config = SinkConfig { strict: strict.strict, rules: settings.engine.interactions };
    let mut sink = Sink::open(store.clone(), config).await?.with_progress(bar.clone());
    let read = match &source {
        Source::Movielens(files) => movielens::read(files, &mut sink, &bar).await,
        Source::Citeulike(files) => citeulike::read(files, &mut sink, &bar).await,
        Source::Csv(files) => csv_files::read(files, &mut sink, &bar).await,
        Source::Jsonl(files) => jsonl::read(files, &mut sink, &bar).await,
    };
    let ended = match read {
        Ok(()) => sink.finish().await,
        Err(error) => Err(sink.abandon(error).await),
    };
    bar.finish_and_clear();
    println!("{}", ended?);
    store.close().await?;
    Ok(exit::DONE)
}

/// All that will be read, counting what is read more than once.
fn bytes(source: &Source) -> anyhow::Result<u64> {
    let (paths, passes): (Vec<&PathBuf>, u64) = match source {
        Source::Movielens(files) => (files.all(), 1),
        Source::Citeulike(files) => (files.all(), 1),
        Source::Csv(files) => (files.all(), 1),
        Source::Jsonl(files) => (files.iter().collect(), jsonl::PASSES),
    };
    let mut total = 0;
    for path in paths {
        total += std::fs::metadata(path).with_context(|| format!("opening {}", path.display()))?.len();
    }
    Ok(total * passes)
}

/// A file to read, with the bytes counted on the bar.
fn open(path: &std::path::Path, bar: &ProgressBar) -> anyhow::Result<impl std::io::Read + use<>> {
    let file = std::fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
    bar.set_message(path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
    Ok(bar.wrap_read(file))
}
