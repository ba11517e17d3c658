//! citeulike folders: libraries of articles, words, tags and citations. Users, articles, words and
//! tags are numbered by the lines of their files, from 0.
//!
//! The folder is read in two ways: as records to import ([`CiteulikeReader`]), where a bad line can
//! be skipped, and as the split of an evaluation protocol ([`Split`], [`Articles`]), where every
//! line must be sound.

mod articles;
mod records;
mod split;

pub use self::{
    articles::{Articles, Parts},
    records::CiteulikeReader,
    split::{Libraries, Split},
};

/// Libraries: the articles of each user.
const USERS: &str = "users.dat";
/// Words of each article, and the names of the words.
const WORDS: [&str; 2] = ["mult.dat", "vocabulary.dat"];
/// Articles of each tag, and the names of the tags.
const TAGS: [&str; 2] = ["tag-item.dat", "tags.dat"];
/// Articles that each article cites.
const CITATIONS: &str = "citations.dat";

/// Kind of the links between articles.
const CITATION: &str = "citation";
