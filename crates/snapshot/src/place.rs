use std::path::{Path, PathBuf};

use crate::SnapshotError;

/// Schemes of object stores.
const SCHEMES: [&str; 3] = ["s3", "gs", "az"];

/// A place of snapshots, as a setting names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder: a path, or `file:///PATH`.
    Folder(PathBuf),
    /// An object store: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.
    Remote(String),
}

impl Place {
    /// Reads a setting.
    ///
    /// # Errors
    /// Returns [`SnapshotError::Invalid`] for a URL with another scheme, without a bucket, or with
    /// a user, a query or a fragment: it is written into logs, so it must hold no secret.
    pub fn parse(setting: &Path) -> Result<Self, SnapshotError> {
        let Some((text, (scheme, rest))) =
            setting.to_str().and_then(|text| Some((text, text.split_once("://")?)))
        else {
            return Ok(Self::Folder(setting.to_owned()));
        };
        let invalid = |reason: &str| Err(SnapshotError::Invalid { name: text.into(), reason: reason.into() });
        if scheme == "file" {
            return match rest.starts_with('/') {
                true => Ok(Self::Folder(rest.into())),
                false => invalid("expected an absolute path, as in file:///var/lib/docent/snapshots"),
            };
        }
        if !SCHEMES.contains(&scheme) {
            return invalid(
                "expected a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///PATH",
            );
        }
        if rest.contains(['@', '?', '#']) {
            return invalid(
                "expected a bucket and a prefix alone; credentials come from the environment of the process",
            );
        }
        match rest.split('/').next() {
            None | Some("") => invalid("expected the name of a bucket or container after ://"),
            Some(_) => Ok(Self::Remote(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn places_are_folders_or_object_stores() {
        for folder in ["snapshots", "/srv/snapshots", "C:\\snapshots", "2024"] {
            assert_eq!(Place::parse(Path::new(folder)).unwrap(), Place::Folder(folder.into()));
        }
        let of_url = Place::parse(Path::new("file:///srv/snapshots")).unwrap();
        assert_eq!(of_url, Place::Folder("/srv/snapshots".into()));
        for url in ["s3://models", "s3://models/shop/eu", "gs://models/a", "az://models/a"] {
            assert_eq!(Place::parse(Path::new(url)).unwrap(), Place::Remote(url.into()));
        }
    }

    #[test]
    fn other_urls_are_refused_with_what_was_expected() {
        for (url, expected) in [
            ("ftp://models/a", "s3://BUCKET/PREFIX"),
            ("S3://models/a", "s3://BUCKET/PREFIX"),
            ("s3://", "name of a bucket"),
            ("s3:///a", "name of a bucket"),
            ("s3://key:secret@models/a", "from the environment"),
            ("s3://models/a?region=eu", "from the environment"),
            ("file://srv/snapshots", "absolute path"),
        ] {
            let error = Place::parse(Path::new(url)).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(url), "{url}: {error}");
        }
    }
}
