//! Programs of PostgreSQL. They get the address of the database in a way that hides the password
//! from the list of processes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::error::{Result, StorageError};

/// Folder in which Debian keeps the programs of each version, off the path.
const INSTALLED: &str = "/usr/lib/postgresql";

/// Returns the newest installed version of a program: it reads archives of older versions and talks
/// to older servers.
pub(super) fn program(name: &str) -> Result<Command> {
    let mut installed: Vec<PathBuf> = fs::read_dir(INSTALLED)
        .map(|versions| versions.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort_by_key(|bin| std::cmp::Reverse(version_of(bin)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = installed.into_iter().chain(std::env::split_paths(&path)).map(|bin| bin.join(name));
    let Some(found) = found.into_iter().find(|program| program.is_file()) else {
        let why = "not found on the PATH; backups of PostgreSQL need its client programs (postgresql-client)";
        return Err(StorageError::backup(name, why));
    };
    let mut command = Command::new(found);
    command.stdin(Stdio::null()).env("PGAPPNAME", "docent");
    Ok(command)
}

/// Returns the version in `/usr/lib/postgresql/VERSION/bin`.
fn version_of(bin: &Path) -> Option<u32> {
    bin.parent()?.file_name()?.to_str()?.parse().ok()
}

/// Same as [`program`], with the address of the database.
pub(super) fn program_for(name: &str, url: &str) -> Result<Command> {
    let Address { uri, password } = Address::of(url);
    let mut command = program(name)?;
    command.arg(format!("--dbname={uri}")).arg("--no-password");
    command.envs(password.map(|password| ("PGPASSWORD", password)));
    Ok(command)
}

/// Returns the output of a program, or its error message about `subject`.
pub(super) fn output(mut command: Command, subject: &Path) -> Result<Output> {
    let output = command.output().map_err(|error| StorageError::backup(subject, error))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(StorageError::backup(subject, complaint(&command, &output.stderr)))
}

pub(super) fn complaint(command: &Command, stderr: &[u8]) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let said = String::from_utf8_lossy(stderr);
    let said = said.trim().strip_prefix(&format!("{program}: ")).unwrap_or(said.trim()).to_owned();
    format!("{program}: {}", if said.is_empty() { "failed without a message" } else { &said })
}

/// Address as PostgreSQL's own programs read it, with the password apart.
#[derive(Debug, PartialEq)]
struct Address {
    uri: String,
    password: Option<String>,
}

impl Address {
    fn of(url: &str) -> Self {
        let (base, query) = url.split_once('?').map_or((url, ""), |(base, query)| (base, query));
        let (scheme, rest) = base.split_once("://").unwrap_or(("postgres", base));
        let (authority, database) = rest.split_once('/').map_or((rest, ""), |(a, d)| (a, d));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, mut password) = match user.split_once(':') {
            Some((user, password)) => (user, Some(decoded(password))),
            None => (user, None),
        };
        let mut parameters = Vec::new();
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            // Names of the database driver for parameters of libpq.
            match key {
                "password" => password = Some(decoded(value)),
                "statement-cache-capacity" => {}
                "ssl-mode" => parameters.push(format!("sslmode={value}")),
                "ssl-root-cert" | "ssl-ca" => parameters.push(format!("sslrootcert={value}")),
                "ssl-cert" => parameters.push(format!("sslcert={value}")),
                "ssl-key" => parameters.push(format!("sslkey={value}")),
                _ => parameters.push(format!("{key}={value}")),
            }
        }
        let at = if user.is_empty() { "" } else { "@" };
        let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
        Self { uri: format!("{scheme}://{user}{at}{host}/{database}{query}"), password }
    }
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match hex.filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn the_password_is_no_part_of_the_address() {
        for (url, uri, password) in [
            ("postgres://u:p%40ss@h:1/d", "postgres://u@h:1/d", Some("p@ss")),
            ("postgresql://u@h/d", "postgresql://u@h/d", None),
            ("postgres://h/d", "postgres://h/d", None),
            (
                "postgres://u@localhost:5432/d?host=/tmp/x&ssl-mode=require&statement-cache-capacity=5&password=s",
                "postgres://u@localhost:5432/d?host=/tmp/x&sslmode=require",
                Some("s"),
            ),
        ] {
            let expected = Address { uri: uri.into(), password: password.map(str::to_owned) };
            assert_eq!(Address::of(url), expected, "{url}");
        }
    }
}
