use std::path::{Path, PathBuf};

use docent_domain::{DomainError, Link, NewInteraction, Resource, ResourceId, UserId};

use super::{CITATION, CITATIONS, TAGS, USERS, WORDS};
use crate::{
    FormatError, Located, Location, Opener, Reader, Record, Records,
    lines::{Line, Lines},
    reader,
};

/// Maximum number of subjects of a resource.
const MAX_SUBJECTS: usize = 200;
/// Largest article number that is accepted, so that a damaged file does not exhaust the memory.
const MAX_ARTICLES: u32 = 10_000_000;

/// Reads a citeulike folder: articles as resources, citations as links, libraries as interactions.
#[derive(Debug, Clone)]
pub struct CiteulikeReader {
    users: PathBuf,
    words: Option<[PathBuf; 2]>,
    tags: Option<[PathBuf; 2]>,
    citations: Option<PathBuf>,
}

impl CiteulikeReader {
    /// Finds the files of a folder: `users.dat`, and optionally `mult.dat` with `vocabulary.dat`,
    /// `tag-item.dat` with `tags.dat`, and `citations.dat`.
    ///
    /// # Errors
    /// [`FormatError::File`] if `users.dat` is missing.
    pub fn in_folder(folder: &Path) -> Result<Self, FormatError> {
        let Some(users) = file(folder, USERS) else {
            return Err(FormatError::file(folder, format!("expected {USERS}, there is none")));
        };
        Ok(Self {
            users,
            words: pair(folder, WORDS),
            tags: pair(folder, TAGS),
            citations: file(folder, CITATIONS),
        })
    }
}

fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    Some(folder.join(name)).filter(|path| path.is_file())
}

fn pair(folder: &Path, [first, second]: [&str; 2]) -> Option<[PathBuf; 2]> {
    Some([file(folder, first)?, file(folder, second)?])
}

impl Reader for CiteulikeReader {
    fn paths(&self) -> Vec<&Path> {
        let pairs = [&self.words, &self.tags].into_iter().flatten().flatten();
        [&self.users].into_iter().chain(&self.citations).chain(pairs).map(PathBuf::as_path).collect()
    }

    fn records<'a>(&'a self, opener: &'a dyn Opener) -> Records<'a> {
        reader::deferred(move || {
            let folder = Folder::read(self, opener)?;
            let start = Location::start_of(&self.users);
            Ok(folder.records(start, self.citations.is_some()))
        })
    }
}

#[derive(Default)]
struct Article {
    text: String,
    /// Tags, each with the number of articles that have it.
    tags: Vec<(usize, String)>,
    cites: Vec<u32>,
}

/// Contents of a folder. An article is complete only when the last file is read.
#[derive(Default)]
struct Folder {
    /// By article number.
    articles: Vec<Article>,
    /// Users with the articles of their libraries, in the order of their numbers.
    libraries: Vec<(u32, Vec<u32>)>,
    bad_lines: Vec<FormatError>,
}

impl Folder {
    fn read(files: &CiteulikeReader, opener: &dyn Opener) -> Result<Self, FormatError> {
        let mut folder = Self::default();
        if let Some([bags, vocabulary]) = &files.words {
            folder.read_words(bags, &names(vocabulary, opener)?, opener)?;
        }
        if let Some([items, tags]) = &files.tags {
            folder.read_tags(items, &names(tags, opener)?, opener)?;
        }
        if let Some(path) = &files.citations {
            for (number, cites) in folder.numbered(path, opener)? {
                folder.article(number).cites = cites;
            }
        }
        folder.libraries = folder.numbered(&files.users, opener)?;
        let last = folder.libraries.iter().flat_map(|(_, library)| library).max().copied();
        if let Some(last) = last {
            // Articles without words, tags and citations are known by their libraries alone.
            folder.article(last);
        }
        Ok(folder)
    }

    fn article(&mut self, number: u32) -> &mut Article {
        let index = number as usize;
        if self.articles.len() <= index {
            self.articles.resize_with(index + 1, Article::default);
        }
        &mut self.articles[index]
    }

    /// Keeps the error of a bad line; any other error ends the reading.
    fn keep<T>(&mut self, read: Result<T, FormatError>) -> Result<Option<T>, FormatError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.bad_line().is_some() => {
                self.bad_lines.push(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads lines `n word:count word:count ...`, one per article; each word is repeated.
    fn read_words(
        &mut self,
        path: &Path,
        vocabulary: &[String],
        opener: &dyn Opener,
    ) -> Result<(), FormatError> {
        for (number, line) in (0..).zip(Lines::open(path, opener)?) {
            let text = line.and_then(|line| line.parse(|line| bag(line, vocabulary)));
            if let Some((text, _)) = self.keep(text)? {
                self.article(number).text = text;
            }
        }
        Ok(())
    }

    /// Reads lines `n article article ...`, one per tag.
    fn read_tags(&mut self, path: &Path, names: &[String], opener: &dyn Opener) -> Result<(), FormatError> {
        for (tag, tagged) in self.numbered(path, opener)? {
            let name = names.get(tag as usize).map_or("", |name| name.trim());
            if name.is_empty() {
                continue;
            }
            for &number in &tagged {
                self.article(number).tags.push((tagged.len(), name.to_owned()));
            }
        }
        Ok(())
    }

    /// Reads lines `n number number ...` with the numbers of the lines, from 0.
    fn numbered(&mut self, path: &Path, opener: &dyn Opener) -> Result<Vec<(u32, Vec<u32>)>, FormatError> {
        let mut read = Vec::new();
        for (number, line) in (0..).zip(Lines::open(path, opener)?) {
            let numbers = self.keep(line.and_then(|line| line.parse(counted)))?;
            read.extend(numbers.map(|(numbers, _)| (number, numbers)));
        }
        Ok(read)
    }

    /// Streams the bad lines, the articles and the interactions of their readers.
    fn records<'a>(self, start: Location, has_all_links: bool) -> Records<'a> {
        let of_resources = start.clone();
        let resources = (0..).zip(self.articles).map(move |(number, article)| {
            let resource =
                resource(number, article).map_err(|error| FormatError::line(of_resources.clone(), error))?;
            Ok(Located::new(Record::Resource { resource, has_all_links }, of_resources.clone()))
        });
        let interactions = self.libraries.into_iter().flat_map(move |(user, library)| {
            let location = start.at(u64::from(user) + 1);
            library.into_iter().map(move |article| {
                let interaction =
                    interaction(user, article).map_err(|error| FormatError::line(location.clone(), error))?;
                Ok(Located::new(Record::Interaction(interaction), location.clone()))
            })
        });
        Box::new(self.bad_lines.into_iter().map(Err).chain(resources).chain(interactions))
    }
}

fn resource(number: u32, article: Article) -> Result<Resource, DomainError> {
    let mut tags = article.tags;
    // The most common tags stay where there are too many; tags of equal use keep their order.
    tags.sort_by_key(|(articles, _)| std::cmp::Reverse(*articles));
    let mut links = Vec::with_capacity(article.cites.len());
    for cited in article.cites.into_iter().filter(|cited| *cited != number) {
        let target = ResourceId::new(cited.to_string())?;
        links.push(Link { target, kind: CITATION.into(), weight: 1.0 });
    }
    let subjects = tags.into_iter().take(MAX_SUBJECTS).map(|(_, tag)| tag).collect();
    let id = ResourceId::new(number.to_string())?;
    Ok(Resource { text: article.text, subjects, links, ..Resource::new(id, format!("Article {number}")) })
}

fn interaction(user: u32, article: u32) -> Result<NewInteraction, DomainError> {
    let (user, article) = (UserId::new(user.to_string())?, ResourceId::new(article.to_string())?);
    Ok(NewInteraction::collection_add(user, article, None))
}

fn bag(line: &str, vocabulary: &[String]) -> Result<String, String> {
    let mut words: Vec<&str> = Vec::new();
    for pair in line.split_whitespace().skip(1) {
        let parsed = pair.split_once(':').and_then(|(word, count)| {
            Some((vocabulary.get(word.parse::<usize>().ok()?)?, count.parse::<u16>().ok()?))
        });
        let (word, count) = parsed
            .ok_or_else(|| format!("expected word:count with a word of the vocabulary, got \"{pair}\""))?;
        words.extend(std::iter::repeat_n(word.as_str(), usize::from(count)));
    }
    Ok(words.join(" "))
}

/// Returns all lines. A line that is not UTF-8 is empty, so that the others keep their numbers.
fn names(path: &Path, opener: &dyn Opener) -> Result<Vec<String>, FormatError> {
    let mut names = Vec::new();
    for line in Lines::open(path, opener)? {
        match line {
            Ok(Line { text, .. }) => names.push(text),
            Err(error) if error.bad_line().is_some() => names.push(String::new()),
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

/// Parses `n number number ...`.
fn counted(line: &str) -> Result<Vec<u32>, String> {
    let mut words = line.split_whitespace();
    let count = number(words.next().unwrap_or_default())?;
    let numbers = words.map(number).collect::<Result<Vec<u32>, String>>()?;
    if numbers.len() == count as usize {
        Ok(numbers)
    } else {
        Err(format!("expected {count} numbers as the first one says, got {}", numbers.len()))
    }
}

fn number(word: &str) -> Result<u32, String> {
    let number = word.parse().ok().filter(|number| *number <= MAX_ARTICLES);
    number.ok_or_else(|| format!("expected a number from 0 to {MAX_ARTICLES}, got \"{word}\""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::LocalFiles;

    #[test]
    fn a_bad_line_is_reported_and_the_articles_keep_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("users.dat", "2 0 3\n3 1\n1 1\n");
        write("vocabulary.dat", "xylem\nwater\n");
        write("mult.dat", "2 0:1 1:2\n1 9:1\n1 1:1\n");
        write("citations.dat", "2 0 1\n");
        let reader = CiteulikeReader::in_folder(folder.path()).unwrap();
        let (mut bad, mut texts, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for located in reader.records(&LocalFiles) {
            match located {
                Err(error) => bad.push(error.to_string()),
                Ok(Located { record: Record::Resource { resource, .. }, .. }) => {
                    texts.push((resource.text, resource.links.len()));
                }
                Ok(Located { record: Record::Interaction(new), location, .. }) => {
                    pairs.push((new.user_id.to_string(), new.resource_id.to_string(), location.line()));
                }
                Ok(other) => unreachable!("{other:?}"),
            }
        }
        assert!(
            bad[0].ends_with("mult.dat:2: expected word:count with a word of the vocabulary, got \"9:1\"")
        );
        assert!(bad[1].ends_with("users.dat:2: expected 3 numbers as the first one says, got 1"));
        let expected = [("xylem water water", 1), ("", 0), ("water", 0), ("", 0)];
        assert_eq!(texts, expected.map(|(text, links)| (text.to_owned(), links)));
        let expected = [("0", "0", 1), ("0", "3", 1), ("2", "1", 3)];
        assert_eq!(pairs, expected.map(|(user, article, line)| (user.into(), article.into(), line)));
    }
}
