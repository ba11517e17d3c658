//! Stores models as immutable, versioned, checksummed snapshots, and points to the live one.
//!
//! A trainer writes snapshots, servers read them. This crate must never interpret the files of a
//! snapshot, modify a published one, or return bytes that do not match the manifest.
//!
//! ```
//! use docent_snapshot::{SnapshotStore, Tensor};
//! # let folder = tempfile::tempdir().unwrap();
//! let store = SnapshotStore::new(folder.path());
//! let mut draft = store.draft()?;
//! draft.put_tensors("weights", &[Tensor::new("w", vec![2, 2], vec![1.0, 2.0, 3.0, 4.0])?])?;
//! let id = draft.publish(serde_json::json!({"note": "first"}))?;
//! store.promote(&id)?;
//! let live = store.open_current()?.expect("a snapshot was promoted");
//! assert_eq!(live.tensors("weights")?.take("w", &[2, 2])?, [1.0, 2.0, 3.0, 4.0]);
//! # Ok::<(), docent_snapshot::SnapshotError>(())
//! ```
//!
//! # File layout
//!
//! ```text
//! snapshots/
//!   CURRENT                           pointer to the live snapshot
//!   01KB5Y0V8CQ0F4S3W2N1M9T6RD/       one snapshot, named by its id
//!     manifest.json                   format version, info, size and checksum of every file
//!     manifest.blake3                 checksum of the manifest
//!     ids.json                        a JSON document
//!     vectors.safetensors             a tensor file
//!     …
//!   .training.lock                    locked by a trainer while it runs
//!   .publish.lock                     locked while snapshots are published, promoted or removed
//!   .draft-…                          unfinished work of a writer
//! ```
//!
//! **Snapshot ids** are [ULIDs](https://github.com/ulid/spec): 26 characters that sort by time of
//! creation. A folder whose name is not a ULID is not a snapshot.
//!
//! **`CURRENT`** is one line of text: the id of the live snapshot, a space, the BLAKE3 checksum of
//! its `manifest.json` as 64 hexadecimal digits, and a newline.
//!
//! **`manifest.json`** is a JSON object:
//!
//! | field | type | meaning |
//! |---|---|---|
//! | `format_version` | integer | [`FORMAT_VERSION`] of the writer; readers refuse 0 and a larger one |
//! | `id` | string | id of the snapshot |
//! | `created_at` | string | time when the manifest was written (RFC 3339) |
//! | `info` | any | description by the writer: configuration, metrics, data watermark |
//! | `files` | object | by file name: `size_bytes` (integer) and `blake3` (64 hexadecimal digits) |
//!
//! `files` lists every file of the folder except `manifest.json` and `manifest.blake3`, which holds
//! the BLAKE3 of the manifest as 64 hexadecimal digits; snapshots of format 1 lack it. A file that
//! the manifest does not list is never read.
//!
//! Names are letters, digits, dots, hyphens and underscores, and end in `.json` or `.safetensors`.
//! Only plain files are opened: no links, pipes and devices. A manifest has at most 4 MiB and 1,000
//! files of at most 64 GiB each.
//!
//! **`<name>.json`** is a JSON document written by [`Draft::put_json`].
//!
//! **`<name>.safetensors`** is written by [`Draft::put_tensors`] in the
//! [safetensors](https://github.com/huggingface/safetensors) format. Each tensor has a name, a
//! shape and the type `F32` or `U32`; values are row-major and little-endian. An `F32` is finite
//! and at most [`MAX_MAGNITUDE`] in magnitude.
//!
//! The names and the meaning of these files are up to the writer, the crate `docent-models`. By its
//! convention `ids.json` maps item rows to resource ids, and row `i` of every other file is about
//! the item of row `i` there.
//!
//! # Publication
//!
//! | name | meaning |
//! |---|---|
//! | `.draft-<id>/` | a snapshot that is being written |
//! | `.draft-live-<id>` | next `CURRENT` while `<id>` is published; `<id>` does not count yet |
//! | `.draft-CURRENT-<ulid>` | next `CURRENT` while an existing snapshot is promoted |
//! | `.draft-removed-<id>/` | a snapshot that is being removed |
//!
//! Every file is synced, a snapshot is renamed to its id as a whole, its parent folder is synced,
//! and `CURRENT` is replaced by a rename. A reader therefore sees the old or the new snapshot,
//! never a part of one, even if the writer is killed at any moment; see [`SnapshotStore::go_live`].
//! Remains of a killed writer are removed by [`SnapshotStore::recover`] and
//! [`SnapshotStore::prune`].
//!
//! Every file is compared with its size and checksum before it is parsed.
//!
//! # Object stores
//!
//! The folder may be the copy of a place in an object store ([`Remote`]), with the same names as
//! keys. There, the files of a snapshot are uploaded under its id, which is unique, then its
//! manifest; then `CURRENT` is replaced if it still has the version that its writer has seen. Of
//! two writers one publishes, and the other gets [`SnapshotError::Overtaken`]. Readers call
//! [`SnapshotStore::pull`], which downloads what is missing, checks it, and moves the `CURRENT` of
//! the folder.
//!
//! Beside the files of a snapshot there may be marks, which are no part of it:
//!
//! | key | meaning |
//! |---|---|
//! | `<id>/.promoting-<ulid>` | a process makes it the live one; it is not removed meanwhile |
//! | `<id>/.removing-<ulid>` | a process removes it; it is not made live meanwhile |
//! | `<id>/.was-live` | it was live before another took its place |
//!
//! The folder has in addition:
//!
//! | name | meaning |
//! |---|---|
//! | `.download-<id>/` | a snapshot that is being downloaded, or whose download was interrupted |
//! | `.downloads.lock` | locked while a process downloads into the folder |

mod draft;
mod error;
mod failpoint;
mod files;
mod layout;
mod lock;
mod manifest;
mod mirror;
mod place;
mod publication;
mod pull;
mod remote;
mod snapshot;
mod store;
mod tensors;

pub use draft::Draft;
pub use error::SnapshotError;
#[doc(hidden)]
pub use failpoint::die_at;
pub use layout::Published;
pub use lock::TrainingLock;
pub use manifest::{FORMAT_VERSION, FileEntry, Manifest};
pub use mirror::Base;
pub use place::Place;
pub use remote::{Cause, ObjectVersion, ReadObject, Remote, RemoteError, RemoteObject};
pub use snapshot::Snapshot;
pub use store::SnapshotStore;
pub use tensors::{MAX_MAGNITUDE, Tensor, Tensors};
