use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Folder in memory, where the system has one: targets write files thousands of times a second.
const IN_MEMORY: &str = "/dev/shm";

/// Folder of one input, which is deleted after it.
pub struct Scratch(TempDir);

impl Scratch {
    /// Creates an empty folder.
    pub fn new() -> Self {
        let memory = Path::new(IN_MEMORY);
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self(folder.expect("a folder for the input"))
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and returns its path.
    pub fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(self.path())).expect("a folder for the input");
        std::fs::write(&path, content).expect("a file for the input");
        path
    }
}
