//! Records of files of any layout, by their mapping.

mod interaction;
mod link;
mod resource;
mod side;

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, OnceLock},
};

use docent_domain::DomainError;

use self::side::Side;
use docent_rows::{Cell, Row, Rows, cell_of};

use crate::{
    FormatError, Located, Location, Opener, Reader, Record, Records,
    mapping::{Fields, Kind, Role},
    reader,
    survey::{FileProfile, Part, tag},
    values::{scalar, shown},
};

/// Reads files as their first reading found them.
#[derive(Debug)]
pub struct MappedReader {
    files: Vec<FileProfile>,
}

/// Kinds of rows in the order of the records.
const ORDER: [Kind; 3] = [Kind::Links, Kind::Resources, Kind::Interactions];

impl MappedReader {
    /// Returns a reader of files without faults.
    #[must_use]
    pub fn new(files: Vec<FileProfile>) -> Self {
        Self { files }
    }

    /// Returns the files.
    #[must_use]
    pub fn files(&self) -> &[FileProfile] {
        &self.files
    }

    /// Returns the resources that properties make, where no file has resources.
    fn made<'a>(&'a self, side: Option<&Side>) -> Records<'a> {
        let Some((file, _)) = self.parts(Kind::Properties).next().filter(|_| self.has_partial_catalogue())
        else {
            return Box::new(std::iter::empty());
        };
        let resources: Vec<_> = side.into_iter().flat_map(Side::resources).collect();
        let location = Location::start_of(&file.path);
        Box::new(resources.into_iter().map(move |resource| {
            Ok(Located::new(Record::Resource { resource, has_all_links: false }, location.clone()))
        }))
    }

    fn parts(&self, kind: Kind) -> impl Iterator<Item = (&FileProfile, &Part)> {
        self.files.iter().filter_map(move |file| Some((file, file.parts.get(&kind)?)))
    }
}

impl Reader for MappedReader {
    fn paths(&self) -> Vec<&Path> {
        self.files.iter().flat_map(|file| file.kinds().map(|_| file.path.as_path())).collect()
    }

    fn records<'a>(&'a self, opener: &'a dyn Opener) -> Records<'a> {
        let side = Arc::new(OnceLock::new());
        let read = Arc::clone(&side);
        // The errors of the side files come first.
        let errors = reader::deferred(move || {
            let (side, errors) = Side::read(&self.files, opener)?;
            let _first = read.set(side);
            Ok(Box::new(errors.into_iter().map(Err)))
        });
        let records = ORDER.into_iter().flat_map(move |kind| {
            let of_rows = Arc::clone(&side);
            let rows = self.parts(kind).flat_map(move |(file, part)| {
                let side = Arc::clone(&of_rows);
                reader::deferred(move || rows_of(file, part, kind, opener, side))
            });
            let side = Arc::clone(&side);
            let made = (kind == Kind::Resources).then(|| reader::deferred(move || Ok(self.made(side.get()))));
            rows.chain(made.into_iter().flatten())
        });
        Box::new(errors.chain(records))
    }

    fn has_partial_catalogue(&self) -> bool {
        self.parts(Kind::Properties).next().is_some() && self.parts(Kind::Resources).next().is_none()
    }
}

/// Streams the records of one kind of a file.
fn rows_of<'a>(
    file: &'a FileProfile,
    part: &'a Part,
    kind: Kind,
    opener: &'a dyn Opener,
    side: Arc<OnceLock<Side>>,
) -> Result<Records<'a>, FormatError> {
    let mut rows = Rows::open(&file.path, opener, &file.options())?;
    let is_first = file.kinds().find(|kind| ORDER.contains(kind)) == Some(kind);
    let is_tagged = file.parts.len() > 1;
    let mut of_row: VecDeque<Located> = VecDeque::new();
    Ok(Box::new(std::iter::from_fn(move || {
        if let Some(located) = of_row.pop_front() {
            return Some(Ok(located));
        }
        loop {
            match rows.advance()? {
                Ok(()) => {}
                Err(FormatError::Line { .. }) if !is_first => continue,
                Err(error) => return Some(Err(error)),
            }
            let row = rows.row();
            match tag(row) {
                Some(other) if other != kind => continue,
                None if is_tagged && is_first => {
                    let reason =
                        "type: expected \"resource\", \"link\" or \"interaction\", as other lines have";
                    return Some(Err(FormatError::line(rows.location(), reason)));
                }
                None if is_tagged => continue,
                _ => {}
            }
            let records = match kind {
                Kind::Links => link::record(row, part).map(|record| vec![record]),
                Kind::Resources => {
                    resource::record(row, part, &file.mapping, side.get()).map(|record| vec![record])
                }
                _ => interaction::records(row, part, &file.mapping),
            };
            let has_title = kind == Kind::Interactions && part.item_separator.is_none();
            let title = if has_title { text(&part.fields, Role::Title, row) } else { None };
            let location = rows.location();
            match records {
                Ok(records) => of_row.extend(records.into_iter().map(|record| Located {
                    record,
                    location: location.clone(),
                    title: title.clone(),
                })),
                Err(reason) => return Some(Err(FormatError::line(location, reason))),
            }
            if let Some(located) = of_row.pop_front() {
                return Some(Ok(located));
            }
        }
    })))
}

/// Parses the id of a user or a resource. Whole numbers are ids too.
fn id<T: std::str::FromStr<Err = DomainError>>(
    fields: &Fields,
    role: Role,
    row: Row<'_>,
) -> Result<T, String> {
    /// Whole numbers from here on are not exact once a program has read them as floating point.
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    let name = fields.name(role);
    let cell = fields.get(role, row).ok_or_else(|| fields.nothing(role, row, "an id"))?;
    let number = match cell {
        Cell::Json(serde_json::Value::Number(number)) => number.as_f64().filter(|_| number.is_f64()),
        _ => None,
    };
    let text = match number {
        Some(number) if number.fract() == 0.0 && number.abs() < MAX_EXACT => format!("{number:.0}"),
        Some(_) => return Err(format!("{name}: expected an id as text, got the number {}", shown(cell))),
        None => scalar(of_object(name, cell))
            .ok_or_else(|| format!("{name}: expected an id, got {}", shown(cell)))?,
    };
    if matches!(row, Row::Cells(_)) && text == name {
        return Err(format!("{name} holds its own name; the line repeats the header"));
    }
    text.parse().map_err(|error| format!("{name}: {error}"))
}

/// Returns the id of an object such as `{"id": 7, "name": "Ada"}`; another cell as it is.
fn of_object<'a>(name: &str, cell: Cell<'a>) -> Cell<'a> {
    let Cell::Json(serde_json::Value::Object(object)) = cell else { return cell };
    let id = object.get("id").or_else(|| object.get("_id")).or_else(|| object.get(&format!("{name}_id")));
    id.and_then(cell_of).unwrap_or(cell)
}

/// Returns the text of a role.
fn text(fields: &Fields, role: Role, row: Row<'_>) -> Option<String> {
    fields.get(role, row).and_then(scalar).map(|text| text.trim().to_owned())
}
