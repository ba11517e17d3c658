use std::{collections::HashMap, fmt::Display};

use anyhow::{Context, bail};
use chrono::Utc;
use docent::{ImportSession, InteractionRules, Link, NewInteraction, Resource, ResourceId, Store};
use indicatif::ProgressBar;

use super::{Place, links::Links, summary::Summary};
use crate::logging;

/// Resources written at a time.
const RESOURCES_AT_A_TIME: usize = 2_000;
/// Interactions written at a time: as many as the store commits at a time.
const INTERACTIONS_AT_A_TIME: usize = 20_000;
/// Bad lines that are told in full.
const BAD_LINES_TOLD: u64 = 20;

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct SinkConfig {
    /// All or nothing.
    pub strict: bool,
    /// Interaction types of the team's own.
    pub rules: InteractionRules,
}

/// Where every format ends: takes links first, then resources, then interactions, and writes them in batches.
pub struct Sink {
    store: Store,
    /// The one transaction of a strict import.
    session: Option<ImportSession>,
    rules: InteractionRules,
    bar: ProgressBar,
    links: Links,
    resources: Vec<Pending>,
    interactions: Vec<NewInteraction>,
    interaction_places: Vec<Place>,
    summary: Summary,
}

struct Pending {
    resource: Resource,
    /// Whether the format says all its links; otherwise it keeps those that it has in the store.
    has_all_links: bool,
    place: Place,
}

impl Sink {
    pub async fn open(store: Store, config: SinkConfig) -> anyhow::Result<Self> {
        let session = if config.strict { Some(store.begin_import().await?) } else { None };
        Ok(Self {
            store,
            session,
            rules: config.rules,
            bar: ProgressBar::hidden(),
            links: Links::default(),
            resources: Vec::new(),
            interactions: Vec::new(),
            interaction_places: Vec::new(),
            summary: Summary::default(),
        })
    }

    /// Prints so that the bar is not torn.
    pub fn with_progress(mut self, bar: ProgressBar) -> Self {
        self.bar = bar;
        self
    }

    /// Tells of a line that is left out; an error if the import is strict.
    pub fn bad(&mut self, place: &Place, reason: impl Display) -> anyhow::Result<()> {
        if self.session.is_some() {
            bail!("{place}: {reason}");
        }
        self.summary.bad_lines += 1;
        let told = match self.summary.bad_lines {
            n if n <= BAD_LINES_TOLD => format!("{place}: {reason}"),
            n if n == BAD_LINES_TOLD + 1 => "further bad lines are only counted".to_owned(),
            _ => return Ok(()),
        };
        self.bar.suspend(|| logging::warn(&told));
        Ok(())
    }

    /// A link that comes apart from its resource: to be handed in before any resource.
    pub fn link(&mut self, source: ResourceId, link: Link, place: Place) -> anyhow::Result<()> {
        match self.links.add(source, link, place.clone()) {
            Ok(()) => Ok(()),
            Err(error) => self.bad(&place, error),
        }
    }

    /// A resource; with `has_all_links` its links replace those in the store, otherwise they are added to them.
    pub async fn resource(
        &mut self,
        resource: Resource,
        has_all_links: bool,
        place: Place,
    ) -> anyhow::Result<()> {
        if let Err(error) = resource.check() {
            return self.bad(&place, error);
        }
        self.resources.push(Pending { resource, has_all_links, place });
        if self.resources.len() >= RESOURCES_AT_A_TIME { self.write_resources().await } else { Ok(()) }
    }

    /// An interaction; its resource is either in the store or was handed in before.
    pub async fn interaction(&mut self, interaction: NewInteraction, place: Place) -> anyhow::Result<()> {
        if let Err(error) = self.rules.strength(&interaction.interaction_type, &interaction.signals) {
            return self.bad(&place, error);
        }
        self.interactions.push(interaction);
        self.interaction_places.push(place);
        if self.interactions.len() >= INTERACTIONS_AT_A_TIME {
            self.write_interactions().await
        } else {
            Ok(())
        }
    }

    /// Writes the rest; from here on it is kept.
    pub async fn finish(mut self) -> anyhow::Result<Summary> {
        if let Err(error) = self.write_interactions().await {
            return Err(self.abandon(error).await);
        }
        if let Some(session) = self.session.take() {
            session.commit().await.context("keeping what was imported")?;
        }
        Ok(self.summary)
    }

    /// Leaves the store as it was, if the import is strict; the error says so.
    pub async fn abandon(mut self, error: anyhow::Error) -> anyhow::Error {
        match self.session.take() {
            None => error
                .context(format!("the import stopped half-way; what came before was kept\n{}", self.summary)),
            Some(session) => match session.rollback().await {
                Ok(()) => error.context("nothing was imported"),
                Err(rollback) => {
                    error.context(format!("nothing was imported, and the database is away: {rollback}"))
                }
            },
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
        for Pending { mut resource, has_all_links, place } in batch {
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
                Err(error) => self.bad(&place, error)?,
            }
        }
        self.write(&checked).await
    }

    async fn stored_links(&self, ids: &[ResourceId]) -> anyhow::Result<HashMap<ResourceId, Vec<Link>>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let stored = self.store.get_resources(ids).await?;
        Ok(stored.into_iter().map(|stored| (stored.resource.id, stored.resource.links)).collect())
    }

    async fn write(&mut self, resources: &[Resource]) -> anyhow::Result<()> {
        let now = Utc::now();
        let outcomes = match &self.session {
            Some(session) => session.write_resources(resources, now).await?,
            None => self.store.upsert_resources(resources, now).await?,
        };
        outcomes.into_iter().for_each(|outcome| self.summary.add_resource(outcome));
        Ok(())
    }

    /// Links whose resource was not in this import: it is in the store, or unknown.
    async fn write_waiting_links(&mut self) -> anyhow::Result<()> {
        for ids in self.links.waiting().chunks(RESOURCES_AT_A_TIME) {
            let stored = self.store.get_resources(ids).await?;
            let mut changed = Vec::with_capacity(stored.len());
            for mut resource in stored.into_iter().map(|stored| stored.resource) {
                self.links.attach(&mut resource);
                match resource.check() {
                    Ok(()) => changed.push(resource),
                    Err(error) => {
                        let places = self.links.places(&resource.id);
                        if let Some(place) = places.first() {
                            self.bad(place, error)?;
                        }
                    }
                }
            }
            self.write(&changed).await?;
        }
        for unknown in self.links.waiting() {
            for place in self.links.places(&unknown) {
                self.bad(&place, format_args!("there is no resource \"{unknown}\" to link from"))?;
            }
        }
        self.links = Links::default();
        Ok(())
    }

    async fn write_interactions(&mut self) -> anyhow::Result<()> {
        self.write_resources().await?;
        self.write_waiting_links().await?;
        let batch = std::mem::take(&mut self.interactions);
        let places = std::mem::take(&mut self.interaction_places);
        let now = Utc::now();
        let report = match &self.session {
            Some(session) => session.write_interactions(&batch, &self.rules, now).await?,
            None => self.store.import_interactions(&batch, &self.rules, now).await?,
        };
        self.summary.add_interactions(&report);
        for index in report.unknown_resource {
            if let (Some(interaction), Some(place)) = (batch.get(index), places.get(index)) {
                self.bad(place, format_args!("there is no resource \"{}\"", interaction.resource_id))?;
            }
        }
        Ok(())
    }
}
