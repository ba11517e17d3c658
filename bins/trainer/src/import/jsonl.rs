//! One JSON object a line.

mod wire;

use std::path::PathBuf;

use indicatif::ProgressBar;
use serde::Deserialize;

use super::{
    Place, Sink,
    lines::{Encoding, Lines},
};

/// How often each file is read: links first, then resources, then interactions, so that lines may come in any order.
pub const PASSES: u64 = 3;

/// What a line holds, before all of it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Resource,
    Link,
    Interaction,
}

#[derive(Deserialize)]
struct Peek {
    #[serde(rename = "type")]
    kind: Kind,
}

pub async fn read(files: &[PathBuf], sink: &mut Sink, bar: &ProgressBar) -> anyhow::Result<()> {
    for pass in [Kind::Link, Kind::Resource, Kind::Interaction] {
        for path in files {
            let mut lines = Lines::open(path, Encoding::Utf8, bar)?;
            while let Some((place, line)) = lines.next()? {
                let kind = line
                    .as_deref()
                    .map_err(|why| (*why).to_owned())
                    .and_then(|line| if line.trim().is_empty() { Ok(None) } else { peek(line).map(Some) });
                match (kind, line) {
                    (Ok(Some(kind)), Ok(line)) if kind == pass => take(kind, &line, sink, place).await?,
                    (Ok(_), _) => {}
                    // Told in the first pass only.
                    (Err(why), _) if pass == Kind::Link => sink.bad(&place, why)?,
                    (Err(_), _) => {}
                }
            }
        }
    }
    Ok(())
}

fn peek(line: &str) -> Result<Kind, String> {
    serde_json::from_str::<Peek>(line).map(|peek| peek.kind).map_err(reason)
}

async fn take(kind: Kind, line: &str, sink: &mut Sink, place: Place) -> anyhow::Result<()> {
    match kind {
        Kind::Link => match parse::<wire::LinkLine>(line).and_then(wire::LinkLine::link) {
            Ok((source, link)) => sink.link(source, link, place),
            Err(why) => sink.bad(&place, why),
        },
        Kind::Resource => match parse::<wire::ResourceLine>(line).and_then(wire::ResourceLine::resource) {
            Ok((resource, has_all_links)) => sink.resource(resource, has_all_links, place).await,
            Err(why) => sink.bad(&place, why),
        },
        Kind::Interaction => {
            match parse::<wire::InteractionLine>(line).and_then(wire::InteractionLine::interaction) {
                Ok(interaction) => sink.interaction(interaction, place).await,
                Err(why) => sink.bad(&place, why),
            }
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    serde_json::from_str(line).map_err(reason)
}

/// Without the line number of the parser, which is always 1.
fn reason(error: serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(what) if error.column() > 0 => format!("{what} (column {})", error.column()),
        _ => text,
    }
}
