#![allow(dead_code, reason = "shared by several suites, none of which uses all of it")]

use std::{
    fmt,
    ops::Range,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use docent_snapshot::{ObjectVersion, ReadObject, Remote, RemoteError, RemoteObject};

/// Something that goes wrong between a machine and the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No call reaches the store.
    Away,
    /// Uploads fail after this number of them.
    UploadsAfter(u64),
    /// Uploads end early, and claim success.
    TruncatedUploads,
    /// Reads of ranges fail after this number of them.
    RangesAfter(u64),
    /// The pointer is written, and the answer is lost.
    PointerAnswerLost,
    /// The pointer is written, and a request that was repeated conflicts with that.
    PointerConflictsWithItself,
    /// The pointer is not written, and afterwards nothing reaches the store.
    AwayFromPointerOn,
}

/// Something that happens between two calls.
type Hook = Box<dyn FnOnce() + Send>;

/// A store with faults, which counts what is read.
pub struct Faulty {
    inner: Arc<dyn Remote>,
    fault: Mutex<Option<Fault>>,
    /// End of the key of a call, and what happens before the next such call.
    before: Mutex<Option<(&'static str, &'static str, Hook)>>,
    calls: AtomicU64,
    range_bytes: AtomicU64,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Remote>) -> Self {
        let (fault, before) = (Mutex::default(), Mutex::default());
        Self { inner, fault, before, calls: AtomicU64::new(0), range_bytes: AtomicU64::new(0) }
    }

    pub fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
        self.calls.store(0, Ordering::Relaxed);
    }

    /// Returns the number of bytes of files that were read since the last call.
    pub fn take_range_bytes(&self) -> u64 {
        self.range_bytes.swap(0, Ordering::Relaxed)
    }

    fn fault(&self) -> Option<Fault> {
        *self.fault.lock().unwrap()
    }

    /// Lets something happen before the next call of this name for a key with this end.
    pub fn before(&self, call: &'static str, key_end: &'static str, hook: impl FnOnce() + Send + 'static) {
        *self.before.lock().unwrap() = Some((call, key_end, Box::new(hook)));
    }

    fn reach(&self, call: &str, key: &str) -> Result<(), RemoteError> {
        let is_due = |(of, end, _): &mut (&str, &str, Hook)| *of == call && key.ends_with(*end);
        let hook = self.before.lock().unwrap().take_if(is_due);
        if let Some((.., hook)) = hook {
            hook();
        }
        if self.fault() == Some(Fault::Away) { Err(lost()) } else { Ok(()) }
    }
}

fn lost() -> RemoteError {
    RemoteError::Failed("connection reset by peer".into())
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Remote for Faulty {
    fn location(&self) -> &str {
        self.inner.location()
    }

    fn read(
        &self,
        key: &str,
        max_bytes: u64,
        known: Option<&ObjectVersion>,
    ) -> Result<ReadObject, RemoteError> {
        self.reach("read", key)?;
        self.inner.read(key, max_bytes, known)
    }

    fn read_range(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        self.reach("read_range", key)?;
        if let Some(Fault::RangesAfter(allowed)) = self.fault()
            && self.calls.fetch_add(1, Ordering::Relaxed) >= allowed
        {
            return Err(lost());
        }
        let bytes = self.inner.read_range(key, range)?;
        self.range_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    fn upload(&self, key: &str, file: &Path) -> Result<(), RemoteError> {
        self.reach("upload", key)?;
        match self.fault() {
            Some(Fault::UploadsAfter(allowed)) if self.calls.fetch_add(1, Ordering::Relaxed) >= allowed => {
                Err(lost())
            }
            Some(Fault::TruncatedUploads) => {
                let bytes = std::fs::read(file).unwrap();
                let part = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(part.path(), &bytes[..bytes.len() / 2]).unwrap();
                self.inner.upload(key, part.path())
            }
            _ => self.inner.upload(key, file),
        }
    }

    fn replace(&self, key: &str, bytes: &[u8], expected: Option<&ObjectVersion>) -> Result<(), RemoteError> {
        self.reach("replace", key)?;
        match self.fault().filter(|_| key == "CURRENT") {
            Some(Fault::AwayFromPointerOn) => {
                self.set(Some(Fault::Away));
                Err(lost())
            }
            Some(Fault::PointerAnswerLost) => self.inner.replace(key, bytes, expected).and(Err(lost())),
            Some(Fault::PointerConflictsWithItself) => {
                self.inner.replace(key, bytes, expected).and(Err(RemoteError::Conflict))
            }
            _ => self.inner.replace(key, bytes, expected),
        }
    }

    fn list(&self, folder: Option<&str>) -> Result<Vec<RemoteObject>, RemoteError> {
        self.reach("list", folder.unwrap_or_default())?;
        self.inner.list(folder)
    }

    fn delete(&self, key: &str) -> Result<(), RemoteError> {
        self.reach("delete", key)?;
        self.inner.delete(key)
    }
}
