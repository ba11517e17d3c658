//! The JSON schema of the configuration, which the derive macro writes from the types: names,
//! types, ranges and doc comments.

use std::sync::LazyLock;

use figment::value::{Dict, Value};
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use crate::Config;

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.into_generator().into_root_schema_for::<Config>().to_value()
});

/// Returns the schema of the whole configuration.
pub(crate) fn root() -> Node<'static> {
    Node(&SCHEMA)
}

/// Schema of one value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a>(&'a Json);

impl<'a> Node<'a> {
    /// Returns the doc comment.
    pub(crate) fn description(self) -> Option<&'a str> {
        self.0.get("description")?.as_str()
    }

    /// Returns the default that the type of the table gives.
    pub(crate) fn default(self) -> Option<&'a Json> {
        self.0.get("default")
    }

    /// Returns the only value that it allows.
    pub(crate) fn constant(self) -> Option<&'a str> {
        self.0.get("const")?.as_str()
    }

    /// Returns a numeric rule, such as `minimum`.
    pub(crate) fn bound(self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }

    /// Returns true if values are of the JSON type.
    pub(crate) fn is(self, kind: &str) -> bool {
        match self.0.get("type") {
            Some(Json::String(only)) => only == kind,
            Some(Json::Array(kinds)) => kinds.iter().any(|one| one == kind),
            _ => false,
        }
    }

    /// Returns the alternatives, if there are any, without `null`.
    pub(crate) fn alternatives(self) -> Vec<Node<'a>> {
        let listed = ["oneOf", "anyOf"].iter().find_map(|name| self.0.get(name)?.as_array());
        let listed = listed.into_iter().flatten().map(Node);
        listed.filter(|node| !node.0.get("type").is_some_and(|kind| kind == "null")).collect()
    }

    /// Returns the texts that it allows, if it allows no others.
    pub(crate) fn choices(self) -> Option<Vec<&'a str>> {
        if let Some(listed) = self.0.get("enum").and_then(Json::as_array) {
            return Some(listed.iter().filter_map(Json::as_str).collect());
        }
        let alternatives = self.alternatives();
        match alternatives.as_slice() {
            [] => self.constant().map(|only| vec![only]),
            [only] => only.choices(),
            many => many
                .iter()
                .map(|node| node.choices())
                .collect::<Option<Vec<_>>>()
                .map(|choices| choices.concat()),
        }
    }

    /// Returns the named keys of a table.
    pub(crate) fn properties(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let listed = self.0.get("properties").and_then(Json::as_object);
        listed.into_iter().flatten().map(|(name, node)| (name.as_str(), Node(node)))
    }

    /// Returns one named key of a table.
    pub(crate) fn property(self, name: &str) -> Option<Node<'a>> {
        self.0.get("properties")?.get(name).map(Node)
    }

    /// Returns the schema of the values of a table whose keys the user chooses.
    pub(crate) fn values(self) -> Option<Node<'a>> {
        self.0.get("additionalProperties").filter(|node| node.is_object()).map(Node)
    }

    /// Returns the schema of the elements of an array.
    pub(crate) fn items(self) -> Option<Node<'a>> {
        self.0.get("items").map(Node)
    }

    /// Returns the keys that a table must have.
    pub(crate) fn required(self) -> impl Iterator<Item = &'a str> {
        self.0.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
    }

    /// Returns the key whose value selects the alternative, and its value here.
    pub(crate) fn tag(self) -> Option<(&'a str, &'a str)> {
        self.properties().find_map(|(name, node)| Some((name, node.constant()?)))
    }

    /// Returns the alternatives of a table that one of its keys selects.
    pub(crate) fn tagged(self) -> Vec<Node<'a>> {
        self.alternatives().into_iter().filter(|node| node.tag().is_some()).collect()
    }

    /// Returns the alternative that a table selects; the node itself if there is no choice.
    pub(crate) fn selected(self, dict: &Dict) -> Option<Node<'a>> {
        let tagged = self.tagged();
        if tagged.is_empty() {
            let mut tables = self.alternatives().into_iter().filter(|node| node.is("object"));
            return tables.next().or(Some(self));
        }
        tagged.into_iter().find(|node| {
            node.tag().is_some_and(|(name, constant)| {
                matches!(dict.get(name), Some(Value::String(_, chosen)) if chosen == constant)
            })
        })
    }

    /// Returns the schema at the path of a key, in any of the alternatives.
    pub(crate) fn at(self, path: &str) -> Option<Node<'a>> {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let candidates = std::iter::once(self).chain(self.alternatives());
        candidates
            .filter_map(|node| node.property(first).or_else(|| node.values()))
            .find_map(|child| rest.map_or(Some(child), |rest| child.at(rest)))
    }
}
