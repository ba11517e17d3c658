//! Splits a document into its weighted terms.

use std::collections::HashMap;

use rayon::prelude::*;
use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::{Document, LsaConfig};

/// Maximum length of a term. Longer tokens are encoded data or noise, and each would take a place
/// in the vocabulary.
const MAX_TERM_BYTES: usize = 128;

/// Documents that [`term_counts`] splits at a time.
const TERM_COUNTS_BATCH: usize = 4096;

/// Function words of English, in ascending order. Document frequencies weigh down other common
/// words once a catalogue has been learned; before that every word counts the same, and these say
/// nothing.
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

/// Returns the terms of `document` with their field-weighted frequencies, sorted by term; each
/// weight is positive.
///
/// Words of title, text and subjects are stemmed. A subject counts once more as a whole phrase
/// (`subject:...`), and an author only as a whole name (`author:...`), so that two authors who
/// share a first name are not alike. Years in brackets date a title, as in "Heat (1995)", and are
/// left out, or all titles of a year would be alike.
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

/// Returns the terms of each document with their field-weighted frequencies. A term has the same
/// number in all documents. Splits and stems the words on all threads.
pub fn term_counts(documents: &[Document<'_>], config: &LsaConfig) -> Vec<Vec<(u32, f32)>> {
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut counts = Vec::with_capacity(documents.len());
    for batch in documents.chunks(TERM_COUNTS_BATCH) {
        let bags: Vec<_> = batch.par_iter().map(|document| weighted_terms(document, config)).collect();
        for bag in bags {
            let mut numbered: Vec<(u32, f32)> = Vec::with_capacity(bag.len());
            for (term, frequency) in bag {
                let next = numbers.len() as u32;
                numbered.push((*numbers.entry(term).or_insert(next), frequency));
            }
            counts.push(numbered);
        }
    }
    counts
}

/// Terms of one document and their frequencies so far.
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

/// Returns the words of a text, split at colons too: the segmentation rules keep them within words,
/// and here they mark subjects and authors. Leaves out very long words, since stemming takes time
/// that grows with the square of the length.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.unicode_words().flat_map(|word| word.split(':'));
    parts.filter(|word| !word.is_empty() && word.len() <= MAX_TERM_BYTES)
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse().is_ok_and(|year: u16| (1800..2100).contains(&year))
}

/// Returns the text in lower case and compatibility normal form (NFKC), with plain apostrophes.
fn normalise(text: &str) -> String {
    text.nfkc().map(|c| if c == '\u{2019}' { '\'' } else { c }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_one_very_long_word_has_no_terms() {
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
    fn words_are_folded_and_stemmed_and_function_words_left_out() {
        assert_eq!(words_of("The Networks of the NETWORK"), ["network"]);
        assert_eq!(words_of("ﬁne Ｇｒａｐｈｓ’s"), ["fine", "graph"]);
        assert_eq!(words_of(" the and of "), Vec::<String>::new());
        assert_eq!(words_of("naïve Größe 東京"), ["größe", "naïv", "京", "東"]);
    }

    #[test]
    fn a_year_in_brackets_dates_a_title_and_is_not_a_term_of_it() {
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
    fn fields_count_as_the_settings_say() {
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
    fn very_long_tokens_are_left_out() {
        assert_eq!(words_of(&"x".repeat(5000)), Vec::<String>::new());
    }
}
