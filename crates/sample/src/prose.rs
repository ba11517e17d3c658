//! Titles, abstracts and names of authors.

use rand::{RngExt, rngs::StdRng};

use crate::topics::{Subtopic, Topic};

const FIRST_NAMES: [&str; 24] = [
    "Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kavya",
    "Leila", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Samir", "Tomoko", "Ursula", "Viktor",
    "Wanjiru", "Yusuf",
];
const LAST_NAMES: [&str; 32] = [
    "Abebe",
    "Almeida",
    "Bakker",
    "Castellanos",
    "Dubois",
    "Eriksen",
    "Fontana",
    "Grünwald",
    "Haddad",
    "Ivanova",
    "Jimenez",
    "Kowalski",
    "Lindqvist",
    "Mbeki",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quispe",
    "Rahman",
    "Sato",
    "Tanaka",
    "Uzun",
    "Varga",
    "Whitlock",
    "Xu",
    "Yilmaz",
    "Zeller",
    "Moreau",
    "Thorne",
    "Ferrari",
    "Novak",
    "Osei",
];

/// Draws one element, or returns `None` for an empty list.
pub(crate) fn pick<'a, T: ?Sized>(random: &mut StdRng, from: &[&'a T]) -> Option<&'a T> {
    if from.is_empty() { None } else { from.get(random.random_range(0..from.len())).copied() }
}

/// Returns the name of the nth author. Names repeat only after all combinations are used.
pub(crate) fn author_name(n: usize) -> String {
    // 7 and 24 have no common factor, so every pair of names comes up once.
    let round = n / LAST_NAMES.len();
    let first = FIRST_NAMES.get((n * 7 + round) % FIRST_NAMES.len()).unwrap_or(&"Ada");
    let last = LAST_NAMES.get(n % LAST_NAMES.len()).unwrap_or(&"Lovelace");
    format!("{first} {last}")
}

/// The words of one resource.
pub(crate) struct Words {
    thing: &'static str,
    other_thing: &'static str,
    cause: &'static str,
    outcome: &'static str,
    other_outcome: &'static str,
    method: &'static str,
    place: &'static str,
}

impl Words {
    /// Draws the words of a resource on a subtopic.
    pub fn draw(random: &mut StdRng, topic: &Topic, subtopic: &Subtopic) -> Self {
        let [thing, other_thing] = [(); 2].map(|()| pick(random, &subtopic.things).unwrap_or_default());
        let cause = pick(random, &topic.causes).unwrap_or_default();
        let [outcome, other_outcome] = [(); 2].map(|()| pick(random, &topic.outcomes).unwrap_or_default());
        let method = pick(random, &topic.methods).unwrap_or_default();
        let place = pick(random, &topic.places).unwrap_or_default();
        Self { thing, other_thing, cause, outcome, other_outcome, method, place }
    }

    /// Writes a title.
    pub fn title(&self, random: &mut StdRng) -> String {
        let Self { thing, cause, outcome, method, place, .. } = self;
        match random.random_range(0..8u8) {
            0 => format!("How {cause} shapes {thing} in {place}"),
            1 => format!("{} and {cause}: evidence from {method}", capital(thing)),
            2 => format!("Measuring {outcome} in {thing}"),
            3 => format!("{} in {place}: a survey", capital(thing)),
            4 => format!("Why {thing} respond to {cause}"),
            5 => format!("An introduction to {thing}"),
            6 => format!("Predicting {outcome} in {thing} from {method}"),
            _ => format!("{}, {thing} and the limits of {method}", capital(cause)),
        }
    }

    /// Writes an abstract of two to four sentences.
    pub fn text(&self, random: &mut StdRng, subtopic: &str) -> String {
        let Self { thing, other_thing, cause, outcome, other_outcome, method, place } = self;
        let opening = match random.random_range(0..4u8) {
            0 => format!("What {cause} does to {thing} has been argued over for years."),
            1 => format!(
                "{} are at the heart of {subtopic}, yet their {outcome} is poorly understood.",
                capital(thing)
            ),
            2 => format!("We ask how {cause} changes {outcome} among {thing} in {place}."),
            _ => format!("This article follows {thing} in {place} over several years."),
        };
        let middle = match random.random_range(0..3u8) {
            0 => format!("Drawing on {method} from {place}, we compare {thing} with {other_thing}."),
            1 => {
                format!("Using {method}, we show that {cause} accounts for much of the change in {outcome}.")
            }
            _ => format!("We combine {method} with earlier work to separate {cause} from {other_outcome}."),
        };
        let finding = match random.random_range(0..3u8) {
            0 => format!(
                "The effect on {other_outcome} is smaller than expected, and differs between {thing}."
            ),
            1 => format!("Where {cause} is strong, {outcome} falls first and recovers slowly."),
            _ => {
                format!("The results suggest that {thing} matter more for {other_outcome} than was thought.")
            }
        };
        let close = match random.random_range(0..3u8) {
            0 => format!("We close with advice for those who study {subtopic} in {place}."),
            1 => format!("All {method} are available to other researchers."),
            _ => format!("Implications for {subtopic} are discussed."),
        };
        let sentences = [opening, middle, finding, close];
        let length = random.random_range(2..=sentences.len());
        sentences.get(..length).unwrap_or(&sentences).join(" ")
    }
}

fn capital(phrase: &str) -> String {
    let mut characters = phrase.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
