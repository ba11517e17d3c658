use docent_domain::{InteractionType, NewInteraction, Signals};

use super::{id, text};
use docent_rows::Row;

use crate::{
    Record,
    mapping::{FileMapping, Role},
    survey::Part,
    values,
};

pub(super) fn record(row: Row<'_>, part: &Part, mapping: &FileMapping) -> Result<Record, String> {
    let fields = &part.fields;
    let (user_id, resource_id) = (id(fields, Role::User, row)?, id(fields, Role::Item, row)?);
    let event = text(fields, Role::Type, row);
    let mut interaction_type = match &event {
        Some(event) => part.events.kind(event)?,
        None if fields.has(Role::Type) => {
            return Err(format!("{} is empty; expected an interaction type", fields.name(Role::Type)));
        }
        None => InteractionType::from(part.events.default.clone()),
    };
    let mut rating = number(part, row, Role::Rating, part.has_commas)?;
    if let (Some(0.0), Some(unrated)) = (rating, &mapping.unrated) {
        (rating, interaction_type) = (None, InteractionType::from(unrated.clone()));
    }
    let rating = rating.map(|rating| part.scale.stars(rating)).transpose()?;
    let is_counted =
        mapping.counted.is_empty() || event.as_ref().is_some_and(|event| mapping.counted.contains(event));
    let count = if is_counted { number(part, row, Role::Count, false)? } else { None };
    let signals = Signals {
        rating,
        dwell_seconds: number(part, row, Role::DwellSeconds, false)?,
        scroll_depth: number(part, row, Role::ScrollDepth, false)?,
        count,
    };
    let at = part.times.time(fields.name(Role::Time), fields.get(Role::Time, row))?;
    Ok(Record::Interaction(NewInteraction { user_id, resource_id, interaction_type, signals, at }))
}

fn number(part: &Part, row: Row<'_>, role: Role, has_commas: bool) -> Result<Option<f64>, String> {
    values::number::read(part.fields.name(role), part.fields.get(role, row), has_commas)
}
