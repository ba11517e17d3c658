use std::collections::BTreeMap;

use chrono::NaiveTime;
use docent_domain::InteractionType;

use super::{ColumnProfile, column::Table};
use docent_rows::Place;

use crate::{
    mapping::{Fields, FileMapping, Kind, Role, normal},
    values::{
        events,
        number::Comma,
        rating::{STARS, Scale},
        time::Reading,
    },
};

/// Interaction types that are built in.
const BUILT_IN: [&str; 6] = ["view", "annotation", "collection_add", "export", "rating", "dismiss"];
/// Type of interactions that have a count and name no type.
const COUNTED: &str = "export";
/// Type of interactions of which only user and resource are known.
const ONLY_IDS: &str = "collection_add";
/// Columns that a note lists.
const MAX_LISTED: usize = 20;

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

/// Interaction types of the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    /// Types by the names of events, where the caller says them.
    said: BTreeMap<String, String>,
    /// Types that the configuration adds.
    configured: Vec<String>,
    /// Type of rows that name none.
    pub default: String,
}

impl Events {
    /// Returns the type of an event.
    ///
    /// # Errors
    /// Returns what to say if the event is unknown.
    pub fn kind(&self, event: &str) -> Result<InteractionType, String> {
        let kind = self.said.get(event).map(String::as_str);
        let kind = kind.or_else(|| self.is_type(event).then_some(event));
        match kind.or_else(|| events::meant(event)) {
            Some(kind) => Ok(InteractionType::from(kind.to_owned())),
            None => Err(format!(
                "interaction_type: expected one of {}, got \"{event}\"; say what it means by --types \
                 \"{event}=TYPE\", or declare it in [engine.interactions.custom] of the configuration",
                self.known()
            )),
        }
    }

    /// Returns true if an event that has a rating is one, although its name means another type: a
    /// review with stars is what they say, and where the name is that of the resource, such as
    /// `book`, it says nothing.
    pub fn may_be_rating(&self, event: &str) -> bool {
        let is_guessed = !self.said.contains_key(event) && !self.is_type(event);
        let is_word = ["book", "read"].contains(&normal(event).as_str());
        is_guessed && (is_word || events::meant(event) == Some("annotation"))
    }

    fn is_type(&self, name: &str) -> bool {
        BUILT_IN.contains(&name) || self.configured.iter().any(|custom| custom == name)
    }

    fn known(&self) -> String {
        let configured = self.configured.iter().map(String::as_str);
        BUILT_IN.into_iter().chain(configured).collect::<Vec<_>>().join(", ")
    }

    /// Returns a fault for each type that there is not.
    fn faults(&self, mapping: &FileMapping) -> Vec<String> {
        let said = mapping.types.values().chain(&mapping.interaction_type).chain(&mapping.unrated);
        let unknown = said.filter(|kind| !self.is_type(kind));
        unknown
            .map(|kind| {
                format!(
                    "\"{kind}\" is no interaction type; expected one of {}, or a type that \
                     [engine.interactions.custom] of the configuration declares",
                    self.known()
                )
            })
            .collect()
    }
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
        let times = reading(Role::Time, &fields, table, mapping, &mut notes, &mut faults);
        let published = reading(Role::PublishedAt, &fields, table, mapping, &mut notes, &mut faults);
        let rating = table.column(fields.name(Role::Rating));
        let mut scale = STARS;
        if let Some(column) = rating {
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
        let item_separator = item_separator(&fields, table, mapping, &mut notes);
        note_ids(&fields, table, &mut notes, &mut faults);
        let events = events_of(kind, &fields, mapping, types, &mut notes);
        faults.extend(events.faults(mapping));
        note_events(table, &fields, &events, &mut notes);
        let attributes = attributes(kind, &fields, table, mapping, &mut notes);
        if kind == Kind::Resources && !fields.has(Role::Title) {
            notes.push(
                "no column is a title, so ids are titles; say which is one by --map title=COLUMN".to_owned(),
            );
        }
        let columns = profile(&fields, table, &attributes);
        let absent = fields.absent.clone();
        let part = Self { fields, times, published, scale, commas, item_separator, attributes, events };
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

/// Names of columns that hold several resources in a cell.
const LISTS: [&str; 5] = ["items", "item_ids", "resource_ids", "product_ids", "products"];

/// Returns the text between the ids where each row holds a user and a list of resources.
fn item_separator(
    fields: &Fields,
    table: &Table,
    mapping: &FileMapping,
    notes: &mut Vec<String>,
) -> Option<String> {
    let name = fields.name(Role::Item);
    let column = table.column(name).filter(|_| fields.has(Role::User))?;
    let is_list = column.arrays * 2 > column.filled
        || LISTS.contains(&normal(name).as_str())
        || column.first.starts_with('[') && column.first.contains(',');
    if !is_list {
        return None;
    }
    let guessed = ["|", ",", ";", " "].into_iter().find(|separator| column.first.contains(separator));
    let separator = mapping.list_separator.clone().unwrap_or_else(|| guessed.unwrap_or("|").to_owned());
    let between = if column.arrays * 2 > column.filled {
        String::new()
    } else {
        format!(", with \"{separator}\" between them")
    };
    notes.push(format!(
        "column \"{name}\" holds a list of resources in each cell{between}: each is an interaction"
    ));
    Some(separator)
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

fn events_of(
    kind: Kind,
    fields: &Fields,
    mapping: &FileMapping,
    types: &[String],
    notes: &mut Vec<String>,
) -> Events {
    let default = match &mapping.interaction_type {
        Some(said) => said.clone(),
        None if fields.has(Role::Rating) => "rating".to_owned(),
        None if fields.has(Role::Count) => COUNTED.to_owned(),
        None => ONLY_IDS.to_owned(),
    };
    let is_guessed =
        mapping.interaction_type.is_none() && !fields.has(Role::Rating) && !fields.has(Role::Type);
    if kind == Kind::Interactions && is_guessed {
        notes.push(format!("no column is a type, so every row is read as {default}; say another by --type"));
    }
    Events { said: mapping.types.clone(), configured: types.to_vec(), default }
}

fn note_events(table: &Table, fields: &Fields, events: &Events, notes: &mut Vec<String>) {
    let Some(column) = table.column(fields.name(Role::Type)) else { return };
    let renamed = column.events.iter().filter_map(|(event, n)| {
        let kind = events.kind(event).ok()?;
        (kind.as_str() != event).then(|| format!("{event} as {kind} ({n})"))
    });
    let renamed: Vec<String> = renamed.take(MAX_LISTED).collect();
    if fields.has(Role::Rating) && column.events.keys().any(|event| events.may_be_rating(event)) {
        notes.push("of these events, reviews and the like that have a rating are ratings".to_owned());
    }
    if !renamed.is_empty() {
        notes.push(format!("events are read as types: {}; --types says others", renamed.join(", ")));
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

fn profile(fields: &Fields, table: &Table, attributes: &[(String, Place, Attribute)]) -> Vec<ColumnProfile> {
    let columns = table.columns().into_iter().map(|(name, place)| {
        let role = match fields.role(&place) {
            Some(role) => role.to_string(),
            None if fields.flags.iter().any(|(flag, _)| *flag == name) => "subject".to_owned(),
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
