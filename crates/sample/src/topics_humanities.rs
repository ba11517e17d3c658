//! The words of the humanities and the social sciences.

use crate::topics::{Topic, corner};

pub(crate) const TOPICS: [Topic; 6] = [
    Topic {
        name: "medieval history",
        corners: [
            corner(
                "monastic life",
                [
                    "Benedictine abbeys",
                    "illuminated manuscripts",
                    "scriptoria",
                    "abbots' letters",
                    "relic shrines",
                ],
            ),
            corner(
                "trade and towns",
                ["wool merchants", "guild charters", "Hanseatic ports", "market fairs", "coin hoards"],
            ),
            corner(
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
    },
    Topic {
        name: "urban planning",
        corners: [
            corner(
                "public transport",
                ["bus corridors", "tram networks", "night trains", "fare zones", "interchange stations"],
            ),
            corner(
                "housing",
                [
                    "housing cooperatives",
                    "social estates",
                    "zoning rules",
                    "rent controls",
                    "infill dwellings",
                ],
            ),
            corner(
                "public space",
                [
                    "pocket parks",
                    "pedestrian streets",
                    "cycle lanes",
                    "street markets",
                    "waterfront promenades",
                ],
            ),
        ],
        causes: [
            "gentrification",
            "congestion pricing",
            "suburban sprawl",
            "participatory budgeting",
            "parking reform",
            "land speculation",
        ],
        outcomes: ["walkability", "ridership", "affordability", "street safety", "density", "social mixing"],
        methods: [
            "household surveys",
            "mobile phone traces",
            "street audits",
            "resident interviews",
            "cadastral maps",
            "before-and-after counts",
        ],
        places: ["Bogotá", "Vienna", "Lagos", "postwar Rotterdam", "greater Tokyo", "Medellín"],
        journals: ["City and Street", "Planning Forum", "Journal of Urban Life"],
    },
    Topic {
        name: "linguistics",
        corners: [
            corner(
                "sound systems",
                ["vowel shifts", "tone languages", "click consonants", "stress patterns", "glottal stops"],
            ),
            corner(
                "grammar",
                ["ergative verbs", "noun classes", "relative clauses", "evidential markers", "word orders"],
            ),
            corner(
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
    },
    Topic {
        name: "behavioural economics",
        corners: [
            corner(
                "saving and debt",
                [
                    "retirement accounts",
                    "payday loans",
                    "household budgets",
                    "savings clubs",
                    "mortgage choices",
                ],
            ),
            corner(
                "fairness and trust",
                ["ultimatum games", "tax morale surveys", "charity appeals", "wage offers", "trust games"],
            ),
            corner(
                "risk and choice",
                ["lottery tickets", "insurance plans", "menu defaults", "betting markets", "price anchors"],
            ),
        ],
        causes: [
            "loss aversion",
            "present bias",
            "mental accounting",
            "social comparison",
            "choice overload",
            "default enrolment",
        ],
        outcomes: [
            "willingness to pay",
            "uptake",
            "cooperation",
            "overconfidence",
            "savings rate",
            "compliance",
        ],
        methods: [
            "field experiments",
            "laboratory auctions",
            "panel surveys",
            "randomised letters",
            "scanner data",
            "natural experiments",
        ],
        places: [
            "rural Kenya",
            "Danish households",
            "student samples",
            "online marketplaces",
            "the gig economy",
            "public clinics",
        ],
        journals: ["Choice and Welfare", "Journal of Small Decisions", "Incentives"],
    },
    Topic {
        name: "music theory",
        corners: [
            corner(
                "early music",
                [
                    "Renaissance motets",
                    "lute tablatures",
                    "plainchant melodies",
                    "figured basses",
                    "madrigal cycles",
                ],
            ),
            corner(
                "jazz",
                [
                    "bebop solos",
                    "swing rhythms",
                    "modal improvisations",
                    "big band charts",
                    "blues progressions",
                ],
            ),
            corner(
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
    },
    Topic {
        name: "public health",
        corners: [
            corner(
                "infectious disease",
                [
                    "measles outbreaks",
                    "malaria vectors",
                    "vaccine campaigns",
                    "hospital infections",
                    "sewage samples",
                ],
            ),
            corner(
                "nutrition",
                ["school meals", "sugar taxes", "breastfeeding mothers", "food deserts", "iron supplements"],
            ),
            corner(
                "mental wellbeing",
                [
                    "lonely pensioners",
                    "crisis helplines",
                    "night-shift nurses",
                    "teenage sleepers",
                    "grief groups",
                ],
            ),
        ],
        causes: [
            "vaccine hesitancy",
            "air pollution",
            "health insurance",
            "seasonal migration",
            "poverty",
            "antibiotic resistance",
        ],
        outcomes: [
            "mortality",
            "transmission",
            "vaccination coverage",
            "hospital admission",
            "life expectancy",
            "adherence",
        ],
        methods: [
            "cohort studies",
            "contact tracing records",
            "case-control comparisons",
            "serological surveys",
            "clinic registries",
            "stepped-wedge trials",
        ],
        places: [
            "Bangladesh",
            "urban Brazil",
            "Scottish clinics",
            "refugee camps",
            "the Mekong delta",
            "rural Appalachia",
        ],
        journals: ["Population Health Notes", "Field Epidemiology", "The Clinic and the Street"],
    },
];
