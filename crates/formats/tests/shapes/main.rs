//! Files in the shapes that teams have: each goes in with the right values, or is refused as a
//! whole in words that say what to do.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod faults;
mod layouts;
mod odd;
#[cfg(feature = "parquet")]
mod parquet_files;
mod sets;
mod values;

use std::path::Path;

use docent_formats::{
    FileMapping, FileProfile, InputFile, LocalFiles, MappedReader, Mapping, Reader, Record, survey,
};
use tempfile::TempDir;

/// A file as it was read: its profile, and its records as text.
pub struct Read {
    pub profile: FileProfile,
    pub records: Vec<String>,
    _folder: TempDir,
}

impl Read {
    pub fn notes(&self) -> String {
        self.profile.notes.join("\n")
    }

    pub fn faults(&self) -> String {
        self.profile.faults.join("\n")
    }
}

/// Reads a file by the keys of a mapping, in TOML.
pub fn read(name: &str, content: impl AsRef<[u8]>, mapping: &str) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    read_path(folder, &path, mapping)
}

pub fn read_path(folder: TempDir, path: &Path, mapping: &str) -> Read {
    let mapping: Mapping = format!("[[file]]\n{mapping}").parse().unwrap();
    let mapping: FileMapping = mapping.file.into_iter().next().unwrap();
    let stated = mapping.map.iter().map(|(role, columns)| format!("{role}={}", columns.names().join(" or ")));
    let stated = stated.collect();
    let files = [InputFile { path: path.to_owned(), mapping, stated }];
    let profiles = survey(&files, &["share".to_owned()], &LocalFiles);
    let profile = profiles[0].clone();
    let mut records = Vec::new();
    if profile.faults.is_empty() {
        let reader = MappedReader::new(profiles);
        for located in reader.records(&LocalFiles) {
            records.push(match located {
                Ok(located) => format!("{}:{}", located.location.line(), shown(located.record)),
                Err(error) => error.to_string().split_once(path.to_str().unwrap()).unwrap().1[1..].to_owned(),
            });
        }
    }
    Read { profile, records, _folder: folder }
}

/// Returns a record as text; absent values are left out.
fn shown(record: Record) -> String {
    match record {
        Record::Link { source, link } => format!("{source}->{} {} {}", link.target, link.kind, link.weight),
        Record::Resource { resource: r, has_all_links } => {
            let lists = [("by", &r.authors), ("on", &r.subjects)].map(|(name, list)| (name, list.join("+")));
            let mut out = format!("{} [{}]", r.id, r.title);
            for (name, value) in [("text", r.text)].into_iter().chain(lists) {
                if !value.is_empty() {
                    out += &format!(" {name}={value}");
                }
            }
            if let Some(at) = r.published_at {
                out += &format!(" {}", at.format("%Y-%m-%d"));
            }
            if r.hidden {
                out += " hidden";
            }
            if has_all_links {
                out += &format!(" {} links", r.links.len());
            }
            if !r.attributes.is_empty() {
                out += &format!(" {}", serde_json::to_string(&r.attributes).unwrap());
            }
            out
        }
        Record::Interaction(new) => {
            let mut out = format!("{}>{} {}", new.user_id, new.resource_id, new.interaction_type);
            let signals = new.signals;
            for (name, value) in
                [("rating", signals.rating), ("count", signals.count), ("dwell", signals.dwell_seconds)]
            {
                if let Some(value) = value {
                    out += &format!(" {name}={value}");
                }
            }
            if let Some(at) = new.at {
                out += &format!(" {}", at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
            }
            out
        }
        other => panic!("{other:?}"),
    }
}
