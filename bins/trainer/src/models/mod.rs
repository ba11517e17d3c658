//! `models`.

mod list;
mod show;

use anyhow::{Context, bail};
use docent::SnapshotStore;

use crate::{
    cli::{ModelsAction, ModelsArgs},
    exit,
    settings::Settings,
    train::tell_pruned,
};

/// Does what was asked with the published models.
pub async fn run(settings: Settings, args: &ModelsArgs) -> anyhow::Result<u8> {
    let snapshots = SnapshotStore::new(&settings.engine.snapshots);
    match &args.action {
        ModelsAction::List { runs } => return list::run(&settings, *runs).await,
        ModelsAction::Show { version } => return show::run(&settings, &snapshots, version.as_deref()).await,
        ModelsAction::Promote { version } => promote(&snapshots, version)?,
        ModelsAction::Rollback => promote(&snapshots, &before_live(&snapshots)?)?,
        ModelsAction::Prune { keep } => {
            tell_pruned(&snapshots.prune(keep.get(), &settings.models_of_experiments())?);
        }
    }
    Ok(exit::DONE)
}

fn promote(snapshots: &SnapshotStore, version: &str) -> anyhow::Result<()> {
    let was = snapshots.current().ok().flatten();
    if was.as_ref().is_some_and(|was| was.id == version) {
        println!("{version} is live already");
        return Ok(());
    }
    let published = snapshots.published(version)?;
    snapshots.promote(&published).context("the live model stays")?;
    match was {
        Some(was) => println!("{version} is live, in the place of {}", was.id),
        None => println!("{version} is live"),
    }
    Ok(())
}

/// The newest that is older than the live one.
fn before_live(snapshots: &SnapshotStore) -> anyhow::Result<String> {
    let Some(live) = snapshots.current()? else {
        bail!("no model is live: there is nothing to go back from")
    };
    let older = snapshots.list()?.into_iter().rfind(|id| *id < live.id);
    older.with_context(|| format!("no model is older than {}, which stays live", live.id))
}
