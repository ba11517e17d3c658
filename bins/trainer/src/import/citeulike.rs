//! The citeulike sets: libraries of articles, bags of words, tags, citations; all by line number.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use anyhow::bail;
use docent::{InteractionType, Link, NewInteraction, Resource, ResourceId, Signals, UserId};
use indicatif::ProgressBar;

use super::{
    Place, Sink, fields,
    lines::{Encoding, Lines},
};

/// Most subjects that a resource may have.
const MOST_SUBJECTS: usize = 200;
/// An article number over this is a mistake, not a number.
const MOST_ARTICLES: u32 = 10_000_000;

/// The files of a folder.
pub struct Files {
    users: PathBuf,
    words: Option<(PathBuf, PathBuf)>,
    tags: Option<(PathBuf, PathBuf)>,
    citations: Option<PathBuf>,
}

impl Files {
    pub fn find(folder: &Path) -> anyhow::Result<Self> {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let Some(users) = file("users.dat") else {
            bail!("{}: expected users.dat", folder.display());
        };
        Ok(Self {
            users,
            words: file("mult.dat").zip(file("vocabulary.dat")),
            tags: file("tag-item.dat").zip(file("tags.dat")),
            citations: file("citations.dat"),
        })
    }

    pub fn all(&self) -> Vec<&PathBuf> {
        let pairs = [&self.words, &self.tags].into_iter().flatten().flat_map(|(a, b)| [a, b]);
        std::iter::once(&self.users).chain(&self.citations).chain(pairs).collect()
    }
}

#[derive(Default)]
struct Article {
    text: String,
    /// With how many articles have the tag.
    tags: Vec<(usize, String)>,
    cites: Vec<u32>,
}

/// Articles by number, those in between included.
#[derive(Default)]
struct Articles(Vec<Article>);

impl Articles {
    fn at(&mut self, number: u32) -> Option<&mut Article> {
        let index = number as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, Article::default);
        }
        self.0.get_mut(index)
    }
}

pub async fn read(files: &Files, sink: &mut Sink, bar: &ProgressBar) -> anyhow::Result<()> {
    let mut articles = Articles::default();
    if let Some((bags, vocabulary)) = &files.words {
        read_words(bags, &texts(vocabulary, bar)?, &mut articles, sink, bar)?;
    }
    if let Some((items, names)) = &files.tags {
        read_tags(items, &texts(names, bar)?, &mut articles, sink, bar)?;
    }
    if let Some(path) = &files.citations {
        let mut lines = Numbered::open(path, bar)?;
        while let Some((number, cites)) = lines.next(sink)? {
            if let Some(article) = articles.at(number) {
                article.cites = cites;
            }
        }
    }
    // Read once for the articles that only they name, and once for what they did.
    let mut libraries: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut lines = Numbered::open(&files.users, bar)?;
    let mut users = 0;
    while let Some((user, library)) = lines.next(sink)? {
        library.iter().max().map(|last| articles.at(*last).is_some());
        users = user + 1;
        libraries.insert(user, library);
    }
    let places = Place::of(&files.users);
    for (number, article) in articles.0.into_iter().enumerate() {
        let resource = resource(number, article)?;
        sink.resource(resource, files.citations.is_some(), places.at(0)).await?;
    }
    for user in 0..users {
        for article in libraries.remove(&user).unwrap_or_default() {
            let interaction = NewInteraction {
                user_id: UserId::new(user.to_string())?,
                resource_id: id(article)?,
                interaction_type: InteractionType::CollectionAdd,
                signals: Signals::default(),
                at: fields::untimed(),
            };
            sink.interaction(interaction, places.at(u64::from(user) + 1)).await?;
        }
    }
    Ok(())
}

fn id(article: u32) -> Result<ResourceId, docent::DomainError> {
    ResourceId::new(article.to_string())
}

fn resource(number: usize, article: Article) -> anyhow::Result<Resource> {
    let mut tags = article.tags;
    // The commonest say most; those of equal use stay in their order.
    tags.sort_by_key(|(articles, _)| std::cmp::Reverse(*articles));
    let cites = article.cites.into_iter().filter(|cited| *cited as usize != number);
    let link = |cited| Ok(Link { target: id(cited)?, kind: "citation".into(), weight: 1.0 });
    Ok(Resource {
        text: article.text,
        subjects: tags.into_iter().take(MOST_SUBJECTS).map(|(_, tag)| tag).collect(),
        links: cites.map(link).collect::<anyhow::Result<_>>()?,
        ..Resource::new(ResourceId::new(number.to_string())?, format!("Article {number}"))
    })
}

/// Bags of words, `n word:count word:count ...`: the words as often as they count.
fn read_words(
    bags: &Path,
    vocabulary: &[String],
    articles: &mut Articles,
    sink: &mut Sink,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let mut lines = Lines::open(bags, Encoding::Utf8, bar)?;
    let mut number = 0;
    while let Some((place, line)) = lines.next()? {
        match line.map_err(str::to_owned).and_then(|line| bag(&line, vocabulary)) {
            Ok(text) => {
                if let Some(article) = articles.at(number) {
                    article.text = text;
                }
            }
            Err(why) => sink.bad(&place, why)?,
        }
        number += 1;
    }
    Ok(())
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

fn read_tags(
    items: &Path,
    names: &[String],
    articles: &mut Articles,
    sink: &mut Sink,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let mut lines = Numbered::open(items, bar)?;
    while let Some((tag, tagged)) = lines.next(sink)? {
        let Some(name) = names.get(tag as usize).map(|name| name.trim()).filter(|name| !name.is_empty())
        else {
            continue;
        };
        for &number in &tagged {
            if let Some(article) = articles.at(number) {
                article.tags.push((tagged.len(), name.to_owned()));
            }
        }
    }
    Ok(())
}

/// All lines; those that are no text are empty, so that the others keep their numbers.
fn texts(path: &Path, bar: &ProgressBar) -> anyhow::Result<Vec<String>> {
    let mut lines = Lines::open(path, Encoding::Utf8, bar)?;
    let mut texts = Vec::new();
    while let Some((_, line)) = lines.next()? {
        texts.push(line.unwrap_or_default());
    }
    Ok(texts)
}

/// Lines `count number number ...`, themselves numbered from 0.
struct Numbered {
    lines: Lines,
    next: u32,
}

impl Numbered {
    fn open(path: &Path, bar: &ProgressBar) -> anyhow::Result<Self> {
        Ok(Self { lines: Lines::open(path, Encoding::Utf8, bar)?, next: 0 })
    }

    /// The number of the next good line and the numbers on it.
    fn next(&mut self, sink: &mut Sink) -> anyhow::Result<Option<(u32, Vec<u32>)>> {
        while let Some((place, line)) = self.lines.next()? {
            let number = self.next;
            self.next += 1;
            match line.map_err(str::to_owned).and_then(|line| counted(&line)) {
                Ok(numbers) => return Ok(Some((number, numbers))),
                Err(why) => sink.bad(&place, why)?,
            }
        }
        Ok(None)
    }
}

fn counted(line: &str) -> Result<Vec<u32>, String> {
    let number = |word: &str| word.parse().ok().filter(|n| *n <= MOST_ARTICLES);
    let read = |word: &str| number(word).ok_or_else(|| format!("expected a number, got \"{word}\""));
    let mut words = line.split_whitespace();
    let count = read(words.next().unwrap_or_default())?;
    let numbers = words.map(read).collect::<Result<Vec<u32>, String>>()?;
    if numbers.len() == count as usize {
        Ok(numbers)
    } else {
        Err(format!("expected {count} numbers as the first one says, got {}", numbers.len()))
    }
}
