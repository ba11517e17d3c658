use std::fmt::Write;

use crate::{
    Key,
    key::{keys, meaning_of_table},
    path,
};

const HEAD: &str = "# Configuration reference

Generated from the types of the settings by `just config-doc`; a test checks that this page is
current. [Configure Docent](../how-to/configure.md) explains where settings come from.

A key in a table `[engine]` can be set by the environment variable `DOCENT_ENGINE__KEY`, a key at the
top level by `DOCENT_KEY`. `DOCENT_DATABASE_URL` and `DOCENT_SNAPSHOTS` are short for the keys of
`[engine]`. `docent-server config` prints every key with its value and the source of the value.

Former names are still read, with a warning: `[train.broad_als]` is `[train.low_rank_als]`,
`train.ease.most_weights` is `train.ease.max_weights`.
";

/// Returns the content of `docs/reference/configuration.md`: every key with its type, range,
/// default and meaning.
#[must_use]
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    let mut current: Option<String> = None;
    for key in keys() {
        let (table, name) = path::split(&key.path);
        if current.as_deref() != Some(table) {
            page.push_str(&heading(table));
            current = Some(table.to_owned());
        }
        page.push_str(&row(name, &key));
    }
    page
}

fn heading(table: &str) -> String {
    let (title, meaning) = match table {
        "" => ("Top level".to_owned(), "Settings of the server.".to_owned()),
        _ if table.ends_with("[]") => {
            (format!("`[[{}]]`", table.replace("[]", "")), "Keys of each element.".to_owned())
        }
        _ => (format!("`[{}]`", table.replace("[]", "")), meaning_of_table(&table.replace("[]", ""))),
    };
    let mut text = format!("\n## {title}\n");
    if !meaning.is_empty() {
        let _infallible = writeln!(text, "\n{meaning}");
    }
    text + "\n| key | type | range | default | meaning |\n|---|---|---|---|---|\n"
}

fn row(name: &str, key: &Key) -> String {
    let default = match &key.default {
        Some(default) => format!("`{default}`"),
        None if key.is_required => "required".to_owned(),
        None => "unset".to_owned(),
    };
    let condition =
        key.only_if.as_ref().map_or_else(String::new, |condition| format!("With `{condition}`: "));
    let meaning = format!("{condition}{}", key.meaning).replace('|', "\\|");
    let range = key.range.as_deref().unwrap_or("");
    format!("| `{name}` | {} | {range} | {default} | {meaning} |\n", key.kind)
}
