use std::path::Path;

use crate::{
    FormatError, LocalFiles, Tokens, fields,
    lines::{Line, Lines},
};

const COLUMNS: [&str; 3] = ["SessionId", "ItemId", "Time"];

/// Sessions of training and of test: tables separated by tabs, with the columns `SessionId`,
/// `ItemId` and `Time` (seconds since 1970) in any order and among others, as session-rec (Ludewig
/// et al., 2021) reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFiles {
    /// Sessions of training, in the order of their first rows.
    pub train: Vec<Session>,
    /// Sessions of test, in the order of their first rows.
    pub test: Vec<Session>,
    /// Number of items of training. Items of test that do not occur in training have this index or
    /// a larger one.
    pub n_train_items: u32,
}

/// A session, oldest event first; events of the same time are in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// Id of the session.
    pub id: String,
    /// Items and times, at least one.
    pub events: Vec<SessionEvent>,
}

/// An event of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEvent {
    /// Dense item index.
    pub item: u32,
    /// Microseconds since 1970.
    pub time: i64,
}

impl SessionFiles {
    /// Reads both files.
    ///
    /// # Errors
    /// [`FormatError`] for a missing file, a header without one of the columns, the first bad line,
    /// and a file without events.
    pub fn read(train: &Path, test: &Path) -> Result<Self, FormatError> {
        let mut items = Tokens::default();
        let train = sessions(train, &mut items)?;
        let n_train_items = items.len() as u32;
        let test = sessions(test, &mut items)?;
        Ok(Self { train, test, n_train_items })
    }
}

fn sessions(path: &Path, items: &mut Tokens) -> Result<Vec<Session>, FormatError> {
    let mut lines = Lines::open(path, &LocalFiles)?;
    let columns = match lines.next() {
        Some(header) => Columns::of(&header?)?,
        None => {
            return Err(FormatError::file(path, "expected a header SessionId, ItemId, Time, got nothing"));
        }
    };
    let mut ids = Tokens::default();
    let mut sessions: Vec<Session> = Vec::new();
    for line in lines {
        let line = line?;
        if line.text.trim().is_empty() {
            continue;
        }
        let (id, item, time) = columns.row(&line)?;
        let event = SessionEvent { item: items.add(item), time };
        match sessions.get_mut(ids.add(id) as usize) {
            Some(session) => session.events.push(event),
            None => sessions.push(Session { id: id.to_owned(), events: vec![event] }),
        }
    }
    if sessions.is_empty() {
        return Err(FormatError::file(path, "expected at least one event after the header, got none"));
    }
    for session in &mut sessions {
        session.events.sort_by_key(|event| event.time);
    }
    Ok(sessions)
}

/// Positions of the columns of a header.
struct Columns {
    positions: [usize; 3],
    len: usize,
}

impl Columns {
    fn of(header: &Line) -> Result<Self, FormatError> {
        let names: Vec<&str> = header.text.split('\t').map(str::trim).collect();
        let mut positions = [0; 3];
        for (position, column) in positions.iter_mut().zip(COLUMNS) {
            let mut found = names.iter().enumerate().filter(|(_, name)| **name == column);
            *position = match (found.next(), found.next()) {
                (Some((at, _)), None) => at,
                (None, _) => return Err(invalid_header(header, column, "is missing")),
                (Some(_), Some(_)) => return Err(invalid_header(header, column, "occurs twice")),
            };
        }
        Ok(Self { positions, len: names.len() })
    }

    /// Parses session, item and time in microseconds.
    fn row<'a>(&self, line: &'a Line) -> Result<(&'a str, &'a str, i64), FormatError> {
        let cells: Vec<&str> = line.text.split('\t').map(str::trim).collect();
        if cells.len() != self.len {
            let (expected, got) = (self.len, cells.len());
            return Err(line.invalid(format_args!("expected {expected} columns as in the header, got {got}")));
        }
        let [session, item, time] = self.positions.map(|at| cells.get(at).copied().unwrap_or_default());
        for (name, cell) in COLUMNS.into_iter().zip([session, item]) {
            if cell.is_empty() {
                return Err(line.invalid(format_args!("{name} is empty; expected an id")));
            }
        }
        let seconds = time.parse().ok().and_then(fields::from_unix_seconds);
        let seconds = seconds
            .ok_or_else(|| line.invalid(format_args!("Time: expected seconds since 1970, got \"{time}\"")))?;
        Ok((session, item, seconds.timestamp_micros()))
    }
}

fn invalid_header(header: &Line, column: &str, what: &str) -> FormatError {
    let expected = COLUMNS.join(", ");
    let reason = format!("column \"{column}\" {what}; expected {expected} once each, separated by tabs");
    FormatError::Header { location: header.location.clone(), reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(train: &str, test: &str) -> Result<SessionFiles, FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["train.txt", "test.txt"].map(|name| folder.path().join(name));
        std::fs::write(&paths[0], train).unwrap();
        std::fs::write(&paths[1], test).unwrap();
        SessionFiles::read(&paths[0], &paths[1])
    }

    const TRAIN: &str = "SessionId\tItemId\tTime\ns\ta\t20.5\nr\tb\t7\ns\tb\t10\n\ns\tc\t10\n";

    #[test]
    fn events_are_sorted_by_time_and_columns_are_found_by_their_header() {
        let test = "Time\tShop\tItemId\tSessionId\r\n3\tx\tnew\tr\r\n3\tx\tb\tr\r\n";
        let files = read(TRAIN, test).unwrap();
        let of = |sessions: &[Session]| -> Vec<(String, Vec<(u32, i64)>)> {
            let events = |session: &Session| session.events.iter().map(|e| (e.item, e.time)).collect();
            sessions.iter().map(|session| (session.id.clone(), events(session))).collect()
        };
        let s = ("s".to_owned(), vec![(1, 10_000_000), (2, 10_000_000), (0, 20_500_000)]);
        assert_eq!(of(&files.train), [s, ("r".to_owned(), vec![(1, 7_000_000)])]);
        assert_eq!(files.n_train_items, 3);
        assert_eq!(of(&files.test), [("r".to_owned(), vec![(3, 3_000_000), (1, 3_000_000)])]);
    }

    #[test]
    fn bad_files_are_errors_that_name_the_line() {
        let header = "SessionId\tItemId\tTime\n";
        for (test, expected) in [
            ("", "test.txt: expected a header SessionId, ItemId, Time, got nothing"),
            (header, "test.txt: expected at least one event after the header, got none"),
            ("SessionId\tTime\n", "test.txt:1: column \"ItemId\" is missing"),
            ("Time\tItemId\tTime\tSessionId\n", "test.txt:1: column \"Time\" occurs twice"),
            ("SessionId,ItemId,Time\n", "test.txt:1: column \"SessionId\" is missing"),
            (&format!("{header}1\t2\n"), "test.txt:2: expected 3 columns as in the header, got 2"),
            (&format!("{header}1\t\t3\n"), "test.txt:2: ItemId is empty"),
            (
                &format!("{header}1\t2\t3\n1\t2\tnoon\n"),
                "test.txt:3: Time: expected seconds since 1970, got \"noon\"",
            ),
        ] {
            let error = read(TRAIN, test).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(read("", TRAIN).unwrap_err().to_string().contains("train.txt"));
    }
}
