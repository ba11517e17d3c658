//! Texts, tags and citations of articles, as resources.

use std::{collections::HashSet, path::Path};

use anyhow::Context;
use docent::{Link, Resource, ResourceId};

use crate::{
    cli::Without,
    evaluate::files::{LARGEST_ID, Line, Lines},
};

/// Words of articles, and their names.
const WORDS: [&str; 2] = ["mult.dat", "vocabulary.dat"];
/// Articles of tags, and their names.
const TAGS: [&str; 2] = ["tag-item.dat", "tags.dat"];
const CITATIONS: &str = "citations.dat";

/// What is known of each article, by its number.
pub struct Articles {
    texts: Vec<String>,
    tags: Vec<Vec<String>>,
    cites: Vec<Vec<u32>>,
    n_articles: u32,
    /// Whether some file has a line for each article, so that a larger number is a mistake.
    is_counted: bool,
}

impl Articles {
    /// Reads the files that are there. Those of words and of citations have a line for each article.
    pub fn read(folder: &Path, without: &[Without]) -> anyhow::Result<Self> {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let mut articles =
            Self { texts: Vec::new(), tags: Vec::new(), cites: Vec::new(), n_articles: 0, is_counted: false };
        for name in [WORDS[0], CITATIONS] {
            if let Some(path) = file(name) {
                articles.n_articles = articles.n_articles.max(count_lines(&path)?);
                articles.is_counted = true;
            }
        }
        let uses = |what| !without.contains(&what);
        if let (true, Some(path)) = (uses(Without::Text), file(WORDS[0])) {
            let names = file(WORDS[1]).map(|path| names(&path)).transpose()?;
            articles.read_words(&path, names.as_deref())?;
        }
        if let (true, Some(path)) = (uses(Without::Tags), file(TAGS[0])) {
            let names = file(TAGS[1]).map(|path| names(&path)).transpose()?;
            articles.read_tags(&path, names.as_deref())?;
        }
        if let (true, Some(path)) = (uses(Without::Citations), file(CITATIONS)) {
            articles.read_citations(&path)?;
        }
        Ok(articles)
    }

    /// Article numbers are below this, where that can be told.
    pub fn limit(&self) -> Option<u32> {
        self.is_counted.then_some(self.n_articles)
    }

    pub fn len(&self) -> usize {
        self.n_articles as usize
    }

    /// Makes room for these articles.
    pub fn hold(&mut self, articles: impl Iterator<Item = u32>) {
        self.n_articles = articles.map(|article| article + 1).fold(self.n_articles, u32::max);
    }

    /// A resource for each article. It has no title: a number is no word.
    pub fn resources(self) -> anyhow::Result<Vec<Resource>> {
        let Self { mut texts, mut tags, mut cites, n_articles, .. } = self;
        let n = n_articles as usize;
        texts.resize(n, String::new());
        tags.resize(n, Vec::new());
        cites.resize(n, Vec::new());
        let mut resources = Vec::with_capacity(n);
        for (number, ((text, subjects), cites)) in (0..n_articles).zip(texts.into_iter().zip(tags).zip(cites))
        {
            let link = |cited| Ok(Link { target: id(cited)?, kind: "citation".into(), weight: 1.0 });
            let links = cites.into_iter().map(link).collect::<anyhow::Result<_>>()?;
            resources.push(Resource { text, subjects, links, ..Resource::new(id(number)?, String::new()) });
        }
        Ok(resources)
    }

    /// Lines `count word:times …`, one an article.
    fn read_words(&mut self, path: &Path, names: Option<&[String]>) -> anyhow::Result<()> {
        for line in Lines::open(path)? {
            let line = line?;
            self.texts.resize(line.index(), String::new());
            self.texts.push(bag(&line, names)?);
        }
        Ok(())
    }

    /// Lines `count article article …`, one a tag.
    fn read_tags(&mut self, path: &Path, names: Option<&[String]>) -> anyhow::Result<()> {
        for line in Lines::open(path)? {
            let line = line?;
            let name = named(names, line.index(), "tag");
            let tagged = line.counted("an article", self.limit().unwrap_or(LARGEST_ID))?;
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

    /// Lines `count article article …`: what the article of the line cites.
    fn read_citations(&mut self, path: &Path) -> anyhow::Result<()> {
        for line in Lines::open(path)? {
            let line = line?;
            self.cites.resize(line.index(), Vec::new());
            let mut cites = line.counted("an article", self.n_articles)?;
            cites.retain(|cited| *cited as usize != line.index());
            self.cites.push(cites);
        }
        Ok(())
    }
}

fn id(article: u32) -> Result<ResourceId, docent::DomainError> {
    ResourceId::new(article.to_string())
}

/// One name a line. Those that are no UTF-8 are read as far as they are.
fn names(path: &Path) -> anyhow::Result<Vec<String>> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(|name| name.trim().to_owned()).collect())
}

/// The name of a number; where there is none, a word of its own.
fn named(names: Option<&[String]>, number: usize, what: &str) -> String {
    let name = names.and_then(|names| names.get(number)).filter(|name| !name.is_empty());
    name.cloned().unwrap_or_else(|| format!("{what}{number}"))
}

fn count_lines(path: &Path) -> anyhow::Result<u32> {
    let mut lines = 0;
    for line in Lines::open(path)? {
        lines = line?.index() + 1;
    }
    u32::try_from(lines).with_context(|| format!("{}: too many lines", path.display()))
}

/// The words as often as they count.
fn bag(line: &Line, names: Option<&[String]>) -> anyhow::Result<String> {
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
            return Err(line.wrong(&format!("word:times with a word of the vocabulary, not \"{field}\"")));
        };
        words.extend(std::iter::repeat_n(named(names, word, "word"), usize::from(times)));
        pairs += 1;
    }
    if count != Some(pairs) {
        return Err(line.wrong(&format!("a count and as many word:times as it says; there are {pairs}")));
    }
    Ok(words.join(" "))
}
