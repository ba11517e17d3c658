use std::{fs::File, io::Read, ops::Range, pin::pin, sync::Arc, time::Duration};

use docent_snapshot::{ObjectVersion, ReadObject, Remote, RemoteError, RemoteObject};
use futures::{Stream, TryStreamExt};
use object_store::{
    Error, GetOptions, ObjectStore as Objects, ObjectStoreExt, PutMode, PutPayload, UpdateVersion,
    WriteMultipart, path::Path,
};
use tokio::time::timeout;

use crate::{ConnectError, blocking::Requests};

/// Size of the parts of an upload, and of the largest file that is uploaded at once. A store has at
/// most 10,000 parts of an object, and the largest file of a snapshot has 64 GiB.
const PART_BYTES: usize = 8 << 20;
/// Number of parts that are uploaded at the same time.
const PARTS_AT_ONCE: usize = 4;

/// Time without a byte of an answer after which it is not waited for any longer. The whole of an
/// object may take as long as the link needs.
const MAX_SILENCE: Duration = Duration::from_secs(60);

/// A place in an object store.
#[derive(Debug)]
pub struct ObjectStore {
    store: Arc<dyn Objects>,
    prefix: Path,
    location: String,
    requests: Requests,
}

impl ObjectStore {
    /// Creates the place below `prefix` of any store, which is called `location` in messages.
    ///
    /// # Errors
    /// Returns [`ConnectError::Thread`].
    pub fn new(
        store: Arc<dyn Objects>,
        prefix: Path,
        location: impl Into<String>,
    ) -> Result<Self, ConnectError> {
        Ok(Self { store, prefix, location: location.into(), requests: Requests::start()? })
    }

    fn path(&self, key: &str) -> Path {
        key.split('/').fold(self.prefix.clone(), Path::join)
    }
}

impl Remote for ObjectStore {
    fn location(&self) -> &str {
        &self.location
    }

    fn read(
        &self,
        key: &str,
        max_bytes: u64,
        known: Option<&ObjectVersion>,
    ) -> Result<ReadObject, RemoteError> {
        let (store, path) = (Arc::clone(&self.store), self.path(key));
        let options = GetOptions {
            if_none_match: known.and_then(|version| version.e_tag.clone()),
            ..GetOptions::default()
        };
        self.requests.wait_for(async move {
            let found = match in_time(MAX_SILENCE, store.get_opts(&path, options)).await {
                Ok(found) => found,
                Err(Error::NotFound { .. }) => return Ok(ReadObject::Missing),
                Err(Error::NotModified { .. }) => return Ok(ReadObject::Unchanged),
                Err(error) => return Err(failed(error)),
            };
            if found.meta.size > max_bytes {
                return Err(RemoteError::TooLong(max_bytes));
            }
            let version =
                ObjectVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            let bytes = received(MAX_SILENCE, found.into_stream()).await.map_err(failed)?;
            Ok(ReadObject::Read(bytes, version))
        })
    }

    fn read_range(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let (store, path) = (Arc::clone(&self.store), self.path(key));
        self.requests.wait_for(async move {
            let options = GetOptions { range: Some(range.into()), ..GetOptions::default() };
            match in_time(MAX_SILENCE, store.get_opts(&path, options)).await {
                Ok(found) => received(MAX_SILENCE, found.into_stream()).await.map_err(failed),
                Err(Error::NotFound { .. }) => Err(RemoteError::Missing),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn upload(&self, key: &str, file: &std::path::Path) -> Result<(), RemoteError> {
        let (store, path) = (Arc::clone(&self.store), self.path(key));
        let mut file = File::open(file).map_err(RemoteError::File)?;
        self.requests.wait_for(async move {
            let part = read_part(&mut file)?;
            if part.len() < PART_BYTES {
                store.put(&path, part.into()).await.map_err(failed)?;
                return Ok(());
            }
            let upload = in_time(MAX_SILENCE, store.put_multipart(&path)).await.map_err(failed)?;
            let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
            if let Err(error) = upload_parts(&mut upload, part, &mut file).await {
                // Parts of an abandoned upload cost space until the store drops them.
                let _unreachable = upload.abort().await;
                return Err(error);
            }
            upload.finish().await.map_err(failed)?;
            Ok(())
        })
    }

    fn replace(&self, key: &str, bytes: &[u8], expected: Option<&ObjectVersion>) -> Result<(), RemoteError> {
        let (store, path) = (Arc::clone(&self.store), self.path(key));
        let mode = match expected.cloned() {
            None => PutMode::Create,
            Some(ObjectVersion { e_tag, version }) => PutMode::Update(UpdateVersion { e_tag, version }),
        };
        let payload = PutPayload::from(bytes.to_vec());
        self.requests.wait_for(async move {
            match in_time(MAX_SILENCE, store.put_opts(&path, payload, mode.into())).await {
                Ok(_) => Ok(()),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Err(RemoteError::Conflict),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn list(&self, folder: Option<&str>) -> Result<Vec<RemoteObject>, RemoteError> {
        let (store, prefix) = (Arc::clone(&self.store), self.prefix.clone());
        let folder = folder.map_or_else(|| prefix.clone(), |folder| self.path(folder));
        self.requests.wait_for(async move {
            let (mut objects, mut listed) = (store.list(Some(&folder)), Vec::new());
            while let Some(object) = in_time(MAX_SILENCE, objects.try_next()).await.map_err(failed)? {
                let Some(parts) = object.location.prefix_match(&prefix) else { continue };
                let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
                listed.push(RemoteObject { key: parts.join("/"), size_bytes: object.size });
            }
            Ok(listed)
        })
    }

    fn delete(&self, key: &str) -> Result<(), RemoteError> {
        let (store, path) = (Arc::clone(&self.store), self.path(key));
        self.requests.wait_for(async move {
            match in_time(MAX_SILENCE, store.delete(&path)).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(failed(error)),
            }
        })
    }
}

/// Waits for an answer, or the next part of one, as long as `silence`.
async fn in_time<T>(silence: Duration, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(silence, answer).await.unwrap_or_else(|_| {
        let source = format!("no byte for {} seconds", silence.as_secs()).into();
        Err(Error::Generic { store: "object store", source })
    })
}

/// Returns all bytes of an object or range, each part of which arrives in time.
async fn received<B: AsRef<[u8]>>(
    silence: Duration,
    parts: impl Stream<Item = Result<B, Error>>,
) -> Result<Vec<u8>, Error> {
    let mut parts = pin!(parts);
    let mut bytes = Vec::new();
    while let Some(part) = in_time(silence, parts.try_next()).await? {
        bytes.extend_from_slice(part.as_ref());
    }
    Ok(bytes)
}

async fn upload_parts(
    upload: &mut WriteMultipart,
    mut part: Vec<u8>,
    file: &mut File,
) -> Result<(), RemoteError> {
    while !part.is_empty() {
        upload.wait_for_capacity(PARTS_AT_ONCE).await.map_err(failed)?;
        upload.put(part.into());
        part = read_part(file)?;
    }
    Ok(())
}

/// Reads the next part of a file, which is empty at its end.
fn read_part(file: &mut File) -> Result<Vec<u8>, RemoteError> {
    let mut part = Vec::new();
    file.take(PART_BYTES as u64).read_to_end(&mut part).map_err(RemoteError::File)?;
    Ok(part)
}

fn failed(error: Error) -> RemoteError {
    match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => RemoteError::Refused(error.into()),
        other => RemoteError::Failed(other.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use futures::{StreamExt, stream};
    use tokio::time::sleep;

    use super::*;

    /// Yields one byte at a time, each after a pause.
    fn slow(count: u32, pause: Duration) -> impl Stream<Item = Result<[u8; 1], Error>> {
        stream::iter(0..count).then(move |_| async move {
            sleep(pause).await;
            Ok([7])
        })
    }

    #[tokio::test]
    async fn a_slow_answer_is_read_to_its_end_and_a_silent_one_is_not_waited_for() {
        // All parts together take longer than the silence between two may last.
        let bytes = received(Duration::from_secs(2), slow(12, Duration::from_millis(200))).await.unwrap();
        assert_eq!(bytes, [7; 12]);
        let silent = slow(3, Duration::ZERO).chain(stream::pending());
        let error = received(Duration::from_secs(1), silent).await.unwrap_err().to_string();
        assert!(error.contains("no byte for 1 seconds"), "{error}");
    }
}
