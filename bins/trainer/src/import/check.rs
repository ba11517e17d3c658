//! The second reading: checks every record as the store will, and writes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent::{InteractionRules, NewInteraction};
use docent_formats::{FormatError, Located, Location, Opener, Reader, Record};

use super::{CLOCK_TOLERANCE, links::Links, store_ids::Ids};
use crate::{cli::import::ImportOptions, logging};

/// Maximum number of bad lines that are reported one by one.
pub const MAX_REPORTED: usize = 20;

/// Counts of an import, before it writes.
#[derive(Debug, Default)]
pub struct Checked {
    /// Resources of the files.
    pub resources: Ids,
    /// Number of resources whose id an earlier one has, and the first of them.
    pub repeated: u64,
    pub first_repeated: Option<String>,
    /// Number of links that stand apart from their resources.
    pub links: u64,
    /// Interactions by type.
    pub interactions: BTreeMap<String, Counted>,
    /// Users with interactions.
    pub users: Ids,
    /// Resources with interactions.
    pub items: Ids,
    /// Earliest and latest time of the interactions that have one.
    pub times: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Number of interactions without a time.
    pub untimed: u64,
    /// The first bad lines.
    pub problems: Vec<String>,
    /// Number of bad lines.
    pub n_problems: u64,
    /// True if resources are made from ids because there is no catalogue.
    pub has_no_catalogue: bool,
    creates_missing: bool,
    in_store: Ids,
    /// Interactions that break no rule.
    n_interactions: u64,
    /// Interactions whose resource is known, and those whose user is the id of a resource.
    known_items: u64,
    users_that_are_items: u64,
    unknown_example: Option<(String, String)>,
    /// Good and bad lines by file.
    files: BTreeMap<String, (u64, u64)>,
    first_problem: BTreeMap<String, String>,
}

/// Interactions of one type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    pub all: u64,
    pub positive: u64,
}

/// Reads all records and checks them. Bad lines are reported; the first error of a file as a whole
/// is returned.
pub fn run(
    reader: &dyn Reader,
    files: &dyn Opener,
    rules: &InteractionRules,
    in_store: Ids,
    options: ImportOptions,
) -> anyhow::Result<Checked> {
    let mut checked = Checked {
        in_store,
        creates_missing: options.create_missing || reader.has_partial_catalogue(),
        ..Checked::default()
    };
    let mut links = Links::default();
    let mut locations = Vec::new();
    let latest = Utc::now() + CLOCK_TOLERANCE;
    for located in reader.records(files) {
        let located = match located {
            Ok(located) => located,
            Err(FormatError::Line { location, reason }) => {
                checked.problem(&location, &reason);
                continue;
            }
            Err(error) => return Err(anyhow::Error::from(error).context("nothing was imported")),
        };
        if let Some(reason) = future(&located, latest) {
            checked.problem(&located.location, &reason);
            continue;
        }
        let location = located.location;
        match located.record {
            Record::Link { source, link } => match links.add(source.clone(), link, location.clone()) {
                Ok(()) => locations.push((source, location)),
                Err(error) => checked.problem(&location, &error.to_string()),
            },
            Record::Resource { resource, .. } => match resource.check() {
                Ok(()) => {
                    checked.good(&location);
                    if !checked.resources.insert(resource.id.as_str()) {
                        checked.repeated += 1;
                        checked.first_repeated.get_or_insert_with(|| format!("{location}, {}", resource.id));
                    }
                }
                Err(error) => checked.problem(&location, &error.to_string()),
            },
            Record::Interaction(interaction) => checked.interaction(&interaction, rules, &location),
            _ => {}
        }
    }
    for (source, location) in locations {
        if checked.is_known(source.as_str()) {
            checked.links += 1;
            checked.good(&location);
        } else {
            checked.problem(&location, &format!("there is no resource \"{source}\" to link from"));
        }
    }
    Ok(checked)
}

/// Returns the reason if a record is an interaction in the future.
pub fn future(located: &Located, latest: DateTime<Utc>) -> Option<String> {
    let Record::Interaction(NewInteraction { at: Some(at), .. }) = &located.record else { return None };
    (*at > latest).then(|| format!("expected a time at most 5 minutes from now, got {}", at.to_rfc3339()))
}

impl Checked {
    fn problem(&mut self, location: &Location, reason: &str) {
        self.n_problems += 1;
        let text = format!("{location}: {reason}");
        self.files.entry(location.file().to_owned()).or_default().1 += 1;
        self.first_problem.entry(location.file().to_owned()).or_insert_with(|| text.clone());
        match self.problems.len() {
            n if n < MAX_REPORTED => {
                logging::warn(&text);
                self.problems.push(text);
            }
            _ if self.n_problems == MAX_REPORTED as u64 + 1 => {
                logging::warn("further bad lines are only counted");
            }
            _ => {}
        }
    }

    fn good(&mut self, location: &Location) {
        if let Some((good, _)) = self.files.get_mut(location.file()) {
            *good += 1;
        } else {
            self.files.insert(location.file().to_owned(), (1, 0));
        }
    }

    fn is_known(&self, id: &str) -> bool {
        self.resources.contains(id) || self.in_store.contains(id)
    }

    fn interaction(&mut self, new: &NewInteraction, rules: &InteractionRules, location: &Location) {
        let strength = match rules.strength(&new.interaction_type, &new.signals) {
            Ok(strength) => strength,
            Err(error) => return self.problem(location, &error.to_string()),
        };
        if self.resources.len() == 0 && self.in_store.len() == 0 {
            self.has_no_catalogue = true;
        }
        self.n_interactions += 1;
        let is_known = self.is_known(new.resource_id.as_str());
        self.known_items += u64::from(is_known);
        self.users_that_are_items += u64::from(self.is_known(new.user_id.as_str()));
        if !is_known && self.unknown_example.is_none() {
            self.unknown_example = Some((new.resource_id.to_string(), new.user_id.to_string()));
        }
        if !is_known && !self.creates_missing() {
            let reason = format!(
                "there is no resource \"{}\"; import it, or say --create-missing to make it from its id",
                new.resource_id
            );
            return self.problem(location, &reason);
        }
        self.good(location);
        let is_negative = new.interaction_type.as_str() == "dismiss"
            || new.interaction_type.as_str() == "rating"
                && new.signals.rating.is_some_and(|stars| stars <= 2.0);
        let counted = self.interactions.entry(new.interaction_type.as_str().to_owned()).or_default();
        counted.all += 1;
        counted.positive += u64::from(strength.is_positive() && !is_negative);
        self.users.insert(new.user_id.as_str());
        self.items.insert(new.resource_id.as_str());
        match (new.at, self.times) {
            (None, _) => self.untimed += 1,
            (Some(at), None) => self.times = Some((at, at)),
            (Some(at), Some((first, last))) => self.times = Some((first.min(at), last.max(at))),
        }
    }

    /// Returns true if resources are made from the ids that no catalogue has.
    pub fn creates_missing(&self) -> bool {
        self.creates_missing || self.has_no_catalogue
    }

    /// Returns what to say if the columns of users and resources are swapped: most users are ids of
    /// resources, and most resources are not.
    pub fn swapped(&self) -> Option<String> {
        let (item, user) = self.unknown_example.as_ref()?;
        let (users, items) = (self.users_that_are_items, self.known_items);
        (users > 2 * items && users * 2 >= self.n_interactions).then(|| {
            format!(
                "the columns of users and resources look swapped: \"{item}\" is read as a resource and is none, and \
                 \"{user}\" is read as a user and is a resource, and so in {} interactions; say which is which by \
                 --map user=COLUMN,item=COLUMN",
                users
            )
        })
    }

    /// Returns what to say if no line of a file can be used.
    pub fn useless_file(&self) -> Option<String> {
        let (file, (_, bad)) = self.files.iter().find(|(_, (good, bad))| *good == 0 && *bad > 0)?;
        let first = self.first_problem.get(file)?;
        Some(format!("none of the {bad} records of {file} can be used; the first: {first}"))
    }

    /// Returns true if there is nothing to import.
    pub fn is_empty(&self) -> bool {
        self.resources.len() == 0 && self.links == 0 && self.interactions.is_empty()
    }
}
