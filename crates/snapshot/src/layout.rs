//! Names of files and folders, as the documentation of the crate describes them.

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const CURRENT: &str = "CURRENT";
/// Prefix of everything that a writer has not finished. Readers ignore it.
pub(crate) const DRAFT_PREFIX: &str = ".draft-";
/// Prefix of the pointer to a snapshot that is about to become live for the first time.
pub(crate) const PENDING_PREFIX: &str = ".draft-live-";
pub(crate) const TRAINING_LOCK: &str = ".training.lock";
pub(crate) const PUBLISH_LOCK: &str = ".publish.lock";

/// A published snapshot, named by its id and the checksum of its manifest, as in `CURRENT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// ULID that names the snapshot.
    pub id: String,
    /// BLAKE3 of the manifest, as 64 hexadecimal digits.
    pub manifest_blake3: String,
}

impl Published {
    /// Returns the content of `CURRENT` that makes this the live snapshot.
    pub(crate) fn pointer(&self) -> String {
        format!("{} {}\n", self.id, self.manifest_blake3)
    }
}
