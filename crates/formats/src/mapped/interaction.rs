use std::collections::BTreeMap;

use docent_domain::{InteractionType, NewInteraction, ResourceId, Signals};
use serde_json::Value;

use super::{id, text};
use docent_rows::{Cell, Row};

use crate::{
    Record,
    mapping::{FileMapping, Role},
    survey::{Part, is_clock, tag},
    values::{
        self, IDS, happened,
        rating::{STARS, fraction, marked},
        scalar, shown,
    },
};

/// Returns the interactions of a row: one, or one for each resource of a list and each event that
/// has a column.
pub(super) fn records(row: Row<'_>, part: &Part, mapping: &FileMapping) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    for resource_id in resources(row, part)? {
        let read = interaction(row, part, mapping, resource_id)?;
        if part.events.flags.is_empty() {
            records.push(Record::Interaction(read));
            continue;
        }
        let mut kinds: BTreeMap<&InteractionType, f64> = BTreeMap::new();
        for flag in &part.events.flags {
            let times = row.get(&flag.place).and_then(scalar).and_then(|text| happened(text.trim()));
            if let Some(times) = times.filter(|times| *times > 0.0) {
                *kinds.entry(&flag.kind).or_default() += times;
            }
        }
        records.extend(kinds.into_iter().map(|(kind, times)| {
            let signals = Signals { count: Some(times).filter(|times| *times > 1.0), ..read.signals };
            let interaction_type = kind.clone();
            Record::Interaction(NewInteraction { interaction_type, signals, ..read.clone() })
        }));
    }
    Ok(records)
}

fn resources(row: Row<'_>, part: &Part) -> Result<Vec<ResourceId>, String> {
    let Some(separator) = &part.item_separator else { return Ok(vec![id(&part.fields, Role::Item, row)?]) };
    let name = part.fields.name(Role::Item);
    let cell = part.fields.get(Role::Item, row).ok_or_else(|| part.fields.nothing(Role::Item, row, "ids"))?;
    let ids = values::texts(cell, Some(separator), IDS);
    if ids.is_empty() && matches!(cell, Cell::Json(Value::Array(list)) if !list.is_empty()) {
        return Err(format!("{name}: expected a list of ids, got {}", shown(cell)));
    }
    ids.into_iter().map(|item| item.parse().map_err(|error| format!("{name}: {error}"))).collect()
}

fn interaction(
    row: Row<'_>,
    part: &Part,
    mapping: &FileMapping,
    resource_id: ResourceId,
) -> Result<NewInteraction, String> {
    let fields = &part.fields;
    let user_id = id(fields, Role::User, row)?;
    let event = text(fields, Role::Type, row);
    let mut interaction_type = match &event {
        Some(event) => part.events.kind(event)?,
        None if fields.has(Role::Type) => {
            return Err(fields.nothing(Role::Type, row, "an interaction type"));
        }
        None => InteractionType::from(part.events.default.clone()),
    };
    let mut rating = rating(part, row)?;
    if let (Some(0.0), Some(unrated)) = (rating, &mapping.unrated) {
        (rating, interaction_type) = (None, InteractionType::from(unrated.clone()));
    }
    let stars = match part.fields.get(Role::Rating, row) {
        Some(Cell::Text(text)) => fraction(text),
        _ => None,
    };
    let rating = match stars {
        Some(stars) => rating.and(Some(STARS.stars(stars.max(STARS.low))?)),
        None => rating.map(|rating| part.scale.stars(rating)).transpose()?,
    };
    if rating.is_some() && event.as_ref().is_some_and(|event| part.events.may_be_rating(event)) {
        interaction_type = InteractionType::from("rating".to_owned());
    }
    let is_counted =
        mapping.counted.is_empty() || event.as_ref().is_some_and(|event| mapping.counted.contains(event));
    let count = if is_counted { number(part, row, Role::Count)? } else { None };
    // One view is a view, whatever column says that it was one. Our own files mean what they say.
    let count = count.filter(|n| *n != 1.0 || interaction_type.as_str() != "view" || tag(row).is_some());
    let signals = Signals {
        rating,
        dwell_seconds: number(part, row, Role::DwellSeconds)?,
        scroll_depth: number(part, row, Role::ScrollDepth)?,
        count,
    };
    let name = fields.name(Role::Time);
    let at = match joined(part, row)? {
        Some(joined) => part.times.time(name, Some(Cell::Text(&joined)))?,
        None => part.times.time(name, fields.get(Role::Time, row))?,
    };
    Ok(NewInteraction { user_id, resource_id, interaction_type, signals, at })
}

/// Returns a date and a time of day as one text; `None` unless they are in two columns.
fn joined(part: &Part, row: Row<'_>) -> Result<Option<String>, String> {
    let [_, (name, place), ..] = part.fields.columns(Role::Time) else { return Ok(None) };
    let texts: Vec<String> = part.fields.all(Role::Time, row).filter_map(scalar).collect();
    match texts.as_slice() {
        [date, clock] if is_clock(clock.trim()) => Ok(Some(format!("{} {}", date.trim(), clock.trim()))),
        [_, clock] if row.get(place).is_some() => {
            Err(format!("{name}: expected a time of day such as 10:30, got \"{}\"", clock.trim()))
        }
        _ => Ok(None),
    }
}

fn rating(part: &Part, row: Row<'_>) -> Result<Option<f64>, String> {
    let cell = part.fields.get(Role::Rating, row);
    let is_word = match cell {
        Some(Cell::Json(Value::Bool(flag))) => return Ok(Some(f64::from(u8::from(*flag)))),
        Some(Cell::Text(text)) => {
            if let Some(rating) = fraction(text).or_else(|| marked(text)) {
                return Ok(Some(rating));
            }
            text.starts_with(char::is_alphabetic)
        }
        _ => false,
    };
    number(part, row, Role::Rating).map_err(|why| {
        if is_word {
            let name = part.fields.name(Role::Rating);
            format!("{why}; words are read as types by --map type={name} --types WORD=TYPE,...")
        } else {
            why
        }
    })
}

fn number(part: &Part, row: Row<'_>, role: Role) -> Result<Option<f64>, String> {
    let comma = part.commas.get(&role).copied().unwrap_or_default();
    values::number::read(part.fields.name(role), part.fields.get(role, row), comma)
}
