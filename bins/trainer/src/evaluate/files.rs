//! Reading users and items from text files, with errors that say where.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::Context;
use docent::collaborative::InteractionMatrix;

/// The lines of a file that are not blank, with where they are.
pub struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    number: usize,
}

/// A line, and where it is.
pub struct Line {
    pub text: String,
    path: PathBuf,
    number: usize,
}

impl Lines {
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        Ok(Self { path: path.to_owned(), reader: BufReader::new(file), number: 0 })
    }
}

impl Iterator for Lines {
    type Item = anyhow::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut text = String::new();
            self.number += 1;
            let read = self.reader.read_line(&mut text);
            let (path, number) = (self.path.clone(), self.number);
            match read {
                Ok(0) => return None,
                Ok(_) if text.trim().is_empty() => {}
                Ok(_) => return Some(Ok(Line { text: text.trim().to_owned(), path, number })),
                Err(error) => {
                    return Some(Err(error).with_context(|| format!("{}, line {number}", path.display())));
                }
            }
        }
    }
}

impl Line {
    /// An error that says where, what was expected and what was read.
    pub fn wrong(&self, expected: &str) -> anyhow::Error {
        let mut read: String = self.text.chars().take(60).collect();
        if read.len() < self.text.len() {
            read.push('…');
        }
        anyhow::anyhow!("{}, line {}: expected {expected}, got \"{read}\"", self.path.display(), self.number)
    }

    /// The number of the line, from 0; blank lines count.
    pub fn index(&self) -> usize {
        self.number - 1
    }

    /// `count id id …`: as many ids below `limit` as the count says.
    pub fn counted(&self, what: &str, limit: u32) -> anyhow::Result<Vec<u32>> {
        let mut fields = self.text.split_whitespace();
        let count = fields.next().and_then(|count| count.parse::<usize>().ok());
        let ids = fields.map(|field| self.id(field, what, limit)).collect::<anyhow::Result<Vec<u32>>>()?;
        if count != Some(ids.len()) {
            return Err(self.wrong(&format!("a count and as many ids as it says; there are {}", ids.len())));
        }
        Ok(ids)
    }

    /// An id below `limit`.
    pub fn id(&self, text: &str, what: &str, limit: u32) -> anyhow::Result<u32> {
        let id = text.trim().parse::<u32>().ok().filter(|&id| id < limit);
        id.ok_or_else(|| self.wrong(&format!("{what} id from 0 to {}, not \"{}\"", limit - 1, text.trim())))
    }
}

/// No train file has ids of this size or more: a table of users is as long as the largest id.
pub const LARGEST_ID: u32 = 1 << 24;

/// Who chose what, from a train file; ids in other files are checked against it.
pub struct Train {
    pairs: Vec<(u32, u32)>,
    n_users: u32,
    n_items: u32,
    path: PathBuf,
}

impl Train {
    pub fn new(path: &Path) -> Self {
        Self { pairs: Vec::new(), n_users: 0, n_items: 0, path: path.to_owned() }
    }

    pub fn push(&mut self, user: u32, item: u32) {
        self.pairs.push((user, item));
        self.n_users = self.n_users.max(user + 1);
        self.n_items = self.n_items.max(item + 1);
    }

    /// The users of other files are those of the train file; an id a little beyond its largest may be that of an item
    /// that nobody chose in training, one far beyond is a mistake.
    pub fn limits(&self) -> anyhow::Result<(u32, u32)> {
        let path = self.path.display();
        anyhow::ensure!(!self.pairs.is_empty(), "{path}: expected at least one interaction, got none");
        Ok((self.n_users, self.n_items.saturating_mul(2).saturating_add(1_000)))
    }

    /// The matrix over the items that occur, here or among `items`: ids may have gaps, and an id that nothing has is no
    /// candidate. A pair given twice counts once.
    pub fn matrix(
        mut self,
        items: impl Iterator<Item = u32>,
    ) -> anyhow::Result<(InteractionMatrix, Catalogue)> {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        let catalogue = Catalogue::of(items.chain(self.pairs.iter().map(|&(_, item)| item)));
        let triples = self.pairs.iter().map(|&(user, item)| (user, catalogue.index(item), 1.0));
        let likes = InteractionMatrix::from_triples(self.n_users as usize, catalogue.ids.len(), triples)?;
        Ok((likes, catalogue))
    }
}

/// The items that occur in files, in the order of their ids.
pub struct Catalogue {
    ids: Vec<u32>,
}

impl Catalogue {
    fn of(items: impl Iterator<Item = u32>) -> Self {
        let mut ids: Vec<u32> = items.collect();
        ids.sort_unstable();
        ids.dedup();
        Self { ids }
    }

    /// The column of an item; of one that does not occur, where it would be.
    pub fn index(&self, id: u32) -> u32 {
        self.ids.partition_point(|&known| known < id) as u32
    }
}
