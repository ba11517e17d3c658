use std::collections::BTreeMap;

use super::{
    ColumnProfile,
    column::Table,
    events::{self, Events},
    lists,
};
use chrono::NaiveTime;
use docent_rows::Place;

use crate::{
    mapping::{Fields, FileMapping, Kind, OPINIONS, Role, normal},
    values::{
        number::Comma,
        rating::{OPINION, STARS, Scale},
        time::Reading,
    },
};

/// Columns that a note lists.
pub(super) const MAX_LISTED: usize = 20;

/// The way in which one kind of rows of a file is read.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub fields: Fields,
    pub times: Reading,
    pub published: Reading,
    pub scale: Scale,
    /// Meaning of the commas in numbers.
    pub commas: BTreeMap<Role, Comma>,
    /// Text between the ids of a cell that is a list of resources.
    pub item_separator: Option<String>,
    /// Text between the subjects of a cell, if it was recognised.
    pub subject_separator: Option<String>,
    pub attributes: Vec<(String, Place, Attribute)>,
    pub events: Events,
}

/// Type of an attribute that is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Number,
    Flag,
    Text,
}

pub(super) struct Decided {
    pub part: Part,
    pub columns: Vec<ColumnProfile>,
    pub notes: Vec<String>,
    pub faults: Vec<String>,
    pub absent: Vec<String>,
}

impl Part {
    /// Decides how to read the rows of a file.
    ///
    /// # Errors
    /// Returns the reason if the columns are not those of such rows.
    pub(super) fn decide(
        kind: Kind,
        table: &Table,
        mapping: &FileMapping,
        types: &[String],
    ) -> Result<Decided, String> {
        let mut fields = Fields::find(kind, &table.columns(), mapping)?;
        if table.column(fields.name(Role::Time)).is_some_and(|column| is_clock(&column.first)) {
            fields.join_date();
        }
        let (mut notes, mut faults) = (Vec::new(), Vec::new());
        let flags = events::flags(kind, &mut fields, table, (mapping, types), &mut notes);
        let times = reading(Role::Time, &fields, table, mapping, &mut notes, &mut faults);
        let published = reading(Role::PublishedAt, &fields, table, mapping, &mut notes, &mut faults);
        let rating = table.column(fields.name(Role::Rating));
        let is_opinion = !mapping.map.contains_key("rating")
            && OPINIONS.contains(&normal(fields.name(Role::Rating)).as_str());
        let mut scale = if is_opinion { mapping.rating_scale.unwrap_or(OPINION) } else { STARS };
        if let Some(column) = rating.filter(|_| !is_opinion) {
            let is_own = fields.name(Role::Item) == "resource_id" && fields.name(Role::Rating) == "rating";
            match column.ratings.scale(mapping.rating_scale, mapping.unrated.is_some(), is_own) {
                Ok((found, said)) => {
                    scale = found;
                    notes
                        .extend(said.map(|said| format!("column \"{}\": {said}", fields.name(Role::Rating))));
                }
                Err(fault) => faults.push(format!("column \"{}\": {fault}", fields.name(Role::Rating))),
            }
        }
        let commas = commas(&fields, table, mapping, &mut notes);
        let item_separator = lists::item_separator(&fields, table, mapping, &mut notes);
        let subject_separator = lists::subject_separator(&fields, table, mapping, &mut notes);
        note_ids(&fields, table, &mut notes, &mut faults);
        let events = Events::decide(kind, &fields, flags, mapping, types, &mut notes);
        faults.extend(events.faults(mapping));
        events.note(table, &fields, &mut notes);
        let attributes = attributes(kind, &fields, table, mapping, &mut notes);
        if kind == Kind::Resources && !fields.has(Role::Title) {
            notes.push(
                "no column is a title, so ids are titles; say which is one by --map title=COLUMN".to_owned(),
            );
        }
        let columns = profile(&fields, table, &attributes, &events);
        let absent = fields.absent.clone();
        let part = Self {
            fields,
            times,
            published,
            scale,
            commas,
            item_separator,
            subject_separator,
            attributes,
            events,
        };
        Ok(Decided { part, columns, notes, faults, absent })
    }
}

/// Returns true for a time of day, such as `10:30`.
pub(crate) fn is_clock(text: &str) -> bool {
    ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f"].iter().any(|form| NaiveTime::parse_from_str(text, form).is_ok())
}

/// Decides what commas mean in the numbers of interactions: as the caller says, or as the numbers
/// tell that can be read in one way alone.
fn commas(
    fields: &Fields,
    table: &Table,
    mapping: &FileMapping,
    notes: &mut Vec<String>,
) -> BTreeMap<Role, Comma> {
    let mut commas = BTreeMap::new();
    for role in [Role::Rating, Role::Count, Role::DwellSeconds, Role::ScrollDepth] {
        let name = fields.name(role);
        let Some(column) = table.column(name) else { continue };
        let comma = match (mapping.decimal.as_deref(), column.commas > 0, column.thousands > 0) {
            (Some(","), ..) | (None, true, false) => Comma::Decimal,
            (Some(_), ..) | (None, false, true) => Comma::Thousands,
            (None, ..) => Comma::Unknown,
        };
        let meaning = match comma {
            Comma::Decimal if column.commas > 0 => "numbers have decimal commas",
            Comma::Thousands if column.thousands > 0 => "numbers have commas between thousands",
            _ => "",
        };
        if !meaning.is_empty() {
            notes.push(format!("column \"{name}\": {meaning}"));
        }
        commas.insert(role, comma);
    }
    commas
}

/// Notes ids that programs wrote as floating point, and refuses those that lost digits in it.
fn note_ids(fields: &Fields, table: &Table, notes: &mut Vec<String>, faults: &mut Vec<String>) {
    for role in [Role::User, Role::Item, Role::Id] {
        let Some((name, Place::At(_))) = fields.columns(role).first() else { continue };
        let column = table.column(name);
        if let Some(example) = column.and_then(|column| column.rounded.as_ref()) {
            faults.push(format!(
                "column \"{name}\" has ids such as {example}, which a spreadsheet or a script has rounded, so that \
                 different ids look alike; write the column as text, and save the file again"
            ));
        }
        if let Some(column) = column.filter(|column| column.filled > 0 && column.floats == column.filled) {
            notes.push(format!(
                "column \"{name}\": all ids are written like {}; they are kept so, and differ from {}",
                column.first,
                column.first.trim_end_matches(".0")
            ));
        }
    }
}

/// Decides how to read the times of a role.
fn reading(
    role: Role,
    fields: &Fields,
    table: &Table,
    mapping: &FileMapping,
    notes: &mut Vec<String>,
    faults: &mut Vec<String>,
) -> Reading {
    let name = fields.name(role);
    let Some(column) = table.column(name) else { return Reading::default() };
    let zone = mapping.time_zone.unwrap_or_default();
    let decided = column.times.reading(name, mapping.time_format.clone(), zone, role == Role::PublishedAt);
    match decided {
        Ok((reading, said)) => {
            notes.extend(said);
            reading
        }
        Err(fault) => {
            faults.push(fault);
            Reading::default()
        }
    }
}

fn attributes(
    kind: Kind,
    fields: &Fields,
    table: &Table,
    mapping: &FileMapping,
    notes: &mut Vec<String>,
) -> Vec<(String, Place, Attribute)> {
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for (name, place) in &fields.rest {
        let is_kept =
            kind == Kind::Resources && mapping.attributes.as_ref().is_none_or(|names| names.contains(name));
        // The tag of our own JSON lines is no column.
        if matches!(place, Place::Path(_)) && name == "type" {
            continue;
        }
        if !is_kept {
            left_out.push(name.as_str());
            continue;
        }
        let attribute = match table.column(name) {
            Some(column) if column.is_numeric() || column.has_decimal_commas() => Attribute::Number,
            Some(column) if column.is_flag() => Attribute::Flag,
            _ => Attribute::Text,
        };
        let plain = name
            .rsplit_once(":token")
            .or_else(|| name.rsplit_once(":float"))
            .map_or(name.as_str(), |(plain, _)| plain);
        kept.push((plain.to_owned(), place.clone(), attribute));
    }
    if !kept.is_empty() {
        let names: Vec<&str> = kept.iter().map(|(name, ..)| name.as_str()).collect();
        notes.push(format!("columns that become attributes: {}", listed(&names)));
    }
    if !left_out.is_empty() && mapping.attributes.is_none() {
        notes.push(format!("columns that are left out: {}", listed(&left_out)));
    }
    kept
}

fn listed(names: &[&str]) -> String {
    let more = if names.len() > MAX_LISTED { ", ..." } else { "" };
    format!("{}{more}", names.iter().take(MAX_LISTED).copied().collect::<Vec<_>>().join(", "))
}

fn profile(
    fields: &Fields,
    table: &Table,
    attributes: &[(String, Place, Attribute)],
    events: &Events,
) -> Vec<ColumnProfile> {
    let columns = table.columns().into_iter().map(|(name, place)| {
        let role = match fields.role(&place) {
            Some(role) => role.to_string(),
            None if fields.flags.iter().any(|(flag, _)| *flag == name) => "subject".to_owned(),
            None if events.flags.iter().any(|flag| flag.place == place) => "event".to_owned(),
            None if attributes.iter().any(|(_, of, _)| *of == place) => "attribute".to_owned(),
            None => "left out".to_owned(),
        };
        let column = table.column(&name);
        ColumnProfile {
            role,
            filled: column.map_or(0, |column| column.filled),
            values: column.map(super::column::Column::described).unwrap_or_default(),
            name,
        }
    });
    columns.collect()
}
