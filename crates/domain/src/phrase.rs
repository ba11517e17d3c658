/// Returns true if a text contains a phrase, word for word, whatever the case and what stands
/// between the words. No text contains a phrase without a word.
#[must_use]
pub fn has_phrase(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (words(text), words(phrase));
    !phrase.is_empty() && text.windows(phrase.len()).any(|window| window == phrase)
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::has_phrase;

    #[test]
    fn a_phrase_is_found_word_for_word() {
        assert!(has_phrase("Deep Machine-Learning, for all", "machine learning"));
        assert!(has_phrase("Art", "art"));
        for (text, phrase) in [("Starting out", "art"), ("Machine", "machine learning"), ("Art", "-")] {
            assert!(!has_phrase(text, phrase), "{text} {phrase}");
        }
    }
}
