use std::collections::HashMap;

use docent_domain::Resource;

use super::text;
use docent_rows::Rows;

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
}

impl Side {
    /// Reads all side files, the names first. Returns the errors of bad lines apart.
    pub fn read(files: &[FileProfile], opener: &dyn Opener) -> Result<(Self, Vec<FormatError>), FormatError> {
        let (mut side, mut errors) = (Self::default(), Vec::new());
        for kind in [Kind::Names, Kind::Labels, Kind::Texts] {
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

    /// Adds labels and texts to a resource.
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
    }
}

fn missing(part: &Part, role: Role, location: Location) -> FormatError {
    FormatError::line(location, format_args!("{} is empty; expected text", part.fields.name(role)))
}
