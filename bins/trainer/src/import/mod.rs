//! `import`: reads files of other formats into the store.
//!
//! Files are read from end to end three times: to recognise what they are, to check every record,
//! and to write. Faults of a file as a whole are found before anything is written.

mod check;
mod links;
mod parts;
mod report;
pub mod rows;
mod sink;
mod store_ids;
mod summary;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use chrono::{TimeDelta, Utc};
use docent::storage::StoreConfig;
use docent_formats::{
    CiteulikeReader, FileProfile, FormatError, Input, InputFile, MappedReader, Opener, Reader, on_disk,
    survey,
};
use indicatif::ProgressBar;

pub use self::sink::{Sink, SinkConfig};
use self::{check::Checked, store_ids::Ids};
use crate::{cli::import::ImportOptions, exit, progress, settings::Settings};

/// Time that a clock elsewhere may be ahead.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Files to import.
#[derive(Debug)]
pub enum DataSet {
    /// Files that a mapping describes.
    Files(Vec<InputFile>),
    /// A citeulike folder, whose lines number users and articles.
    Citeulike(CiteulikeReader),
}

/// Imports a data set and prints a summary. Bad lines are skipped, unless the import is strict.
pub async fn run(settings: Settings, data_set: DataSet, options: ImportOptions) -> anyhow::Result<u8> {
    let rules = settings.engine.interactions.clone();
    let bar = progress::bytes(0);
    let types: Vec<String> = rules.custom.keys().cloned().collect();
    let reader = open(data_set, &types, &bar, options.dry_run)?;
    bar.inc_length(2 * reader.reader().size_bytes()?);
    // A dry run creates no store either.
    let is_new =
        StoreConfig::new(&settings.engine.database_url).sqlite_file().is_some_and(|path| !path.exists());
    let store = if options.dry_run && is_new { None } else { Some(settings.open_or_create_store().await?) };
    let known = match &store {
        Some(store) => store_ids::read(store).await?,
        None => Ids::default(),
    };
    let checked = check::run(reader.reader(), &CountedFiles { bar: &bar }, &rules, known, options)?;
    let refusal = checked.refusal(options.strict);
    let store = match (store, refusal) {
        (Some(store), None) if !options.dry_run => store,
        (store, refusal) => {
            bar.finish_and_clear();
            if options.dry_run {
                print!("{}", report::text(reader.profiles(), &checked));
            }
            if let Some(store) = store {
                store.close().await?;
            }
            return refusal.map_or(Ok(exit::DONE), Err);
        }
    };
    let config = SinkConfig {
        is_strict: options.strict,
        is_checked: true,
        creates_missing: checked.creates_missing(),
        rules,
        interactions: checked.interactions.values().map(|counted| counted.all).sum(),
        scratch: scratch_folder(&settings),
    };
    let mut sink = Sink::open(store.clone(), config).await?.with_progress(bar.clone());
    // A strict import is one transaction, which nothing else can write beside.
    let left = if options.strict { None } else { store.leave_indexes_for_later().await? };
    let ended = match read(reader.reader(), &mut sink, &bar).await {
        Ok(()) => sink.finish().await,
        Err(error) => Err(sink.abandon(error).await),
    };
    bar.set_message("building indexes");
    let completed = store.complete_indexes().await;
    drop(left);
    bar.finish_and_clear();
    let summary = ended?;
    print!("{}", report::notes(reader.profiles(), &checked));
    println!("{summary}");
    completed.context("indexes cannot be built; the next program that opens the store tries again")?;
    store.close().await?;
    if summary.is_empty() {
        bail!("nothing was imported: no record went in");
    }
    Ok(exit::DONE)
}

/// Returns the folder for temporary files: that of a SQLite store, which has room for its data.
fn scratch_folder(settings: &Settings) -> PathBuf {
    let file = StoreConfig::new(&settings.engine.database_url).sqlite_file();
    let folder = file.and_then(|file| Some(file.parent()?.to_owned()));
    match folder {
        Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
        Some(folder) => folder,
        None => std::env::temp_dir(),
    }
}

/// A reader of records, and what the first reading found.
enum Source {
    Mapped(MappedReader),
    Citeulike(CiteulikeReader),
}

impl Source {
    fn reader(&self) -> &dyn Reader {
        match self {
            Self::Mapped(reader) => reader,
            Self::Citeulike(reader) => reader,
        }
    }

    fn profiles(&self) -> &[FileProfile] {
        match self {
            Self::Mapped(reader) => reader.files(),
            Self::Citeulike(_) => &[],
        }
    }
}

/// Reads every file once. Fails with all faults of all files.
fn open(data_set: DataSet, types: &[String], bar: &ProgressBar, is_dry: bool) -> anyhow::Result<Source> {
    let files = match data_set {
        DataSet::Citeulike(reader) => return Ok(Source::Citeulike(reader)),
        DataSet::Files(files) => files,
    };
    for file in &files {
        bar.inc_length(std::fs::metadata(on_disk(&file.path)).map_or(0, |metadata| metadata.len()));
    }
    let profiles = survey(&files, types, &CountedFiles { bar });
    let faults: Vec<&str> = profiles.iter().flat_map(|profile| &profile.faults).map(String::as_str).collect();
    if !faults.is_empty() {
        bar.finish_and_clear();
        if is_dry {
            print!("{}", report::files(&profiles));
        }
        return Err(anyhow!("{}", faults.join("\n")).context("nothing was imported"));
    }
    Ok(Source::Mapped(MappedReader::new(profiles)))
}

async fn read(reader: &dyn Reader, sink: &mut Sink, bar: &ProgressBar) -> anyhow::Result<()> {
    let files = CountedFiles { bar };
    let latest = Utc::now() + CLOCK_TOLERANCE;
    for located in reader.records(&files) {
        match located {
            Ok(located) => match check::future(&located, latest) {
                None => sink.write(located).await?,
                Some(reason) => sink.skip(&located.location, reason)?,
            },
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

impl Checked {
    /// Returns the reason to write nothing.
    fn refusal(&self, is_strict: bool) -> Option<anyhow::Error> {
        let refused = |reason: String| Some(anyhow!(reason).context("nothing was imported"));
        if let Some(swapped) = self.swapped() {
            return refused(swapped);
        }
        if let Some(useless) = self.useless_file() {
            return refused(useless);
        }
        if is_strict && let Some(first) = self.problems.first() {
            let more = self.n_problems - 1;
            let more = if more == 0 { String::new() } else { format!("\n{more} more lines are bad") };
            return refused(format!("{first}{more}"));
        }
        if self.is_empty() {
            return refused("the files hold no record that can be imported".to_owned());
        }
        None
    }
}
