//! Interactions in temporary files by user, so that all of a user are written together.

use std::{
    fs::File,
    hash::BuildHasher,
    io::{self, BufRead, BufReader, BufWriter, Seek, Write},
    path::Path,
};

use chrono::{DateTime, Utc};
use docent::{InteractionType, NewInteraction, ResourceId, Signals, UserId};
use docent_formats::Location;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

/// Maximum number of temporary files.
const MAX_PARTS: u64 = 128;

/// Interactions that are read before they are written: each user is in one part, in the order of
/// the files that were read.
#[derive(Debug)]
pub struct Parts {
    parts: Vec<BufWriter<File>>,
    /// The files that were read, at line 0.
    files: Vec<Location>,
}

/// An interaction as one line of a part. Numbers are kept by their bits.
#[derive(Serialize, Deserialize)]
struct Line {
    user: UserId,
    resource: ResourceId,
    kind: InteractionType,
    signals: [Option<u64>; 4],
    /// Seconds since 1970, and nanoseconds.
    at: Option<(i64, u32)>,
    file: usize,
    line: u64,
}

impl Parts {
    /// Makes parts of about `size` interactions in a folder, which the system removes when the
    /// process ends, whatever ends it.
    ///
    /// # Errors
    /// The error of a file that cannot be made.
    pub fn new(folder: &Path, interactions: u64, size: u64) -> io::Result<Self> {
        let count = interactions.div_ceil(size).clamp(1, MAX_PARTS);
        let parts = (0..count).map(|_| Ok(BufWriter::new(tempfile::tempfile_in(folder)?)));
        Ok(Self { parts: parts.collect::<io::Result<_>>()?, files: Vec::new() })
    }

    /// Adds an interaction.
    ///
    /// # Errors
    /// The error of a file that cannot be written.
    pub fn add(&mut self, interaction: NewInteraction, location: &Location) -> io::Result<()> {
        let place = FxBuildHasher.hash_one(interaction.user_id.as_str()) % self.parts.len() as u64;
        if self.files.last().is_none_or(|file| file.file() != location.file()) {
            self.files.push(location.at(0));
        }
        let NewInteraction { user_id, resource_id, interaction_type, signals, at, .. } = interaction;
        let Signals { dwell_seconds, scroll_depth, rating, count, .. } = signals;
        let line = Line {
            user: user_id,
            resource: resource_id,
            kind: interaction_type,
            signals: [dwell_seconds, scroll_depth, rating, count].map(|signal| signal.map(f64::to_bits)),
            at: at.map(|at| (at.timestamp(), at.timestamp_subsec_nanos())),
            file: self.files.len() - 1,
            line: location.line(),
        };
        if let Some(part) = self.parts.get_mut(place as usize) {
            serde_json::to_writer(&mut *part, &line)?;
            part.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Returns the bytes of each part.
    ///
    /// # Errors
    /// The error of a file that cannot be written to its end.
    pub fn sizes(&mut self) -> io::Result<Vec<u64>> {
        self.parts.iter_mut().map(io::Seek::stream_position).collect()
    }

    /// Takes the last part out, and returns its interactions in the order in which they were added.
    ///
    /// # Errors
    /// The error of a file that cannot be written to its end or read.
    pub fn take(
        &mut self,
    ) -> io::Result<Option<impl Iterator<Item = io::Result<(NewInteraction, Location)>>>> {
        let Some(part) = self.parts.pop() else { return Ok(None) };
        let mut file = part.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let files = self.files.clone();
        Ok(Some(BufReader::new(file).lines().map(move |line| {
            let line: Line = serde_json::from_str(&line?)?;
            let location = files.get(line.file).map(|file| file.at(line.line));
            let location = location.unwrap_or_else(|| Location::new("", line.line));
            Ok((line.interaction(), location))
        })))
    }
}

impl Line {
    fn interaction(self) -> NewInteraction {
        let [dwell_seconds, scroll_depth, rating, count] = self.signals.map(|bits| bits.map(f64::from_bits));
        let at = self.at.and_then(|(seconds, nanos)| DateTime::<Utc>::from_timestamp(seconds, nanos));
        let signals = Signals { dwell_seconds, scroll_depth, rating, count };
        let interaction = NewInteraction::new(self.user, self.resource, self.kind, at);
        NewInteraction { signals, ..interaction }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interaction(n: u64) -> NewInteraction {
        let at = DateTime::from_timestamp(1_700_000_000, n as u32 * 1_001).filter(|_| !n.is_multiple_of(3));
        let kind = if n.is_multiple_of(4) {
            InteractionType::Custom("a b\"c".into())
        } else {
            InteractionType::View
        };
        let user: UserId = format!("ü \"{}\\", n % 7).parse().unwrap();
        let mut new = NewInteraction::new(user, format!("r{n}").parse::<ResourceId>().unwrap(), kind, at);
        new.signals.dwell_seconds = Some(0.1 + n as f64 / 3.0);
        new
    }

    #[test]
    fn a_user_is_in_one_part_and_everything_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut parts = Parts::new(folder.path(), 100, 30).unwrap();
        for n in 0..100 {
            let location = Location::new(if n < 50 { "a.csv" } else { "b.csv" }, n + 2);
            parts.add(interaction(n), &location).unwrap();
        }
        assert_eq!(parts.sizes().unwrap().len(), 4);
        let (mut seen, mut users) = (Vec::new(), Vec::new());
        while let Some(part) = parts.take().unwrap() {
            let rows: Vec<(NewInteraction, Location)> = part.collect::<io::Result<_>>().unwrap();
            assert!(rows.is_sorted_by_key(|(_, location)| location.line()));
            let mut of_part: Vec<UserId> = rows.iter().map(|(row, _)| row.user_id.clone()).collect();
            of_part.sort();
            of_part.dedup();
            users.extend(of_part);
            seen.extend(rows);
        }
        assert_eq!(users.len(), 7, "no user is in two parts");
        seen.sort_by_key(|(_, location)| location.line());
        for (n, (row, location)) in (0..).zip(&seen) {
            assert_eq!((row, location.line()), (&interaction(n), n + 2));
            assert_eq!(location.file(), if n < 50 { "a.csv" } else { "b.csv" });
        }
        assert_eq!(seen.len(), 100);
    }
}
