use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::postgres::{find_programs, finish, guard, owner_for, run_sql};

/// Maximum time from a start to the first answer.
const MAX_START: Duration = Duration::from_secs(60);
/// Pause between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(20);

/// PostgreSQL that keeps what it has acknowledged when it is killed, as one in production does.
#[derive(Debug)]
pub struct Cluster {
    root: PathBuf,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    process: Child,
    /// The watchdog stops PostgreSQL and removes its folder when this ends.
    _pipe: File,
}

impl Cluster {
    /// Starts a cluster. Returns `None` if PostgreSQL is not installed.
    ///
    /// # Errors
    /// Fails if PostgreSQL is installed and does not start.
    pub async fn start() -> Result<Option<Self>> {
        let Some(programs) = find_programs() else { return Ok(None) };
        let root = tempfile::Builder::new().prefix("docent-cluster-").tempdir()?.keep();
        let owner = owner_for(&root)?;
        if let Some((uid, gid)) = owner {
            chown(&root, Some(uid), Some(gid))?;
        }
        let data = root.join("data");
        let xargs = command(PathBuf::from("xargs"), &root, owner);
        let pipe = guard(xargs, &programs.join("pg_ctl"), &root, &data)?;
        let mut initdb = command(programs.join("initdb"), &root, owner);
        initdb
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data);
        finish(initdb)?;
        let mut settings = OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
        let socket = root.display();
        writeln!(
            settings,
            "listen_addresses = ''\nunix_socket_directories = '{socket}'\nmax_connections = 200"
        )?;
        let process = spawn(&programs, &root, owner)?;
        let mut cluster = Self { root, programs, owner, process, _pipe: pipe };
        cluster.answers().await?;
        Ok(Some(cluster))
    }

    /// Returns the address of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost:5432/postgres?host={}", self.root.display())
    }

    /// Kills it with SIGKILL, and starts it again.
    ///
    /// # Errors
    /// Fails if it does not start again.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        self.process = spawn(&self.programs, &self.root, self.owner)?;
        self.answers().await
    }

    /// Waits until it answers. The processes of a killed one keep its memory for a moment, in which
    /// another one ends at once.
    async fn answers(&mut self) -> Result<()> {
        let deadline = Instant::now() + MAX_START;
        while let Err(error) = run_sql(&self.url(), "SELECT 1").await {
            ensure!(Instant::now() < deadline, "PostgreSQL does not answer: {error:#}");
            if self.process.try_wait()?.is_some() {
                self.process = spawn(&self.programs, &self.root, self.owner)?;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn spawn(programs: &Path, root: &Path, owner: Option<(u32, u32)>) -> Result<Child> {
    let log = OpenOptions::new().create(true).append(true).open(root.join("log"))?;
    let mut postgres = command(programs.join("postgres"), root, owner);
    postgres.arg("-D").arg(root.join("data")).stdout(Stdio::null()).stderr(log);
    postgres.spawn().context("postgres")
}

/// Returns a command in a process group of its own, as the owner of the cluster.
fn command(program: PathBuf, root: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).stdin(Stdio::null()).process_group(0);
    if let Some((uid, gid)) = owner {
        command.uid(uid).gid(gid);
    }
    command
}
