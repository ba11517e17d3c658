//! `models`: lists, shows, promotes and removes published models.

mod list;
mod show;

use std::num::NonZeroUsize;

use anyhow::{Context, bail};
use docent::models::SnapshotStore;

use crate::{audit, exit, settings::Settings};

pub use list::list;
pub use show::show;

/// Makes a published model the live one.
pub async fn promote(settings: &Settings, version: &str) -> anyhow::Result<u8> {
    make_live(settings, &settings.snapshots()?, "promote_model", version).await
}

/// Makes the newest model live that is older than the live one.
pub async fn rollback(settings: &Settings) -> anyhow::Result<u8> {
    let snapshots = settings.snapshots()?;
    snapshots.base()?;
    let Some(live) = snapshots.current()? else {
        bail!("no model is live: there is nothing to go back from")
    };
    let older: Vec<String> = snapshots.list()?.into_iter().filter(|id| *id < live.id).collect();
    for id in older.iter().rev() {
        // One whose writer was killed before it went live is nothing to go back to.
        if snapshots.was_live(id)? {
            return make_live(settings, &snapshots, "roll_back_model", id).await;
        }
    }
    if older.is_empty() {
        bail!("no model is older than {}, which stays live", live.id)
    }
    bail!(
        "of {} models older than {}, which stays live, none is known to have been live: promote one by its version",
        older.len(),
        live.id
    )
}

/// Removes all but the newest models; never the live one, and none that an experiment serves.
pub async fn prune(settings: &Settings, keep: NonZeroUsize) -> anyhow::Result<u8> {
    let snapshots = settings.snapshots()?;
    let removed = snapshots.prune(keep.get(), &settings.models_of_experiments())?;
    removed.iter().for_each(|id| println!("removed {id}"));
    audit::record(settings, "remove_model", &removed).await;
    Ok(exit::DONE)
}

async fn make_live(
    settings: &Settings,
    snapshots: &SnapshotStore,
    action: &str,
    version: &str,
) -> anyhow::Result<u8> {
    let previous = snapshots.base().and_then(|_| snapshots.current()).ok().flatten();
    if previous.as_ref().is_some_and(|previous| previous.id == version) {
        println!("{version} is live already");
        return Ok(exit::DONE);
    }
    let published = snapshots.published(version)?;
    snapshots.promote(&published).context("the live model stays")?;
    match previous {
        Some(previous) => println!("{version} is live, in the place of {}", previous.id),
        None => println!("{version} is live"),
    }
    audit::record(settings, action, &[version.to_owned()]).await;
    Ok(exit::DONE)
}
