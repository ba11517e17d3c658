//! Vocabulary of the humanities.

use super::topic::{Topic, subtopic};

pub(super) const MEDIEVAL_HISTORY: Topic = Topic {
    name: "medieval history",
    subtopics: [
        subtopic(
            "monastic life",
            [
                "Benedictine abbeys",
                "illuminated manuscripts",
                "scriptoria",
                "abbots' letters",
                "relic shrines",
            ],
        ),
        subtopic(
            "trade and towns",
            ["wool merchants", "guild charters", "Hanseatic ports", "market fairs", "coin hoards"],
        ),
        subtopic(
            "crusades and courts",
            ["crusader castles", "royal chanceries", "knightly orders", "court poets", "papal bulls"],
        ),
    ],
    causes: [
        "the Black Death",
        "feudal obligation",
        "church reform",
        "dynastic marriage",
        "the spread of literacy",
        "siege warfare",
    ],
    outcomes: ["patronage", "serfdom", "pilgrimage", "royal authority", "inheritance", "tithe income"],
    methods: [
        "parish registers",
        "charter editions",
        "pollen and bone finds",
        "marginal glosses",
        "account rolls",
        "chronicle comparisons",
    ],
    places: ["Burgundy", "Norman England", "Castile", "the Rhineland", "Sicily", "Outremer"],
    journals: ["Parchment", "Medieval Studies Quarterly", "The Cloister Review"],
};

pub(super) const LINGUISTICS: Topic = Topic {
    name: "linguistics",
    subtopics: [
        subtopic(
            "sound systems",
            ["vowel shifts", "tone languages", "click consonants", "stress patterns", "glottal stops"],
        ),
        subtopic(
            "grammar",
            ["ergative verbs", "noun classes", "relative clauses", "evidential markers", "word orders"],
        ),
        subtopic(
            "language contact",
            [
                "creole languages",
                "loanwords",
                "bilingual children",
                "code-switching speakers",
                "trade pidgins",
            ],
        ),
    ],
    causes: [
        "language contact",
        "frequency of use",
        "schooling",
        "analogy",
        "migration of speakers",
        "prestige",
    ],
    outcomes: [
        "intelligibility",
        "morphological loss",
        "dialect levelling",
        "acquisition",
        "grammaticalisation",
        "lexical borrowing",
    ],
    methods: [
        "elicited sentences",
        "corpus counts",
        "spectrograms",
        "dialect atlases",
        "eye-tracking trials",
        "comparative wordlists",
    ],
    places: [
        "Papua New Guinea",
        "the Caucasus",
        "West Africa",
        "the Amazon basin",
        "northern Australia",
        "Vanuatu",
    ],
    journals: ["Tongues", "Journal of Spoken Forms", "Syntax and Change"],
};

pub(super) const MUSIC_THEORY: Topic = Topic {
    name: "music theory",
    subtopics: [
        subtopic(
            "early music",
            [
                "Renaissance motets",
                "lute tablatures",
                "plainchant melodies",
                "figured basses",
                "madrigal cycles",
            ],
        ),
        subtopic(
            "jazz",
            ["bebop solos", "swing rhythms", "modal improvisations", "big band charts", "blues progressions"],
        ),
        subtopic(
            "acoustics and tuning",
            ["temperaments", "gamelan scales", "violin resonances", "concert halls", "organ pipes"],
        ),
    ],
    causes: [
        "voice leading",
        "microtiming",
        "chromatic substitution",
        "oral tradition",
        "instrument design",
        "notation",
    ],
    outcomes: ["consonance", "groove", "tonal tension", "phrase length", "timbre", "harmonic rhythm"],
    methods: [
        "score analyses",
        "listening tests",
        "transcribed recordings",
        "spectral measurements",
        "sketchbook studies",
        "performer interviews",
    ],
    places: ["Venice", "postwar New York", "Java", "Leipzig", "New Orleans", "Elizabethan England"],
    journals: ["Counterpoint", "Journal of Heard Form", "Tuning and Touch"],
};
