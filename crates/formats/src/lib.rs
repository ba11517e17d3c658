//! Reads and writes the files that Docent imports, exports and evaluates on.
//!
//! A [`Reader`] streams the [`Record`]s of a data set: links first, then resources, then
//! interactions. A line that breaks the format is an error that names the file and the line
//! ([`FormatError::Line`]); the reader continues with the next line, and the caller decides to skip
//! or to stop. [`JsonlWriter`] writes records. The files of evaluation protocols are read as plain
//! ids ([`LeaveOneOutFiles`], [`RankingFiles`], [`SequenceFile`], [`SessionFiles`],
//! [`citeulike::Articles`]).
//!
//! This crate must never write to a store, print, show progress or share types with the HTTP API.
//! An [`Opener`] of the caller sees every byte that is read.
//!
//! ```
//! use docent_formats::{JsonlWriter, Record, jsonl};
//!
//! let text = r#"{"type": "resource", "id": "a", "title": "First"}"#;
//! let mut writer = JsonlWriter::new("copy", Vec::new());
//! for located in jsonl::records("memory", text.as_bytes()) {
//!     let located = located?;
//!     assert_eq!(located.location.to_string(), "memory:1");
//!     let Record::Resource { resource, .. } = &located.record else { unreachable!() };
//!     assert_eq!(resource.title, "First");
//!     writer.write(&located.record)?;
//! }
//! assert!(writer.into_inner().starts_with(b"{"));
//! # Ok::<(), docent_formats::FormatError>(())
//! ```

mod attributes;
pub mod citeulike;
pub mod csv;
mod error;
mod fields;
pub mod jsonl;
mod leave_one_out;
mod lines;
mod location;
mod movielens;
mod numbered;
mod output;
mod per_user;
mod ranking;
mod reader;
mod record;
mod sequences;
mod sessions;
mod table;
mod tokens;

pub use attributes::AttributeFile;
pub use citeulike::CiteulikeReader;
pub use csv::CsvReader;
pub use error::FormatError;
pub use jsonl::{JsonlReader, JsonlWriter};
pub use leave_one_out::{HeldOutItem, LeaveOneOutFiles};
pub use location::Location;
pub use movielens::MovielensReader;
pub use numbered::MAX_ID;
pub use output::PartialFile;
pub use per_user::{PerUserFile, PerUserRow, PerUserWriter};
pub use ranking::RankingFiles;
pub use reader::{Input, LocalFiles, Opener, Reader, Records};
pub use record::{Located, Record};
pub use sequences::SequenceFile;
pub use sessions::{Session, SessionEvent, SessionFiles};
pub use tokens::Tokens;
