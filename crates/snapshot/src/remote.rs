use std::{error::Error as StdError, fmt, ops::Range, path::Path};

use thiserror::Error;

/// Cause of a failure beyond this machine.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// A place of objects beyond this machine, which holds the snapshots that a folder is a copy of.
///
/// Keys are relative to the place: `CURRENT`, or `<snapshot id>/<file name>`. Calls block, with a
/// limit of their own on the time that they take.
pub trait Remote: fmt::Debug + Send + Sync {
    /// Returns the place as in the configuration, for messages. It holds no secret.
    fn location(&self) -> &str;

    /// Reads an object of at most `max_bytes`, unless it still has the `known` version.
    ///
    /// # Errors
    /// Returns [`RemoteError::Failed`], and an error for a longer object.
    fn read(
        &self,
        key: &str,
        max_bytes: u64,
        known: Option<&ObjectVersion>,
    ) -> Result<ReadObject, RemoteError>;

    /// Reads a range of bytes, which is within the object.
    ///
    /// # Errors
    /// Returns [`RemoteError::Missing`] without the object, and [`RemoteError::Failed`].
    fn read_range(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, RemoteError>;

    /// Writes a file to an object. Readers see the whole object or none.
    ///
    /// # Errors
    /// Returns [`RemoteError::Failed`].
    fn upload(&self, key: &str, file: &Path) -> Result<(), RemoteError>;

    /// Writes an object if it has the `expected` version; without one, if it does not exist.
    ///
    /// # Errors
    /// Returns [`RemoteError::Conflict`] if it has another version, or exists; nothing was written
    /// then. Returns [`RemoteError::Failed`] if the outcome is not known.
    fn replace(&self, key: &str, bytes: &[u8], expected: Option<&ObjectVersion>) -> Result<(), RemoteError>;

    /// Returns all objects of the place whose keys begin with `folder` and a slash; of the whole
    /// place without one.
    ///
    /// # Errors
    /// Returns [`RemoteError::Failed`].
    fn list(&self, folder: Option<&str>) -> Result<Vec<RemoteObject>, RemoteError>;

    /// Deletes an object. One that does not exist is deleted already.
    ///
    /// # Errors
    /// Returns [`RemoteError::Failed`].
    fn delete(&self, key: &str) -> Result<(), RemoteError>;
}

/// Version of an object, by which a conditional write notices other writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// The `ETag` of the object.
    pub e_tag: Option<String>,
    /// The version that the store gives it, where it has versions.
    pub version: Option<String>,
}

/// Outcome of [`Remote::read`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadObject {
    /// There is no such object.
    Missing,
    /// The object still has the known version.
    Unchanged,
    /// The content of the object, and its version.
    Read(Vec<u8>, ObjectVersion),
}

/// An object of a [`Remote`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteObject {
    /// Key, relative to the place.
    pub key: String,
    /// Length in bytes.
    pub size_bytes: u64,
}

/// Failure of a call to a [`Remote`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The object has another version than expected.
    #[error("it was changed by another program")]
    Conflict,
    /// There is no such object.
    #[error("expected an object, found none")]
    Missing,
    /// Another process removes the snapshot.
    #[error("another process is removing it; the live model stays")]
    BeingRemoved,
    /// The object is longer than any of its kind.
    #[error("expected at most {0} bytes, found more")]
    TooLong(u64),
    /// The file that is to be uploaded cannot be read.
    #[error("the file to upload cannot be read: {0}")]
    File(#[source] std::io::Error),
    /// The store refused the caller.
    #[error("access was refused; check the credentials of this process and what they allow: {0}")]
    Refused(#[source] Cause),
    /// The store cannot be reached, or failed.
    #[error("the store failed or cannot be reached: {0}")]
    Failed(#[source] Cause),
}
