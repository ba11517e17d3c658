use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use chrono::Utc;
use docent::{
    InteractionRules, Link, NewInteraction, Resource, ResourceId,
    storage::{ImportReport, ImportSession, Store},
};
use docent_formats::{Located, Location, Record};
use indicatif::ProgressBar;

use super::{links::Links, parts::Parts, summary::Summary};
use crate::logging;

/// Number of resources that are written at a time.
const RESOURCE_BATCH: usize = 2_000;
/// Number of interactions that are written at a time. More than these wait in temporary files, by
/// user, until all are read.
const INTERACTION_BATCH: usize = 100_000;
/// Number of interactions in a temporary file, on average: some have more, and most are one batch.
const PART: u64 = 50_000;
/// Number of interactions of a temporary file that are written at a time.
const PART_BATCH: usize = 300_000;
/// Maximum number of bad lines that are reported one by one.
const MAX_REPORTED_BAD_LINES: u64 = 20;

/// Options of a sink.
#[derive(Debug, Clone, Default)]
pub struct SinkConfig {
    /// True to keep everything or nothing.
    pub is_strict: bool,
    /// True if bad lines were reported before, so that they are only counted.
    pub is_checked: bool,
    /// True to make a resource of each id that interactions name and the store lacks.
    pub creates_missing: bool,
    /// Rules of the configured interaction types.
    pub rules: InteractionRules,
    /// Number of interactions to come, about.
    pub interactions: u64,
    /// Folder for temporary files, if there are many.
    pub scratch: PathBuf,
}

/// Writes the records of any format into the store, in batches. It expects links first, then
/// resources, then interactions.
pub struct Sink {
    store: Store,
    /// The one transaction of a strict import.
    session: Option<ImportSession>,
    config: SinkConfig,
    bar: ProgressBar,
    links: Links,
    resources: Vec<Pending>,
    interactions: Vec<NewInteraction>,
    interaction_locations: Vec<Location>,
    /// Interactions that wait, if there are many.
    parts: Option<Parts>,
    /// Titles of the resources of interactions, for those that are made.
    titles: HashMap<ResourceId, String>,
    summary: Summary,
}

struct Pending {
    resource: Resource,
    /// True if the record lists all links; otherwise the resource keeps those in the store.
    has_all_links: bool,
    location: Location,
}

fn no_room(folder: &Path) -> String {
    format!("cannot use temporary files in {}", folder.display())
}

impl Sink {
    pub async fn open(store: Store, config: SinkConfig) -> anyhow::Result<Self> {
        let session = if config.is_strict { Some(store.begin_import().await?) } else { None };
        let parts = (config.interactions > INTERACTION_BATCH as u64)
            .then(|| Parts::new(&config.scratch, config.interactions, PART))
            .transpose()
            .with_context(|| no_room(&config.scratch))?;
        Ok(Self {
            store,
            session,
            config,
            bar: ProgressBar::hidden(),
            links: Links::default(),
            resources: Vec::new(),
            interactions: Vec::new(),
            interaction_locations: Vec::new(),
            parts,
            titles: HashMap::new(),
            summary: Summary::default(),
        })
    }

    /// Sets the bar that warnings are printed above.
    pub fn with_progress(mut self, bar: ProgressBar) -> Self {
        self.bar = bar;
        self
    }

    /// Reports a line that is skipped; an error if the import is strict.
    pub fn skip(&mut self, location: &Location, reason: impl Display) -> anyhow::Result<()> {
        if self.session.is_some() {
            bail!("{location}: {reason}");
        }
        self.summary.bad_lines += 1;
        if self.config.is_checked {
            return Ok(());
        }
        let text = match self.summary.bad_lines {
            n if n <= MAX_REPORTED_BAD_LINES => format!("{location}: {reason}"),
            n if n == MAX_REPORTED_BAD_LINES + 1 => "further bad lines are only counted".to_owned(),
            _ => return Ok(()),
        };
        self.bar.suspend(|| logging::warn(&text));
        Ok(())
    }

    /// Takes a record. The resource of an interaction must be in the store or come before it.
    pub async fn write(&mut self, located: Located) -> anyhow::Result<()> {
        let Located { record, location, title } = located;
        match record {
            Record::Link { source, link } => match self.links.add(source, link, location.clone()) {
                Ok(()) => Ok(()),
                Err(error) => self.skip(&location, error),
            },
            Record::Resource { resource, has_all_links } => {
                self.resource(Pending { resource, has_all_links, location }).await
            }
            Record::Interaction(interaction) => {
                if self.config.creates_missing
                    && let Some(title) = title
                {
                    self.titles.insert(interaction.resource_id.clone(), title);
                }
                self.interaction(interaction, location).await
            }
            other => bail!("{location}: expected a link, a resource or an interaction, got {other:?}"),
        }
    }

    async fn resource(&mut self, pending: Pending) -> anyhow::Result<()> {
        if let Err(error) = pending.resource.check() {
            return self.skip(&pending.location, error);
        }
        self.resources.push(pending);
        if self.resources.len() >= RESOURCE_BATCH { self.write_resources().await } else { Ok(()) }
    }

    async fn interaction(&mut self, interaction: NewInteraction, location: Location) -> anyhow::Result<()> {
        if let Err(error) = self.config.rules.strength(&interaction.interaction_type, &interaction.signals) {
            return self.skip(&location, error);
        }
        if let Some(parts) = &mut self.parts {
            return parts.add(interaction, &location).with_context(|| no_room(&self.config.scratch));
        }
        self.keep(interaction, location, INTERACTION_BATCH).await
    }

    /// Keeps an interaction until there are as many as are written at a time.
    async fn keep(&mut self, new: NewInteraction, location: Location, batch: usize) -> anyhow::Result<()> {
        self.interactions.push(new);
        self.interaction_locations.push(location);
        if self.interactions.len() >= batch { self.write_interactions().await } else { Ok(()) }
    }

    /// Writes the last batch and commits a strict import.
    pub async fn finish(mut self) -> anyhow::Result<Summary> {
        if let Err(error) = self.write_parts().await {
            return Err(self.abandon(error).await);
        }
        if let Some(session) = self.session.take() {
            session.commit().await.context("committing the import")?;
        }
        Ok(self.summary)
    }

    /// Rolls a strict import back. Returns the error with a note on what the store holds now.
    pub async fn abandon(mut self, error: anyhow::Error) -> anyhow::Error {
        let Some(session) = self.session.take() else {
            let summary = &self.summary;
            return error.context(format!(
                "the import stopped early; the store keeps what was written before the error, and a repeated \
                 import adds nothing twice\n{summary}"
            ));
        };
        match session.rollback().await {
            Ok(()) => error.context("nothing was imported"),
            Err(rollback) => {
                error.context(format!("nothing was imported, and the database is unavailable: {rollback}"))
            }
        }
    }

    async fn write_resources(&mut self) -> anyhow::Result<()> {
        let batch = std::mem::take(&mut self.resources);
        let keep: Vec<ResourceId> = batch
            .iter()
            .filter(|pending| !pending.has_all_links)
            .map(|pending| pending.resource.id.clone())
            .collect();
        let mut stored = self.stored_links(&keep).await?;
        let mut checked = Vec::with_capacity(batch.len());
        for Pending { mut resource, has_all_links, location } in batch {
            if !has_all_links && let Some(links) = stored.remove(&resource.id) {
                let given = std::mem::replace(&mut resource.links, links);
                resource
                    .links
                    .retain(|old| given.iter().all(|g| (&g.target, &g.kind) != (&old.target, &old.kind)));
                resource.links.extend(given);
            }
            self.links.attach(&mut resource);
            match resource.check() {
                Ok(()) => checked.push(resource),
                Err(error) => self.skip(&location, error)?,
            }
        }
        self.upsert(&checked).await
    }

    async fn stored_links(&self, ids: &[ResourceId]) -> anyhow::Result<HashMap<ResourceId, Vec<Link>>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let stored = self.store.get_resources(ids).await?;
        Ok(stored.into_iter().map(|stored| (stored.resource.id, stored.resource.links)).collect())
    }

    async fn upsert(&mut self, resources: &[Resource]) -> anyhow::Result<()> {
        let now = Utc::now();
        let outcomes = match &self.session {
            Some(session) => session.write_resources(resources, now).await?,
            None => self.store.upsert_resources(resources, now).await?,
        };
        for outcome in outcomes {
            self.summary.add_resource(outcome);
        }
        Ok(())
    }

    /// Adds links to resources that were not part of this import, and reports unknown resources.
    async fn write_unattached_links(&mut self) -> anyhow::Result<()> {
        for ids in self.links.unattached().chunks(RESOURCE_BATCH) {
            let stored = self.store.get_resources(ids).await?;
            let mut changed = Vec::with_capacity(stored.len());
            for mut resource in stored.into_iter().map(|stored| stored.resource) {
                self.links.attach(&mut resource);
                match resource.check() {
                    Ok(()) => changed.push(resource),
                    Err(error) => {
                        if let Some(location) = self.links.locations(&resource.id).first() {
                            self.skip(location, error)?;
                        }
                    }
                }
            }
            self.upsert(&changed).await?;
        }
        for unknown in self.links.unattached() {
            for location in self.links.locations(&unknown) {
                self.skip(&location, format_args!("there is no resource \"{unknown}\" to link from"))?;
            }
        }
        self.links = Links::default();
        Ok(())
    }

    /// Writes the interactions that wait, and the last batch of the others.
    async fn write_parts(&mut self) -> anyhow::Result<()> {
        self.write_interactions().await?;
        let Some(mut parts) = self.parts.take() else { return Ok(()) };
        let scratch = self.config.scratch.clone();
        let mut sizes = parts.sizes().with_context(|| no_room(&scratch))?;
        self.bar.inc_length(sizes.iter().sum());
        self.bar.set_message("writing");
        while let Some(part) = parts.take().with_context(|| no_room(&scratch))? {
            for row in part {
                let (interaction, location) = row.with_context(|| no_room(&scratch))?;
                self.keep(interaction, location, PART_BATCH).await?;
            }
            self.write_interactions().await?;
            self.bar.inc(sizes.pop().unwrap_or_default());
        }
        Ok(())
    }

    async fn write_interactions(&mut self) -> anyhow::Result<()> {
        self.write_resources().await?;
        self.write_unattached_links().await?;
        let batch = std::mem::take(&mut self.interactions);
        let locations = std::mem::take(&mut self.interaction_locations);
        let mut report = self.import(&batch).await?;
        if self.config.creates_missing && !report.unknown_resource.is_empty() {
            let unknown = std::mem::take(&mut report.unknown_resource);
            let again: Vec<NewInteraction> =
                unknown.iter().filter_map(|index| batch.get(*index).cloned()).collect();
            self.create(&again).await?;
            let of_made = self.import(&again).await?;
            report.unknown_resource =
                of_made.unknown_resource.iter().filter_map(|index| unknown.get(*index).copied()).collect();
        }
        for index in report.unknown_resource {
            if let (Some(interaction), Some(location)) = (batch.get(index), locations.get(index)) {
                self.skip(location, format_args!("there is no resource \"{}\"", interaction.resource_id))?;
            }
        }
        Ok(())
    }

    async fn import(&mut self, batch: &[NewInteraction]) -> anyhow::Result<ImportReport> {
        let now = Utc::now();
        let report = match &self.session {
            Some(session) => session.write_interactions(batch, &self.config.rules, now).await?,
            None => self.store.import_interactions(batch, &self.config.rules, now).await?,
        };
        self.summary.add_interactions(&report);
        Ok(report)
    }

    /// Makes the resources of interactions from their ids.
    async fn create(&mut self, interactions: &[NewInteraction]) -> anyhow::Result<()> {
        let mut seen = HashSet::new();
        let mut resources = Vec::new();
        for interaction in interactions {
            let id = &interaction.resource_id;
            if seen.insert(id) {
                let title = self.titles.remove(id).unwrap_or_else(|| id.to_string());
                resources.push(Resource::new(id.clone(), title));
            }
        }
        for batch in resources.chunks(RESOURCE_BATCH) {
            self.upsert(batch).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use docent::{
        InteractionType, UserId,
        storage::{StoreConfig, TrainingRow},
    };

    use super::*;

    /// Imports interactions of which as many are expected, and returns what the store holds.
    async fn imported(expected: u64) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::connect(&StoreConfig::new("sqlite::memory:")).await.unwrap();
        store.migrate().await.unwrap();
        let config = SinkConfig {
            creates_missing: true,
            interactions: expected,
            scratch: folder.path().to_owned(),
            ..SinkConfig::default()
        };
        let mut sink = Sink::open(store.clone(), config).await.unwrap();
        for n in 0..200i64 {
            let user: UserId = format!("reader-{}", n % 9).parse().unwrap();
            let resource: ResourceId = format!("book-{}", n % 23).parse().unwrap();
            let at = DateTime::from_timestamp(1_700_000_000 + n, 0).filter(|_| n % 5 > 0);
            let mut interaction = NewInteraction::new(user, resource, InteractionType::View, at);
            interaction.signals.dwell_seconds = Some(n as f64 / 7.0);
            let location = Location::new("views.csv", n as u64 + 2);
            sink.write(Located { record: Record::Interaction(interaction), location, title: None })
                .await
                .unwrap();
        }
        let summary = sink.finish().await.unwrap();
        let stored = store.interactions_after(0, 1_000).await.unwrap();
        let without_keys =
            stored.into_iter().map(|row| TrainingRow { row_id: 0, user_row: 0, resource_row: 0, ..row });
        let mut rows: Vec<String> = without_keys.map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows.push(summary.to_string());
        rows
    }

    #[tokio::test]
    async fn interactions_that_wait_in_files_give_the_same_store_as_others() {
        let all = imported(200).await;
        assert!(all.len() > 100, "{}", all.len());
        assert_eq!(imported(INTERACTION_BATCH as u64 * 3).await, all);
    }
}
