//! From a document to its weighted terms.

use std::collections::HashMap;

use rayon::prelude::*;
use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::{Document, LsaConfig};

/// Longer tokens are encoded data or rubbish, and each would claim a place in the vocabulary.
const MAX_TERM_BYTES: usize = 128;

const TERM_COUNTS_AT_A_TIME: usize = 4096;

/// Function words of English. Rarity takes care of the rest once a catalogue has been seen; before that every word
/// counts the same, so those that say nothing have to be known beforehand.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "about", "above", "after", "again", "against", "all", "also", "although", "am", "among", "an", "and", "any",
    "are", "as", "at", "be", "because", "been", "before", "being", "below", "between", "both", "but", "by", "can",
    "cannot", "could", "d", "did", "do", "does", "doing", "down", "during", "each", "either", "etc", "few", "for", "from",
    "further", "had", "has", "have", "having", "he", "hence", "her", "here", "hers", "herself", "him", "himself", "his",
    "how", "however", "i", "if", "in", "into", "is", "it", "it's", "its", "itself", "just", "ll", "m", "may", "me",
    "might", "more", "most", "must", "my", "myself", "neither", "no", "nor", "not", "now", "of", "off", "on", "once",
    "only", "or", "other", "our", "ours", "ourselves", "out", "over", "own", "per", "re", "s", "same", "shall", "she",
    "should", "so", "some", "such", "t", "than", "that", "the", "their", "theirs", "them", "themselves", "then",
    "there", "therefore", "these", "they", "this", "those", "through", "thus", "to", "too", "under", "until", "up",
    "upon", "us", "ve", "very", "was", "we", "were", "what", "when", "where", "whether", "which", "while", "who",
    "whom", "whose", "why", "will", "with", "within", "without", "would", "you", "your", "yours", "yourself",
    "yourselves",
];

/// The terms of `document` with their field-weighted frequencies, sorted by term; each weight is positive.
///
/// Words of title, text and subjects are stemmed; a subject counts once more as a whole phrase (`subject:...`) and an
/// author only as a whole name (`author:...`), so that two people who share a first name are not alike. Years in brackets
/// date a title, as in "Heat (1995)", and are left out, or all of one year would be alike.
pub(crate) fn weighted_terms(document: &Document<'_>, config: &LsaConfig) -> Vec<(String, f32)> {
    let mut bag = Bag { stemmer: Stemmer::create(Algorithm::English), frequencies: HashMap::new() };
    bag.add_title(document.title, config.title_weight);
    bag.add_words(document.text, config.text_weight);
    for subject in document.subjects {
        bag.add_words(subject, config.subject_weight);
        bag.add_whole("subject", subject, config.subject_weight);
    }
    for author in document.authors {
        bag.add_whole("author", author, config.author_weight);
    }
    let mut terms: Vec<_> = bag.frequencies.into_iter().collect();
    terms.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    terms
}

/// The terms of each document, as numbers that are the same in all of them, with their field-weighted frequencies. The
/// words are cut and stemmed on all threads.
pub fn term_counts(documents: &[Document<'_>], config: &LsaConfig) -> Vec<Vec<(u32, f32)>> {
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut counts = Vec::with_capacity(documents.len());
    for batch in documents.chunks(TERM_COUNTS_AT_A_TIME) {
        let bags: Vec<_> = batch.par_iter().map(|document| weighted_terms(document, config)).collect();
        counts.extend(bags.into_iter().map(|bag| {
            let number = |(term, frequency)| {
                let next = numbers.len() as u32;
                (*numbers.entry(term).or_insert(next), frequency)
            };
            bag.into_iter().map(number).collect::<Vec<(u32, f32)>>()
        }));
    }
    counts
}

struct Bag {
    stemmer: Stemmer,
    frequencies: HashMap<String, f32>,
}

impl Bag {
    fn add_title(&mut self, title: &str, weight: f32) {
        for (n, part) in title.split(['(', ')', '[', ']']).enumerate() {
            let is_date = n > 0 && words(part).all(is_year);
            if !is_date {
                self.add_words(part, weight);
            }
        }
    }

    fn add_words(&mut self, text: &str, weight: f32) {
        let text = normalise(text);
        for word in words(&text).filter(|word| STOP_WORDS.binary_search(word).is_err()) {
            self.add(self.stemmer.stem(word).into_owned(), weight);
        }
    }

    fn add_whole(&mut self, kind: &str, phrase: &str, weight: f32) {
        let phrase = normalise(phrase);
        let words: Vec<&str> = phrase.split_whitespace().collect();
        if !words.is_empty() {
            self.add(format!("{kind}:{}", words.join(" ")), weight);
        }
    }

    fn add(&mut self, term: String, weight: f32) {
        if weight > 0.0 && term.len() <= MAX_TERM_BYTES {
            *self.frequencies.entry(term).or_default() += weight;
        }
    }
}

/// The colon is a letter of words to the segmentation rules (Swedish), here it marks subjects and authors. Endless words
/// are left out: stemming takes time that grows with the square of the length.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.unicode_words().flat_map(|word| word.split(':'));
    parts.filter(|word| !word.is_empty() && word.len() <= MAX_TERM_BYTES)
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse().is_ok_and(|year: u16| (1800..2100).contains(&year))
}

fn normalise(text: &str) -> String {
    text.nfkc().map(|c| if c == '\u{2019}' { '\'' } else { c }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_one_endless_word_has_no_terms() {
        let text = "y".repeat(900_000);
        assert!(weighted_terms(&Document::from_text(&text), &LsaConfig::default()).is_empty());
    }

    fn terms_of(document: Document<'_>) -> Vec<(String, f32)> {
        let config = LsaConfig {
            title_weight: 3.0,
            text_weight: 1.0,
            subject_weight: 2.0,
            author_weight: 0.5,
            ..LsaConfig::default()
        };
        weighted_terms(&document, &config)
    }

    fn words_of(text: &str) -> Vec<String> {
        terms_of(Document::from_text(text)).into_iter().map(|(term, _)| term).collect()
    }

    #[test]
    fn stop_words_are_sorted_so_that_they_can_be_searched() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn words_are_folded_stemmed_and_rid_of_function_words() {
        assert_eq!(words_of("The Networks of the NETWORK"), ["network"]);
        assert_eq!(words_of("ﬁne Ｇｒａｐｈｓ’s"), ["fine", "graph"]);
        assert_eq!(words_of(" the and of "), Vec::<String>::new());
        assert_eq!(words_of("naïve Größe 東京"), ["größe", "naïv", "京", "東"]);
    }

    #[test]
    fn a_year_in_brackets_dates_a_title_and_is_no_term_of_it() {
        let of_title = |title| {
            let terms = terms_of(Document { title, ..Document::default() });
            terms.into_iter().map(|(term, _)| term).collect::<Vec<_>>()
        };
        assert_eq!(of_title("Heat (1995)"), ["heat"]);
        assert_eq!(of_title("The Office [2005–2013]"), ["offic"]);
        assert_eq!(of_title("1984"), ["1984"]);
        assert_eq!(of_title("1984 (film, 1956) (1799) [1408]"), ["1408", "1799", "1956", "1984", "film"]);
        assert_eq!(words_of("war (1812)"), ["1812", "war"]);
    }

    #[test]
    fn running_text_cannot_pretend_to_be_an_author() {
        assert_eq!(words_of("author:jane"), ["author", "jane"]);
    }

    #[test]
    fn fields_weigh_what_the_settings_say() {
        let subjects = ["Machine  Learning".to_owned()];
        let authors = ["Ada Lovelace".to_owned()];
        let terms = terms_of(Document {
            title: "Learning",
            text: "learning",
            subjects: &subjects,
            authors: &authors,
        });
        let expected = [("author:ada lovelace", 0.5), ("learn", 6.0), ("machin", 2.0)];
        for (term, weight) in expected.into_iter().chain([("subject:machine learning", 2.0)]) {
            assert!(terms.contains(&(term.to_owned(), weight)), "{term} {weight} in {terms:?}");
        }
        assert_eq!(terms.len(), 4);
    }

    #[test]
    fn a_term_has_one_number_in_all_documents() {
        let documents = ["tea in china", "china and the teas of china"].map(Document::from_text);
        let counts = term_counts(&documents, &LsaConfig::default());
        let of = |document: usize, number: u32| {
            counts[document].iter().find(|(found, _)| *found == number).map(|(_, frequency)| *frequency)
        };
        assert_eq!((of(0, 0), of(0, 1), of(1, 0), of(1, 1)), (Some(1.0), Some(1.0), Some(2.0), Some(1.0)));
        assert_eq!(counts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn endless_tokens_are_left_out() {
        assert_eq!(words_of(&"x".repeat(5000)), Vec::<String>::new());
    }
}
