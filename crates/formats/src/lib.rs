//! Reads and writes the files that Docent imports, exports and evaluates on.
//!
//! A [`Reader`] streams the [`Record`]s of a data set: links first, then resources, then
//! interactions. A line that breaks the format is an error that names the file and the line
//! ([`FormatError::Line`]); the reader continues with the next line, and the caller decides to skip
//! or to stop.
//!
//! Files of any layout are read twice: [`survey`] reads them from end to end, recognises their
//! compression, encoding, separator, columns, units and scales by a [`FileMapping`] or by
//! themselves, and finds what is wrong with a file as a whole; a [`MappedReader`] then reads the
//! records. [`KNOWN_SETS`] are mappings of the data sets that many use. [`JsonlWriter`] and
//! `ParquetRecords` write records. The files of evaluation protocols are read as plain ids
//! ([`LeaveOneOutFiles`], [`RankingFiles`], [`SequenceFile`], [`SessionFiles`],
//! [`citeulike::Articles`]).
//!
//! This crate must never write to a store, print, show progress or share types with the HTTP API.
//! An [`Opener`] of the caller sees every byte that is read.
//!
//! ```
//! use docent_formats::{FileMapping, InputFile, LocalFiles, MappedReader, Reader, Record, survey};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("events.csv");
//! std::fs::write(&path, "visitorid;itemid;event;timestamp\n7;tea;addtocart;1433221332117\n")?;
//!
//! let files = [InputFile { path, mapping: FileMapping::default(), stated: Vec::new() }];
//! let profiles = survey(&files, &[], &LocalFiles);
//! assert!(profiles[0].faults.is_empty());
//! let reader = MappedReader::new(profiles);
//! for located in reader.records(&LocalFiles) {
//!     let Record::Interaction(interaction) = located?.record else { unreachable!() };
//!     assert_eq!(interaction.interaction_type.as_str(), "collection_add");
//!     assert_eq!(interaction.at.unwrap().to_string(), "2015-06-02 05:02:12.117 UTC");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attributes;
pub mod citeulike;
mod fields;
mod jsonl;
mod leave_one_out;
mod lines;
mod mapped;
mod mapping;
mod numbered;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_columns;
#[cfg(feature = "parquet")]
mod parquet_records;
mod per_user;
mod ranking;
mod reader;
mod record;
mod sequences;
mod sessions;
mod sets;
mod survey;
mod tokens;
mod values;

pub use attributes::AttributeFile;
pub use citeulike::CiteulikeReader;
pub use docent_rows::{
    Compression, FormatError, Input, Layout, LocalFiles, Location, Opener, members, on_disk,
};
pub use jsonl::JsonlWriter;
pub use leave_one_out::{HeldOutItem, LeaveOneOutFiles};
pub use mapped::MappedReader;
pub use mapping::{Columns, FileMapping, Kind, Mapping};
pub use numbered::MAX_ID;
pub use output::PartialFile;
#[cfg(feature = "parquet")]
pub use parquet::{ParquetFile, ParquetKind, ParquetValue};
#[cfg(feature = "parquet")]
pub use parquet_columns::{ParquetColumn, ParquetColumns, parquet_files};
#[cfg(feature = "parquet")]
pub use parquet_records::ParquetRecords;
pub use per_user::{PerUserFile, PerUserRow, PerUserWriter};
pub use ranking::RankingFiles;
pub use reader::{Reader, Records};
pub use record::{Located, Record};
pub use sequences::SequenceFile;
pub use sessions::{Session, SessionEvent, SessionFiles};
pub use sets::{KNOWN_SETS, KnownSet, files_of, has_columns_of_set};
pub use survey::{ColumnProfile, FileProfile, InputFile, survey};
pub use tokens::Tokens;
pub use values::{
    rating::Scale,
    time::{TimeFormat, Unit, Zone},
};
