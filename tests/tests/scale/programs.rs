//! Programs of this workspace as processes.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);

/// Returns a command that runs a program of the target folder, without the settings of this
/// process.
pub fn program(name: &str, folder: &Path) -> Result<Command> {
    let test = std::env::current_exe()?;
    let path = test.ancestors().nth(2).context("no target folder")?.join(name);
    ensure!(path.is_file(), "{} is not built: cargo build --workspace --bins", path.display());
    let mut command = Command::new(path);
    for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCENT_")) {
        command.env_remove(variable);
    }
    command.env_remove("RUST_LOG").current_dir(folder).stdin(Stdio::null());
    Ok(command)
}

/// A program that runs until it is dropped, with its log in a file.
pub struct Running {
    process: Child,
    log: PathBuf,
}

impl Running {
    pub fn start(command: &mut Command, log: PathBuf) -> Result<Self> {
        let file = File::options().create(true).append(true).open(&log)?;
        let process = command.stdout(file.try_clone()?).stderr(file).spawn()?;
        Ok(Self { process, log })
    }

    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// Stops it by SIGTERM, and waits for its end.
    pub async fn stop(&mut self) -> Result<()> {
        let id = self.process.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &id]).status()?.success(), "no signal");
        let mut status = None;
        until(async || {
            status = self.process.try_wait()?;
            Ok(status.is_some())
        })
        .await
        .context("it does not stop")?;
        let status = status.context("no status")?;
        ensure!(status.success(), "it stopped with {status}: {}", self.log()?);
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Waits until something holds.
pub async fn until(mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await? {
        ensure!(Instant::now() < deadline, "not within {PATIENCE:?}");
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Returns a port that is free now.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
