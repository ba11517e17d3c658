use std::{collections::BTreeMap, fs::File, io::BufReader, path::Path};

use serde::Deserialize;
use serde_json::error::Category;

use crate::{FormatError, Location};

/// Attributes of items: a JSON object of lists, `{"item": [attribute, ...], ...}`, in which an
/// attribute is a number or a string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeFile {
    /// Attributes of each item.
    pub items: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "an attribute: a number or a string")]
enum Attribute {
    Number(serde_json::Number),
    Text(String),
}

impl AttributeFile {
    /// Reads a file. The number 7 and the string "7" are the same attribute.
    ///
    /// # Errors
    /// [`FormatError`] for a missing file, and for one that is not such an object.
    pub fn read(path: &Path) -> Result<Self, FormatError> {
        let file = File::open(path).map_err(|source| FormatError::Open { path: path.to_owned(), source })?;
        let read: Result<BTreeMap<String, Vec<Attribute>>, _> = serde_json::from_reader(BufReader::new(file));
        let read = read.map_err(|error| {
            let location = Location::start_of(path).at(error.line() as u64);
            match error.classify() {
                Category::Io => FormatError::Read { after: location, source: error.into() },
                _ => FormatError::line(
                    location,
                    format_args!("expected {{\"item\": [attribute, ...], ...}}: {error}"),
                ),
            }
        })?;
        let named = |attribute| match attribute {
            Attribute::Number(number) => number.to_string(),
            Attribute::Text(text) => text,
        };
        let items = read.into_iter();
        Ok(Self { items: items.map(|(item, list)| (item, list.into_iter().map(named).collect())).collect() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AttributeFile, FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, text).unwrap();
        AttributeFile::read(&path)
    }

    #[test]
    fn attributes_are_numbers_or_strings() {
        let file = read(r#"{"tea": [7, "green"], "12": ["7"], "milk": []}"#).unwrap();
        let found: Vec<(&str, String)> =
            file.items.iter().map(|(item, list)| (item.as_str(), list.join(" "))).collect();
        assert_eq!(found, [("12", "7".into()), ("milk", String::new()), ("tea", "7 green".into())]);
    }

    #[test]
    fn another_shape_is_an_error_that_names_the_line() {
        for (text, line, reason) in [
            ("{\"tea\": [7],\n\"milk\": 8}", 2, "invalid type: integer `8`"),
            ("{\"tea\":\n[[7]]}", 2, "a number or a string"),
            ("[]", 1, "invalid type: sequence"),
            ("", 1, "EOF"),
        ] {
            let error = read(text).unwrap_err().to_string();
            let place = format!("a.json:{line}: expected {{\"item\": [attribute, ...], ...}}: ");
            assert!(error.contains(&place) && error.contains(reason), "{error}");
        }
    }
}
