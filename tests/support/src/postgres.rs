//! PostgreSQL databases for tests.
//!
//! One cluster serves a test process, and every test gets a fresh database in it. Statics are never
//! dropped, and a test may panic or be killed, so nothing here relies on `Drop` to stop the server:
//! a watchdog process waits for the end of a pipe that only the test process holds open. However
//! that process ends, the kernel closes the pipe, and the watchdog stops the server and removes its
//! folder.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context, Result, anyhow, bail};
use sqlx::{Connection, PgConnection};

/// Environment variable that names a server to use instead of a new cluster; its user must be
/// allowed to create databases.
const URL_VARIABLE: &str = "DOCENT_TEST_POSTGRES_URL";

/// Fresh, empty database, dropped with this value.
#[derive(Debug)]
pub struct Postgres {
    server: String,
    database: String,
}

impl Postgres {
    /// Returns true if `DOCENT_TEST_POSTGRES_URL` names a server or PostgreSQL is installed. Starts
    /// nothing.
    #[must_use]
    pub fn is_available() -> bool {
        std::env::var_os(URL_VARIABLE).is_some() || find_programs().is_some()
    }

    /// Creates a database on the server that `DOCENT_TEST_POSTGRES_URL` names, or else in a cluster
    /// of this process. Returns `None` if there is neither, so that the test can be reported as
    /// ignored.
    ///
    /// # Errors
    /// Fails if PostgreSQL is installed and does not start.
    pub async fn start() -> Result<Option<Self>> {
        static SERVER: OnceLock<Result<Option<String>, String>> = OnceLock::new();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = SERVER.get_or_init(|| find_or_start().map_err(|error| format!("{error:#}")));
        let Some(server) = server.as_ref().map_err(|error| anyhow!("{error}"))? else {
            return Ok(None);
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = format!("docent_test_{}_{number}", std::process::id());
        run_sql(server, &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await?;
        run_sql(server, &format!("CREATE DATABASE {database}")).await?;
        Ok(Some(Self { server: server.clone(), database }))
    }

    /// Returns the address of the database.
    #[must_use]
    pub fn url(&self) -> String {
        with_database(&self.server, &self.database)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let (server, database) = (self.server.clone(), self.database.clone());
        // On a thread of its own, because the test's runtime may be the one that drops this. An
        // error does not matter: the whole cluster is removed later.
        let dropping = std::thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run_sql(&server, &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")))
        });
        let _ = dropping.join();
    }
}

pub(crate) async fn run_sql(url: &str, sql: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    let result = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
    connection.close().await?;
    result.map(|_| ()).with_context(|| sql.to_owned())
}

/// Returns the address of the server, with a database that always exists.
fn find_or_start() -> Result<Option<String>> {
    if let Ok(url) = std::env::var(URL_VARIABLE) {
        return Ok(Some(url));
    }
    match find_programs() {
        Some(programs) => start_cluster(&programs).map(Some),
        None => Ok(None),
    }
}

/// Returns the folder of `initdb` and `pg_ctl`: on the path, or the newest of those that Debian
/// keeps off it.
pub(crate) fn find_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let version = |bin: &PathBuf| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort_by_key(|bin| std::cmp::Reverse(version(bin)));
    let complete =
        |bin: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|name| bin.join(name).is_file());
    on_path.into_iter().chain(installed).find(complete)
}

fn start_cluster(programs: &Path) -> Result<String> {
    let root = tempfile::Builder::new().prefix("docent-postgres-").tempdir()?.keep();
    let owner = owner_for(&root)?;
    if let Some((uid, gid)) = owner {
        chown(&root, Some(uid), Some(gid))?;
    }
    let command = |program: PathBuf| {
        let mut command = Command::new(program);
        // In a process group of its own, so that Ctrl-C ends the tests first and not their
        // clean-up.
        command.current_dir(&root).stdin(Stdio::null()).process_group(0);
        if let Some((uid, gid)) = owner {
            command.uid(uid).gid(gid);
        }
        command
    };
    static PIPE: OnceLock<File> = OnceLock::new();
    let data = root.join("data");
    let pipe = guard(command("xargs".into()), &programs.join("pg_ctl"), &root, &data)?;
    PIPE.get_or_init(|| pipe);

    let mut initdb = command(programs.join("initdb"));
    initdb
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data);
    finish(initdb)?;
    let mut settings = OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
    let socket = root.display();
    writeln!(settings, "listen_addresses = ''\nunix_socket_directories = '{socket}'\nmax_connections = 400")?;
    writeln!(settings, "fsync = off\nsynchronous_commit = off\nfull_page_writes = off")?;

    let mut start = command(programs.join("pg_ctl"));
    start.args(["start", "--wait", "--silent", "-D"]).arg(&data).arg("-l").arg(root.join("log"));
    // The server would inherit a pipe, and waiting for its end would mean waiting for the server.
    start.stdout(Stdio::null()).stderr(Stdio::null());
    if !start.status().context("pg_ctl")?.success() {
        bail!("PostgreSQL does not start: {}", fs::read_to_string(root.join("log")).unwrap_or_default());
    }
    Ok(format!("postgres://postgres@localhost:5432/postgres?host={socket}"))
}

/// Returns the user and group to run PostgreSQL as, where we are root: it refuses to run as root.
pub(crate) fn owner_for(own_folder: &Path) -> Result<Option<(u32, u32)>> {
    if fs::metadata(own_folder)?.uid() != 0 {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let account = fields.into_iter().find_map(|fields| match fields.as_slice() {
        ["postgres", _, uid, gid, ..] => Some((uid.parse().ok()?, gid.parse().ok()?)),
        _ => None,
    });
    account.map(Some).context("we are root, and there is no user postgres to run PostgreSQL as")
}

/// Starts the watchdog: `xargs` waits for the end of its input, then has `find` stop the server and
/// remove its folder. Returns the input, which ends with this process at the latest.
pub(crate) fn guard(mut xargs: Command, pg_ctl: &Path, root: &Path, data: &Path) -> Result<File> {
    let mut watchdog = xargs
        .args(["-0", "find"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("xargs")?;
    let pipe = watchdog.stdin.take().context("xargs has no input")?;
    let mut pipe = File::from(std::os::fd::OwnedFd::from(pipe));
    let (root, data, pg_ctl) = (root.display(), data.display(), pg_ctl.display());
    let arguments = [
        format!("{root}\0-maxdepth\0{}\0", 0),
        format!("(\0-exec\0{pg_ctl}\0stop\0-m\0immediate\0-D\0{data}\0;\0-o\0-true\0)\0"),
        "-exec\0rm\0-rf\0{}\0;\0".to_owned(),
    ];
    pipe.write_all(arguments.concat().as_bytes())?;
    Ok(pipe)
}

pub(crate) fn finish(mut command: Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if output.status.success() {
        return Ok(());
    }
    bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))
}

fn with_database(server: &str, database: &str) -> String {
    let (address, parameters) = server.split_once('?').map_or((server, None), |(a, p)| (a, Some(p)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let authority = rest.split('/').next().unwrap_or(rest);
    let parameters = parameters.map(|p| format!("?{p}")).unwrap_or_default();
    format!("{scheme}://{authority}/{database}{parameters}")
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_of_an_address_is_replaced_and_nothing_else() {
        for (server, expected) in [
            ("postgres://u:p@h:1/a", "postgres://u:p@h:1/new"),
            ("postgres://u@h", "postgres://u@h/new"),
            (
                "postgres://u@h/a?host=/tmp/x&sslmode=disable",
                "postgres://u@h/new?host=/tmp/x&sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(server, "new"), expected);
        }
    }
}
