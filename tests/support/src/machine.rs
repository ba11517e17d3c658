use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Returns true if a program is installed and answers `--version`.
#[must_use]
pub fn is_installed(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Returns the folder of real data sets: `DOCENT_DATA`, or `../shared/data` beside the project.
#[must_use]
pub fn data_folder() -> PathBuf {
    std::env::var_os("DOCENT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
}
