//! Disk operations of a process that fail on purpose.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// Names the folder whose files the shim watches.
const FOLDER_VARIABLE: &str = "DOCENT_FAULTS_FOLDER";
/// Holds the order that a process is started with.
const ORDER_VARIABLE: &str = "DOCENT_FAULTS_ORDER";

/// A shim around the disk calls of the system, for programs that are loaded with it. Orders are
/// described in `disk_faults.c`.
#[derive(Debug)]
pub struct DiskFaults {
    _folder: TempDir,
    library: PathBuf,
}

impl DiskFaults {
    /// Returns true if this machine can compile and load the shim: a Linux with a C compiler.
    #[must_use]
    pub fn is_available() -> bool {
        let mut version = compiler();
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        cfg!(target_os = "linux") && version.status().is_ok_and(|status| status.success())
    }

    /// Compiles the shim.
    ///
    /// # Errors
    /// Fails if the compiler does.
    pub fn compile() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/disk_faults.c");
        let library = folder.path().join("disk_faults.so");
        let mut cc = compiler();
        cc.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl");
        let output = cc.output().context("cc")?;
        ensure!(output.status.success(), "{cc:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self { _folder: folder, library })
    }

    /// Loads the shim into a program, which watches the files below a folder and may be given an
    /// order such as `fail write 3 5 1` at its start.
    pub fn load(&self, program: &mut Command, folder: &Path, order: Option<&str>) {
        program.env("LD_PRELOAD", &self.library).env(FOLDER_VARIABLE, folder);
        program.envs(order.map(|order| (ORDER_VARIABLE, order)));
    }
}

fn compiler() -> Command {
    Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
}
