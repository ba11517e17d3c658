#![allow(dead_code, reason = "shared by several suites, none of which uses all of it")]

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};

use docent_snapshot::{ObjectVersion, ReadObject, Remote, RemoteError, RemoteObject};

/// An object store in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Objects>>);

#[derive(Debug, Default)]
struct Objects {
    by_key: BTreeMap<String, (Vec<u8>, u64)>,
    writes: u64,
}

impl Objects {
    fn put(&mut self, key: &str, bytes: Vec<u8>) {
        self.writes += 1;
        self.by_key.insert(key.into(), (bytes, self.writes));
    }
}

impl Memory {
    pub fn new() -> impl Fn() -> Self {
        let store = Self::default();
        move || store.clone()
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.0.lock().unwrap()
    }
}

fn version(write: u64) -> ObjectVersion {
    ObjectVersion { e_tag: Some(format!("\"{write}\"")), version: None }
}

impl Remote for Memory {
    fn location(&self) -> &str {
        "s3://models/shop/eu"
    }

    fn read(
        &self,
        key: &str,
        max_bytes: u64,
        known: Option<&ObjectVersion>,
    ) -> Result<ReadObject, RemoteError> {
        match self.objects().by_key.get(key) {
            None => Ok(ReadObject::Missing),
            Some((_, write)) if known == Some(&version(*write)) => Ok(ReadObject::Unchanged),
            Some((bytes, _)) if bytes.len() as u64 > max_bytes => Err(RemoteError::TooLong(max_bytes)),
            Some((bytes, write)) => Ok(ReadObject::Read(bytes.clone(), version(*write))),
        }
    }

    fn read_range(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let objects = self.objects();
        let (bytes, _) = objects.by_key.get(key).ok_or(RemoteError::Missing)?;
        // As HTTP has it: the end may be beyond that of the object, the begin may not.
        let end = bytes.len().min(range.end as usize);
        let part = bytes.get(range.start as usize..end).filter(|part| !part.is_empty());
        Ok(part.ok_or_else(|| RemoteError::Failed("416 Range Not Satisfiable".into()))?.to_vec())
    }

    fn upload(&self, key: &str, file: &Path) -> Result<(), RemoteError> {
        self.objects().put(key, fs::read(file).map_err(RemoteError::File)?);
        Ok(())
    }

    fn replace(&self, key: &str, bytes: &[u8], expected: Option<&ObjectVersion>) -> Result<(), RemoteError> {
        let mut objects = self.objects();
        let found = objects.by_key.get(key).map(|(_, write)| version(*write));
        if found.as_ref() != expected {
            return Err(RemoteError::Conflict);
        }
        objects.put(key, bytes.to_vec());
        Ok(())
    }

    fn list(&self, folder: Option<&str>) -> Result<Vec<RemoteObject>, RemoteError> {
        let prefix = folder.map_or_else(String::new, |folder| format!("{folder}/"));
        let objects = self.objects();
        let listed = objects.by_key.iter().filter(|(key, _)| key.starts_with(&prefix));
        Ok(listed
            .map(|(key, (bytes, _))| RemoteObject { key: key.clone(), size_bytes: bytes.len() as u64 })
            .collect())
    }

    fn delete(&self, key: &str) -> Result<(), RemoteError> {
        self.objects().by_key.remove(key);
        Ok(())
    }
}
