use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use docent_domain::{Resource, ResourceId};
use serde_json::Value;

use super::text;
use docent_rows::{Row, Rows};

use crate::{
    FormatError, Location, Opener,
    mapping::{Kind, Role},
    survey::{FileProfile, Part},
};

/// Labels of a resource that are kept: those of the file that come first.
const MAX_LABELS: usize = 50;

/// Labels and texts of resources, by their ids or keys.
#[derive(Debug, Default)]
pub(super) struct Side {
    names: HashMap<String, String>,
    labels: HashMap<String, Vec<String>>,
    texts: HashMap<String, String>,
    properties: BTreeMap<String, BTreeMap<String, Newest>>,
}

/// Newest value of a property, with its time.
type Newest = (Option<DateTime<Utc>>, String);

impl Side {
    /// Reads all side files, the names first. Returns the errors of bad lines apart.
    pub fn read(files: &[FileProfile], opener: &dyn Opener) -> Result<(Self, Vec<FormatError>), FormatError> {
        let (mut side, mut errors) = (Self::default(), Vec::new());
        for kind in [Kind::Names, Kind::Labels, Kind::Texts, Kind::Properties] {
            for file in files {
                let Some(part) = file.parts.get(&kind) else { continue };
                let mut rows = Rows::open(&file.path, opener, &file.options())?;
                while let Some(advanced) = rows.advance() {
                    match advanced {
                        Ok(()) => {}
                        Err(error) if error.bad_line().is_some() => {
                            errors.push(error);
                            continue;
                        }
                        Err(error) => return Err(error),
                    }
                    if kind == Kind::Properties {
                        if let Err(reason) = side.add_property(file, part, rows.row()) {
                            errors.push(FormatError::line(rows.location(), reason));
                        }
                        continue;
                    }
                    let of_row = match kind {
                        Kind::Names => Role::Title,
                        Kind::Labels => Role::Label,
                        _ => Role::Text,
                    };
                    let row = rows.row();
                    match (text(&part.fields, Role::Id, row), text(&part.fields, of_row, row)) {
                        (Some(id), Some(value)) => side.add(kind, id, value),
                        (None, _) => errors.push(missing(part, Role::Id, rows.location())),
                        (_, None) => errors.push(missing(part, of_row, rows.location())),
                    }
                }
            }
        }
        Ok((side, errors))
    }

    fn add(&mut self, kind: Kind, id: String, value: String) {
        match kind {
            Kind::Names => {
                self.names.insert(id, value);
            }
            Kind::Labels => {
                let label = self.names.get(&value).cloned().unwrap_or(value);
                let labels = self.labels.entry(id).or_default();
                if labels.len() < MAX_LABELS && !labels.contains(&label) {
                    labels.push(label);
                }
            }
            _ => {
                // A tag that several users gave is repeated, so that it weighs more.
                let text = self.texts.entry(id).or_default();
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&value);
            }
        }
    }

    /// Keeps the value of a property if it is the newest, and one that the mapping names.
    fn add_property(&mut self, file: &FileProfile, part: &Part, row: Row<'_>) -> Result<(), String> {
        let fields = &part.fields;
        let read = |role| {
            text(fields, role, row).ok_or_else(|| format!("{} is empty; expected text", fields.name(role)))
        };
        let property = read(Role::Property)?;
        if file.mapping.attributes.as_ref().is_some_and(|names| !names.contains(&property)) {
            return Ok(());
        }
        let (id, value) = (read(Role::Id)?, read(Role::Value)?);
        let at = part.times.time(fields.name(Role::Time), fields.get(Role::Time, row))?;
        let newest = self.properties.entry(id).or_default().entry(property).or_default();
        // Of two values at one time, the later row stands.
        if newest.0 <= at {
            *newest = (at, value);
        }
        Ok(())
    }

    /// Returns a resource for each id that has properties, for sets without a catalogue.
    pub fn resources(&self) -> impl Iterator<Item = Resource> {
        self.properties.keys().filter_map(|id| {
            let id: ResourceId = id.parse().ok()?;
            let title = id.to_string();
            let mut resource = Resource::new(id, title);
            self.complete(&mut resource, None);
            Some(resource)
        })
    }

    /// Adds labels, texts and properties to a resource.
    pub fn complete(&self, resource: &mut Resource, key: Option<&str>) {
        let id = key.unwrap_or(resource.id.as_str());
        for label in self.labels.get(id).into_iter().flatten() {
            if !resource.subjects.contains(label) {
                resource.subjects.push(label.clone());
            }
        }
        if let Some(text) = self.texts.get(id) {
            if !resource.text.is_empty() {
                resource.text.push('\n');
            }
            resource.text.push_str(text);
        }
        for (property, (_, value)) in self.properties.get(id).into_iter().flatten() {
            let value = value.parse::<i64>().map_or_else(|_| Value::from(value.as_str()), Value::from);
            resource.attributes.entry(property.as_str()).or_insert(value);
        }
    }
}

fn missing(part: &Part, role: Role, location: Location) -> FormatError {
    FormatError::line(location, format_args!("{} is empty; expected text", part.fields.name(role)))
}
