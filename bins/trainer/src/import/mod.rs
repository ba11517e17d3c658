//! `import`: reads files of other formats into the store.

mod links;
mod sink;
mod summary;

use std::{fs::File, io, path::Path};

use docent_formats::{FormatError, Input, Opener, Reader};
use indicatif::ProgressBar;

pub use sink::{Sink, SinkConfig};

use crate::{exit, progress, settings::Settings};

/// Imports a data set and prints a summary. Bad lines are skipped, unless the import is strict.
pub async fn run(settings: Settings, reader: &dyn Reader, is_strict: bool) -> anyhow::Result<u8> {
    let bar = progress::bytes(reader.size_bytes()?);
    let store = settings.open_or_create_store().await?;
    let config = SinkConfig { is_strict, rules: settings.engine.interactions };
    let mut sink = Sink::open(store.clone(), config).await?.with_progress(bar.clone());
    let ended = match read(reader, &mut sink, &bar).await {
        Ok(()) => sink.finish().await,
        Err(error) => Err(sink.abandon(error).await),
    };
    bar.finish_and_clear();
    println!("{}", ended?);
    store.close().await?;
    Ok(exit::DONE)
}

async fn read(reader: &dyn Reader, sink: &mut Sink, bar: &ProgressBar) -> anyhow::Result<()> {
    let files = CountedFiles { bar };
    for located in reader.records(&files) {
        match located {
            Ok(located) => sink.write(located.record, located.location).await?,
            Err(FormatError::Line { location, reason }) => sink.skip(&location, reason)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Opens files and counts the bytes that are read on a bar.
struct CountedFiles<'a> {
    bar: &'a ProgressBar,
}

impl Opener for CountedFiles<'_> {
    fn open(&self, path: &Path) -> io::Result<Input> {
        let file = File::open(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        self.bar.set_message(name.unwrap_or_default());
        Ok(Box::new(self.bar.wrap_read(file)))
    }
}
