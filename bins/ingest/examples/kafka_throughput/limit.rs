//! The limit of the database: `pgbench` on the table of interactions alone.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use docent_storage::Store;

use crate::{Args, ingest::open};

const SECONDS: u32 = 20;

/// Returns the number of rows a second that `pgbench` inserts or changes, in a database of its own
/// on the same server.
pub async fn rows_per_second(url: &str, store: &Store, args: &Args) -> Result<f64> {
    store.raw_sql("CREATE DATABASE pgbench_limit").await?;
    let url = url.replace("/postgres?", "/pgbench_limit?");
    let limit = open(&url).await?;
    let (users, resources) = (args.users, args.resources);
    for statement in [
        format!(
            "INSERT INTO users (external_id, created_at) SELECT 'u' || n, n FROM generate_series(1, {users}) n"
        ),
        format!(
            "INSERT INTO resources (external_id, title, text, authors, subjects, attributes, search_text, \
             text_hash, hidden, created_at, updated_at) SELECT 'r' || n, 'Resource ' || n, '', '[]', '[]', '{{}}', \
             '', '', false, n, n FROM generate_series(1, {resources}) n"
        ),
    ] {
        limit.raw_sql(&statement).await?;
    }
    limit.close().await?;

    let folder = tempfile::tempdir()?;
    let script = folder.path().join("script.sql");
    // Different users in one statement, because it may change a row once only.
    let insert = format!(
        "\\set first random(1, {users})\n\
         INSERT INTO user_interactions (user_id, resource_id, interaction_type, interaction_strength, is_positive, \
         is_negative, dwell_seconds, return_visits, confidence, created_at, interaction_timestamp) \
         SELECT 1 + (:first + n) % {users}, 1 + floor(random() * {resources}), 'view', 0.13, false, false, 30, 0, 0.065, n, n \
         FROM generate_series(1, {batch}) n ORDER BY 1, 2 \
         ON CONFLICT (user_id, resource_id, interaction_type) DO UPDATE SET \
         return_visits = user_interactions.return_visits + 1, interaction_timestamp = excluded.interaction_timestamp;\n",
        batch = args.batch
    );
    fs::write(&script, insert)?;
    let mut pgbench = Command::new(program()?);
    pgbench.args(["--no-vacuum", "--time", &SECONDS.to_string(), "--jobs", "1"]);
    pgbench.args(["--client", &args.writers.to_string(), "--file"]).arg(&script).arg(&url);
    let output = pgbench.output().context("pgbench")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let line = said.lines().find_map(|line| line.strip_prefix("tps = ")).context("no tps")?;
    let transactions: f64 = line.split(' ').next().context("no number")?.parse()?;
    Ok(transactions * args.batch as f64)
}

/// Returns the newest installed `pgbench`.
fn program() -> Result<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path().join("bin/pgbench"))).collect())
        .unwrap_or_default();
    versions.retain(|path| path.is_file());
    versions.sort();
    Ok(versions.pop().unwrap_or_else(|| "pgbench".into()))
}
