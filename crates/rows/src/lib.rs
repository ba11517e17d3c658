//! Reads the rows of files of any layout, compression and encoding, all of which are recognised by
//! content.
//!
//! A row that breaks its layout is a [`FormatError::Line`], and the next row follows; an unclosed
//! quote costs one record. A file that is cut, damaged or of two encodings ends with another error.
//!
//! This crate must never know what a column means.
//!
//! ```
//! use docent_rows::{Cell, LocalFiles, Place, RowOptions, Rows};
//!
//! let path = std::env::temp_dir().join("docent-rows.csv");
//! std::fs::write(&path, "id;title\na;\"Salt; wind\"\n")?;
//! let mut rows = Rows::open(&path, &LocalFiles, &RowOptions::default())?;
//! assert_eq!(rows.columns(), Some(&["id".to_owned(), "title".to_owned()][..]));
//! assert!(matches!(rows.advance(), Some(Ok(()))));
//! assert_eq!(rows.row().get(&Place::At(1)), Some(Cell::Text("Salt; wind")));
//! assert_eq!(rows.location().line(), 2);
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod delimited;
mod dialect;
mod error;
mod files;
mod input;
mod json;
mod list;
mod location;
#[cfg(feature = "parquet")]
mod parquet;
mod python;
mod rows;
mod window;

pub use error::FormatError;
pub use files::{Input, LocalFiles, Opener, open};
pub use input::{Charset, Compression, Declared, Evidence, Verdict, members, on_disk};
pub use list::texts;
pub use location::Location;
pub use python::literal;
pub use rows::{Cell, Layout, Place, Row, RowOptions, Rows, cell_of, scalar};
