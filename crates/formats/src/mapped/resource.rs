use chrono::{DateTime, Utc};
use docent_domain::Resource;
use serde_json::{Map, Number, Value};

use super::{id, link, side::Side, text};
use docent_rows::{Cell, Row};

use crate::{
    Record,
    mapping::{FileMapping, Role},
    survey::{Attribute, Part},
    values::{
        self, NAMES, is_missing, is_true,
        number::{self, Comma},
        scalar, shown,
    },
};

pub(super) fn record(
    row: Row<'_>,
    part: &Part,
    mapping: &FileMapping,
    side: Option<&Side>,
) -> Result<Record, String> {
    let fields = &part.fields;
    let id: docent_domain::ResourceId = id(fields, Role::Id, row)?;
    let title = match text(fields, Role::Title, row) {
        Some(title) => title,
        None if fields.has(Role::Title) => {
            return Err(format!("{} is empty; expected text", fields.name(Role::Title)));
        }
        None => id.to_string(),
    };
    let mut subjects = names(Role::Subjects, part, row, mapping);
    for (name, place) in &fields.flags {
        if row.get(place).and_then(scalar).is_some_and(|flag| is_true(flag.trim()) == Some(true)) {
            subjects.push(name.clone());
        }
    }
    let published =
        part.published.time(fields.name(Role::PublishedAt), fields.get(Role::PublishedAt, row))?;
    let links = fields.get(Role::Links, row).map(link::nested).transpose()?;
    let has_all_links = links.is_some();
    let mut resource = Resource {
        text: texts(part, row),
        authors: names(Role::Authors, part, row, mapping),
        source: text(fields, Role::Source, row),
        language: text(fields, Role::Language, row),
        url: text(fields, Role::Url, row),
        published_at: published.or_else(|| if mapping.year_in_title { year_of(&title) } else { None }),
        quality: number::read(fields.name(Role::Quality), fields.get(Role::Quality, row), Comma::Unknown)?,
        hidden: hidden(part, row)?,
        attributes: attributes(part, row)?,
        links: links.unwrap_or_default(),
        subjects,
        ..Resource::new(id, title)
    };
    if let Some(side) = side {
        let key = text(fields, Role::Key, row);
        side.complete(&mut resource, key.as_deref());
    }
    Ok(Record::Resource { resource, has_all_links })
}

fn names(role: Role, part: &Part, row: Row<'_>, mapping: &FileMapping) -> Vec<String> {
    let of_subjects = part.subject_separator.as_deref().filter(|_| role == Role::Subjects);
    let separator = of_subjects.or(mapping.list_separator.as_deref());
    let names = part.fields.all(role, row).flat_map(|cell| values::texts(cell, separator, NAMES));
    names.filter(|name| !mapping.blank.contains(name)).collect()
}

fn texts(part: &Part, row: Row<'_>) -> String {
    let cells = part.fields.all(Role::Text, row).map(|cell| match cell {
        Cell::Json(Value::Array(_)) => values::texts(cell, None, NAMES).join("\n"),
        other => scalar(other).unwrap_or_default(),
    });
    cells.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn hidden(part: &Part, row: Row<'_>) -> Result<bool, String> {
    let Some(cell) = part.fields.get(Role::Hidden, row) else { return Ok(false) };
    scalar(cell).and_then(|text| is_true(text.trim())).ok_or_else(|| {
        format!("{}: expected true or false, got {}", part.fields.name(Role::Hidden), shown(cell))
    })
}

fn attributes(part: &Part, row: Row<'_>) -> Result<Map<String, Value>, String> {
    let mut attributes = match part.fields.get(Role::Attributes, row) {
        Some(Cell::Json(Value::Object(object))) => object.clone(),
        None => Map::new(),
        Some(other) => return Err(format!("attributes: expected an object, got {}", shown(other))),
    };
    for (name, place, kind) in &part.attributes {
        if let Some(value) = row.get(place).and_then(|cell| attribute(cell, *kind)) {
            attributes.insert(name.clone(), value);
        }
    }
    Ok(attributes)
}

fn attribute(cell: Cell<'_>, kind: Attribute) -> Option<Value> {
    let text = match cell {
        Cell::Json(value) => return Some(value.clone()),
        Cell::Text(text) => text.trim(),
    };
    if is_missing(text) {
        return None;
    }
    Some(match kind {
        Attribute::Number => match text.parse::<i64>() {
            Ok(whole) => Value::from(whole),
            Err(_) => Value::Number(Number::from_f64(text.replace(',', ".").parse().ok()?)?),
        },
        Attribute::Flag => Value::Bool(is_true(text)?),
        Attribute::Text => Value::String(text.to_owned()),
    })
}

/// Returns the year at the end of a title, as in `Toy Story (1995)`.
fn year_of(title: &str) -> Option<DateTime<Utc>> {
    let (_, year) = title.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    crate::fields::year(year.parse().ok().filter(|year| (1_800..2_200).contains(year))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plausible_year_at_the_end_of_a_title_is_a_year() {
        let year = |title| year_of(title).map(|time| time.format("%Y").to_string());
        assert_eq!(year("Toy Story (1995) ").as_deref(), Some("1995"));
        for title in ["Toy Story", "1984", "(500) Days of Summer", "Movie (12)", "Movie (1995"] {
            assert_eq!(year(title), None, "{title}");
        }
    }
}
