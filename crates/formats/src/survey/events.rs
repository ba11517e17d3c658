//! The interaction types of a file: by the names of its events, or by columns of 0 and 1.

use std::collections::BTreeMap;

use docent_domain::InteractionType;
use docent_rows::Place;

use super::{
    column::{Column, Table},
    part::MAX_LISTED,
};
use crate::{
    mapping::{Fields, FileMapping, Kind, OPINIONS, Role, normal},
    values::events,
};

/// Interaction types that are built in.
const BUILT_IN: [&str; 6] = ["view", "annotation", "collection_add", "export", "rating", "dismiss"];
/// Type of interactions that have a count and name no type.
const COUNTED: &str = "export";
/// Type of interactions of which only user and resource are known.
const ONLY_IDS: &str = "collection_add";

/// Interaction types of the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    /// Types by the names of events, where the caller says them.
    said: BTreeMap<String, String>,
    /// Types that the configuration adds.
    configured: Vec<String>,
    /// Type of rows that name none.
    pub default: String,
    /// Columns that are an event each.
    pub flags: Vec<Flag>,
}

/// Column that says whether an event happened, or how often.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    pub place: Place,
    pub kind: InteractionType,
}

impl Events {
    /// Decides what the rows of a file are.
    pub fn decide(
        kind: Kind,
        fields: &Fields,
        flags: Vec<Flag>,
        mapping: &FileMapping,
        types: &[String],
        notes: &mut Vec<String>,
    ) -> Self {
        let default = match &mapping.interaction_type {
            Some(said) => said.clone(),
            None if fields.has(Role::Rating) => "rating".to_owned(),
            None if fields.has(Role::Count) => COUNTED.to_owned(),
            None => ONLY_IDS.to_owned(),
        };
        let is_guessed = mapping.interaction_type.is_none()
            && !fields.has(Role::Rating)
            && !fields.has(Role::Type)
            && flags.is_empty();
        if kind == Kind::Interactions && is_guessed {
            notes.push(format!(
                "no column is a type, so every row is read as {default}; say another by --type"
            ));
        }
        Self { said: mapping.types.clone(), configured: types.to_vec(), default, flags }
    }

    /// Notes the events whose names are those of other programs.
    pub(super) fn note(&self, table: &Table, fields: &Fields, notes: &mut Vec<String>) {
        let Some(column) = table.column(fields.name(Role::Type)) else { return };
        let renamed = column.events.iter().filter_map(|(event, n)| {
            let kind = self.kind(event).ok()?;
            (kind.as_str() != event).then(|| format!("{event} as {kind} ({n})"))
        });
        let renamed: Vec<String> = renamed.take(MAX_LISTED).collect();
        if fields.has(Role::Rating) && column.events.keys().any(|event| self.may_be_rating(event)) {
            notes.push("of these events, reviews and the like that have a rating are ratings".to_owned());
        }
        if !renamed.is_empty() {
            notes.push(format!("events are read as types: {}; --types says others", renamed.join(", ")));
        }
    }

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

    /// Returns the type of a column such as `is_click`; `None` if it is no event.
    fn of_column(&self, name: &str) -> Option<InteractionType> {
        let kind = [name, plain(name).as_str()].into_iter().find_map(|event| self.kind(event).ok());
        kind.filter(|kind| kind.as_str() != "rating")
    }

    fn is_type(&self, name: &str) -> bool {
        BUILT_IN.contains(&name) || self.configured.iter().any(|custom| custom == name)
    }

    fn known(&self) -> String {
        let configured = self.configured.iter().map(String::as_str);
        BUILT_IN.into_iter().chain(configured).collect::<Vec<_>>().join(", ")
    }

    /// Returns a fault for each type that there is not.
    pub fn faults(&self, mapping: &FileMapping) -> Vec<String> {
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

/// Columns whose names are events and nothing else. One of them shows that rows are of what was
/// shown, and that others beside it are events, too.
const SURE: [&str; 20] = [
    "click",
    "clicks",
    "clicked",
    "view",
    "viewed",
    "like",
    "dislike",
    "hate",
    "share",
    "forward",
    "follow",
    "cart",
    "addtocart",
    "purchase",
    "purchases",
    "purchased",
    "bought",
    "buy",
    "download",
    "bookmark",
];

/// Takes the columns of 0 and 1, or of counts, whose names are events, where no column is a type, a
/// rating or a count. One that says whether a user liked what was shown is a rating from 0 to 1.
pub(super) fn flags(
    kind: Kind,
    fields: &mut Fields,
    table: &Table,
    (mapping, types): (&FileMapping, &[String]),
    notes: &mut Vec<String>,
) -> Vec<Flag> {
    let says_type = [Role::Type, Role::Rating, Role::Count].into_iter().any(|role| fields.has(role));
    if kind != Kind::Interactions || says_type || mapping.interaction_type.is_some() {
        return Vec::new();
    }
    let sure =
        |(name, _): &(String, Place)| is_of_happenings(table, name) && SURE.contains(&plain(name).as_str());
    if fields.rest.iter().any(sure) {
        let known = Events { said: mapping.types.clone(), configured: types.to_vec(), ..Events::default() };
        let taken = fields.take_rest(|name| is_of_happenings(table, name) && known.of_column(name).is_some());
        let flags = taken.into_iter().filter_map(|(name, place)| {
            let kind = known.of_column(&name)?;
            let n = table.column(&name).map_or(0, |column| column.happened);
            Some((format!("{name} as {kind} ({n})"), Flag { place, kind }))
        });
        let (meant, flags): (Vec<String>, Vec<Flag>) = flags.unzip();
        notes.push(format!(
            "these columns are events where they are 1 or more: {}; a row without any is no interaction, of {} rows; \
             --types says other types",
            meant.join(", "),
            table.rows
        ));
        return flags;
    }
    let opinion = fields
        .rest
        .iter()
        .position(|(name, _)| is_of_happenings(table, name) && OPINIONS.contains(&normal(name).as_str()));
    if let Some(at) = opinion {
        let (name, place) = fields.rest.remove(at);
        notes.push(format!("column \"{name}\" is read as a rating, of which 1 is a like and 0 a dislike"));
        fields.set(Role::Rating, name, place);
    }
    Vec::new()
}

fn is_of_happenings(table: &Table, name: &str) -> bool {
    table.column(name).is_some_and(Column::is_of_happenings)
}

/// Returns the name of a column such as `is_click` without its prefix and separators.
fn plain(name: &str) -> String {
    let name = normal(name);
    let plain = ["is_", "has_", "did_"].into_iter().find_map(|prefix| name.strip_prefix(prefix));
    plain.unwrap_or(&name).replace('_', "")
}
