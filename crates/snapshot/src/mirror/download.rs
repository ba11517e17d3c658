use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use super::Mirror;
use crate::{
    FileEntry, SnapshotError,
    failpoint::die_at,
    files::{rename_synced, sync_folder},
    layout::{DOWNLOAD_PREFIX, MANIFEST, MANIFEST_CHECKSUM},
};

/// Number of bytes of one request. An interrupted download loses at most as many.
const RANGE_BYTES: u64 = 8 << 20;
/// Interval of messages on a long download.
const MESSAGE_INTERVAL: Duration = Duration::from_secs(10);

impl Mirror {
    /// Copies a snapshot to the folder `root`, under its id. A download that was interrupted goes
    /// on from what is there; every file is compared with the manifest, and the manifest with
    /// `manifest_blake3` where that is known.
    pub(crate) fn download(
        &self,
        root: &Path,
        id: &str,
        manifest_blake3: Option<&str>,
    ) -> Result<(), SnapshotError> {
        let (manifest, bytes, found) = self.manifest(id)?;
        if let Some(expected) = manifest_blake3
            && expected != found
        {
            let path = self.path(&format!("{id}/{MANIFEST}"));
            return Err(SnapshotError::damaged(path, format!("expected BLAKE3 {expected}, found {found}")));
        }
        let folder = root.join(format!("{DOWNLOAD_PREFIX}{id}"));
        fs::create_dir_all(&folder).map_err(SnapshotError::io(&folder))?;
        let mut progress = Progress::start(id, manifest.size_bytes());
        for (name, entry) in &manifest.files {
            self.download_file(&format!("{id}/{name}"), entry, &folder.join(name), &mut progress)?;
        }
        write_anew(&folder.join(MANIFEST), &bytes)?;
        write_anew(&folder.join(MANIFEST_CHECKSUM), format!("{found}\n").as_bytes())?;
        sync_folder(&folder)?;
        die_at("download-complete");
        rename_synced(&folder, &root.join(id))?;
        progress.end(self.location());
        Ok(())
    }

    /// Copies one file, from the byte on that is missing.
    fn download_file(
        &self,
        key: &str,
        entry: &FileEntry,
        target: &Path,
        progress: &mut Progress,
    ) -> Result<(), SnapshotError> {
        let (mut hasher, mut done) = hash_part(target, entry)?;
        progress.kept_bytes += done;
        let mut file =
            File::options().create(true).append(true).open(target).map_err(SnapshotError::io(target))?;
        while done < entry.size_bytes {
            let end = (done + RANGE_BYTES).min(entry.size_bytes);
            let bytes = self.remote.read_range(key, done..end).map_err(self.failed(key))?;
            if bytes.len() as u64 != end - done {
                let found = done + bytes.len() as u64;
                let reason = format!("expected {} bytes, found {found}", entry.size_bytes);
                return Err(SnapshotError::damaged(self.path(key), reason));
            }
            file.write_all(&bytes).map_err(SnapshotError::io(target))?;
            hasher.update(&bytes);
            done = end;
            progress.read(bytes.len() as u64);
            die_at("download-part");
        }
        file.sync_all().map_err(SnapshotError::io(target))?;
        let found = hasher.finalize().to_hex();
        if found.as_str() != entry.blake3 {
            // Bytes from an earlier attempt may be the cause, so the next one begins again.
            drop(file);
            fs::remove_file(target).map_err(SnapshotError::io(target))?;
            let reason = format!("expected BLAKE3 {}, found {found}", entry.blake3);
            return Err(SnapshotError::damaged(self.path(key), reason));
        }
        Ok(())
    }
}

/// Hashes the part of a file that an earlier attempt has written, and returns its length. A file
/// that is too long is removed.
fn hash_part(target: &Path, entry: &FileEntry) -> Result<(blake3::Hasher, u64), SnapshotError> {
    let mut hasher = blake3::Hasher::new();
    let file = match File::open(target) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((hasher, 0)),
        Err(error) => return Err(SnapshotError::io(target)(error)),
    };
    let len = file.metadata().map_err(SnapshotError::io(target))?.len();
    if len > entry.size_bytes {
        fs::remove_file(target).map_err(SnapshotError::io(target))?;
        return Ok((hasher, 0));
    }
    hasher.update_reader(file.take(len)).map_err(SnapshotError::io(target))?;
    Ok((hasher, len))
}

fn write_anew(path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
    let mut file = File::create(path).map_err(SnapshotError::io(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(SnapshotError::io(path))
}

/// Progress of a download, for the log.
struct Progress {
    id: String,
    size_bytes: u64,
    /// Bytes that an earlier attempt had read.
    kept_bytes: u64,
    read_bytes: u64,
    began: Instant,
    said: Instant,
}

impl Progress {
    fn start(id: &str, size_bytes: u64) -> Self {
        let now = Instant::now();
        Self { id: id.to_owned(), size_bytes, kept_bytes: 0, read_bytes: 0, began: now, said: now }
    }

    fn read(&mut self, bytes: u64) {
        self.read_bytes += bytes;
        if self.said.elapsed() >= MESSAGE_INTERVAL {
            self.said = Instant::now();
            let (done, size_bytes) = (self.kept_bytes + self.read_bytes, self.size_bytes);
            tracing::info!(model = self.id, bytes = done, size_bytes, "downloading a model");
        }
    }

    fn end(self, location: &str) {
        tracing::info!(
            model = self.id,
            bytes = self.read_bytes,
            kept_bytes = self.kept_bytes,
            seconds = self.began.elapsed().as_secs_f64(),
            "downloaded a model from {location}"
        );
    }
}
