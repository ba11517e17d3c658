use docent_domain::{Link, ResourceId};
use serde_json::Value;

use super::{id, text};
use docent_rows::{Cell, Row};

use crate::{
    Record,
    mapping::Role,
    survey::Part,
    values::number::{self, Comma},
};

/// Kind of a link that names none.
const CITATION: &str = "citation";

pub(super) fn record(row: Row<'_>, part: &Part) -> Result<Record, String> {
    let fields = &part.fields;
    let weight = number::read("weight", fields.get(Role::Weight, row), Comma::Unknown)?.unwrap_or(1.0);
    let kind = text(fields, Role::LinkKind, row).unwrap_or_else(|| CITATION.to_owned());
    let link = Link { target: id(fields, Role::Target, row)?, kind, weight };
    Ok(Record::Link { source: id(fields, Role::Source, row)?, link })
}

/// Reads the links inside a resource: `[{"target": "b", "kind": "citation", "weight": 1}]`.
pub(super) fn nested(cell: Cell<'_>) -> Result<Vec<Link>, String> {
    let Cell::Json(Value::Array(list)) = cell else {
        return Err(format!("links: expected a list, got {}", crate::values::shown(cell)));
    };
    list.iter().map(one).collect()
}

fn one(value: &Value) -> Result<Link, String> {
    let object = value.as_object().ok_or_else(|| expected(value))?;
    let target = match object.get("target").ok_or_else(|| expected(value))? {
        Value::String(target) => target.clone(),
        Value::Number(target) if !target.is_f64() => target.to_string(),
        _ => return Err(expected(value)),
    };
    let weight = match object.get("weight") {
        None | Some(Value::Null) => 1.0,
        Some(weight) => weight.as_f64().ok_or_else(|| expected(value))?,
    };
    let kind = match object.get("kind") {
        None | Some(Value::Null) => CITATION,
        Some(kind) => kind.as_str().ok_or_else(|| expected(value))?,
    };
    let target = ResourceId::new(target).map_err(|error| format!("links: {error}"))?;
    Ok(Link { target, kind: kind.to_owned(), weight })
}

fn expected(value: &Value) -> String {
    format!("links: expected {{\"target\": \"b\", \"kind\": \"citation\", \"weight\": 1}}, got {value}")
}
