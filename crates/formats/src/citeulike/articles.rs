use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use docent_domain::{DomainError, Link, Resource, ResourceId};

use super::{CITATION, CITATIONS, TAGS, WORDS};
use crate::{
    FormatError,
    numbered::{IdLine, MAX_ID, id_lines},
};

/// Parts of the articles that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Words of the articles.
    pub text: bool,
    /// Tags of the articles.
    pub tags: bool,
    /// Citations between articles.
    pub citations: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self { text: true, tags: true, citations: true }
    }
}

/// Texts, tags and citations of the articles, by article number.
#[derive(Debug, Clone, Default)]
pub struct Articles {
    texts: Vec<String>,
    tags: Vec<Vec<String>>,
    cites: Vec<Vec<u32>>,
    n_articles: u32,
    /// True if some file has a line per article, so that a larger number is a mistake.
    is_counted: bool,
}

impl Articles {
    /// Reads those files of a folder that exist. Files of words and of citations have a line per
    /// article; without a file of names, words and tags are named by their numbers.
    ///
    /// # Errors
    /// [`FormatError`] for the first bad line.
    pub fn read(folder: &Path, parts: Parts) -> Result<Self, FormatError> {
        let [words, vocabulary, tag_items, tag_names, citations] =
            [WORDS[0], WORDS[1], TAGS[0], TAGS[1], CITATIONS]
                .map(|name| Some(folder.join(name)).filter(|path| path.is_file()));
        let mut articles = Self::default();
        // The files count the articles even if their part is not read.
        for path in [&words, &citations].into_iter().flatten() {
            articles.n_articles = articles.n_articles.max(count_lines(path)?);
            articles.is_counted = true;
        }
        if let Some(path) = words.filter(|_| parts.text) {
            articles.read_words(&path, names(vocabulary)?.as_deref())?;
        }
        if let Some(path) = tag_items.filter(|_| parts.tags) {
            articles.read_tags(&path, names(tag_names)?.as_deref())?;
        }
        if let Some(path) = citations.filter(|_| parts.citations) {
            articles.read_citations(&path)?;
        }
        Ok(articles)
    }

    /// Returns the exclusive upper bound of article numbers, if a file has a line per article.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        self.is_counted.then_some(self.n_articles)
    }

    /// Returns the number of articles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_articles as usize
    }

    /// Returns true if there is no article.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_articles == 0
    }

    /// Makes room for articles that other files name.
    pub fn include(&mut self, articles: impl IntoIterator<Item = u32>) {
        self.n_articles = articles.into_iter().map(|article| article + 1).fold(self.n_articles, u32::max);
    }

    /// Returns a resource per article. Titles are empty, because a number is not a word.
    ///
    /// # Errors
    /// Never for article numbers; [`DomainError`] is that of an id.
    pub fn into_resources(self) -> Result<Vec<Resource>, DomainError> {
        let Self { mut texts, mut tags, mut cites, n_articles, .. } = self;
        let n = n_articles as usize;
        texts.resize(n, String::new());
        tags.resize(n, Vec::new());
        cites.resize(n, Vec::new());
        let mut resources = Vec::with_capacity(n);
        for (number, ((text, subjects), cites)) in (0..n_articles).zip(texts.into_iter().zip(tags).zip(cites))
        {
            let mut links = Vec::with_capacity(cites.len());
            for cited in cites {
                links.push(Link { target: id(cited)?, kind: CITATION.into(), weight: 1.0 });
            }
            resources.push(Resource { text, subjects, links, ..Resource::new(id(number)?, String::new()) });
        }
        Ok(resources)
    }

    /// Reads lines `count word:times ...`, one per article.
    fn read_words(&mut self, path: &Path, names: Option<&[String]>) -> Result<(), FormatError> {
        for line in id_lines(path)? {
            let line = line?;
            self.texts.resize(line.index(), String::new());
            self.texts.push(bag(&line, names)?);
        }
        Ok(())
    }

    /// Reads lines `count article article ...`, one per tag.
    fn read_tags(&mut self, path: &Path, names: Option<&[String]>) -> Result<(), FormatError> {
        for line in id_lines(path)? {
            let line = line?;
            let name = name_of(names, line.index(), "tag");
            let tagged = line.counted("an article", self.limit().unwrap_or(MAX_ID))?;
            for article in tagged.into_iter().collect::<HashSet<u32>>() {
                let article = article as usize;
                if self.tags.len() <= article {
                    self.tags.resize(article + 1, Vec::new());
                }
                if let Some(tags) = self.tags.get_mut(article) {
                    tags.push(name.clone());
                }
            }
        }
        let tagged = self.tags.len() as u32;
        self.n_articles = self.n_articles.max(tagged);
        Ok(())
    }

    /// Reads lines `count article article ...`: the articles that the article of the line cites.
    fn read_citations(&mut self, path: &Path) -> Result<(), FormatError> {
        for line in id_lines(path)? {
            let line = line?;
            self.cites.resize(line.index(), Vec::new());
            let mut cites = line.counted("an article", self.n_articles)?;
            cites.retain(|cited| *cited as usize != line.index());
            self.cites.push(cites);
        }
        Ok(())
    }
}

fn id(article: u32) -> Result<ResourceId, DomainError> {
    ResourceId::new(article.to_string())
}

/// Reads one name per line. Bytes that are not UTF-8 are replaced, as in the published files.
fn names(path: Option<PathBuf>) -> Result<Option<Vec<String>>, FormatError> {
    let Some(path) = path else { return Ok(None) };
    let bytes = std::fs::read(&path).map_err(|source| FormatError::Open { path, source })?;
    Ok(Some(String::from_utf8_lossy(&bytes).lines().map(|name| name.trim().to_owned()).collect()))
}

/// Returns the name of a number, or a synthetic word such as `tag7`.
fn name_of(names: Option<&[String]>, number: usize, what: &str) -> String {
    let name = names.and_then(|names| names.get(number)).filter(|name| !name.is_empty());
    name.cloned().unwrap_or_else(|| format!("{what}{number}"))
}

fn count_lines(path: &Path) -> Result<u32, FormatError> {
    let mut lines = 0;
    for line in id_lines(path)? {
        lines = line?.index() + 1;
    }
    u32::try_from(lines)
        .map_err(|_| FormatError::file(path, format!("expected at most {} lines, got {lines}", u32::MAX)))
}

/// Parses `count word:times ...` and repeats each word.
fn bag(line: &IdLine, names: Option<&[String]>) -> Result<String, FormatError> {
    let mut fields = line.text.split_whitespace();
    let count = fields.next().and_then(|count| count.parse::<usize>().ok());
    let mut words: Vec<String> = Vec::new();
    let mut pairs = 0;
    for field in fields {
        let pair = field.split_once(':').and_then(|(word, times)| {
            let word = word.parse::<usize>().ok()?;
            let is_known = names.is_none_or(|names| word < names.len());
            Some((word, times.parse::<u16>().ok()?)).filter(|_| is_known)
        });
        let Some((word, times)) = pair else {
            let expected = format!("word:times with a word of the vocabulary instead of \"{field}\"");
            return Err(line.expected(expected));
        };
        words.extend(std::iter::repeat_n(name_of(names, word, "word"), usize::from(times)));
        pairs += 1;
    }
    if count != Some(pairs) {
        return Err(line.expected(format_args!("a count and as many word:times as it says, not {pairs}")));
    }
    Ok(words.join(" "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_not_read_still_count_the_articles() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("mult.dat", "1 0:2\n1 1:1\n");
        write("tag-item.dat", "2 1 0\n");
        write("citations.dat", "1 1\n1 1\n0\n");
        let all = Articles::read(folder.path(), Parts::default()).unwrap().into_resources().unwrap();
        let shown: Vec<_> = all.iter().map(|r| (r.text.as_str(), r.subjects.len(), r.links.len())).collect();
        assert_eq!(shown, [("word0 word0", 1, 1), ("word1", 1, 0), ("", 0, 0)]);
        let none = Parts { text: false, tags: false, citations: false };
        let mut bare = Articles::read(folder.path(), none).unwrap();
        assert_eq!((bare.limit(), bare.len()), (Some(3), 3));
        bare.include([4]);
        assert_eq!((bare.limit(), bare.len()), (Some(5), 5));
    }
}
