//! The immutable, versioned, checksummed model that a trainer publishes and a server loads.
//!
//! ```text
//! snapshots/
//!   CURRENT                      "<ulid> <BLAKE3 of its manifest>": the live snapshot
//!   01J…/manifest.json           format version, info, size and BLAKE3 of every file
//!   01J…/vectors.safetensors …   tensors and JSON documents
//! ```
//!
//! A snapshot is written under a temporary name, synced, renamed, and its folder synced; `CURRENT` is replaced the same
//! way. A reader sees the old or the new one, never half, even where a writer is killed ([`SnapshotStore::go_live`]). What is read is checked against the manifest before it is
//! parsed. This crate knows nothing of what the files mean.
//!
//! ```
//! use docent_snapshot::{SnapshotStore, Tensor};
//! # let folder = tempfile::tempdir().unwrap();
//! let store = SnapshotStore::new(folder.path());
//! let mut draft = store.draft()?;
//! draft.put_tensors("weights", &[Tensor::new("w", vec![2, 2], vec![1.0, 2.0, 3.0, 4.0])?])?;
//! let id = draft.publish(serde_json::json!({"note": "first"}))?;
//! store.promote(&id)?;
//! let live = store.open_current()?.expect("just promoted");
//! assert_eq!(live.tensors("weights")?.take("w", &[2, 2])?, [1.0, 2.0, 3.0, 4.0]);
//! # Ok::<(), docent_snapshot::SnapshotError>(())
//! ```

mod draft;
mod error;
mod failpoint;
mod files;
mod lock;
mod manifest;
mod publication;
mod snapshot;
mod store;
mod tensors;

pub use draft::Draft;
pub use error::SnapshotError;
#[doc(hidden)]
pub use failpoint::die_at;
pub use lock::TrainingLock;
pub use manifest::{FORMAT_VERSION, FileEntry, Manifest};
pub use snapshot::Snapshot;
pub use store::{Published, SnapshotStore};
pub use tensors::{Tensor, Tensors};
