//! Vocabulary of the social sciences.

use super::topic::{Topic, subtopic};

pub(super) const URBAN_PLANNING: Topic = Topic {
    name: "urban planning",
    subtopics: [
        subtopic(
            "public transport",
            ["bus corridors", "tram networks", "night trains", "fare zones", "interchange stations"],
        ),
        subtopic(
            "housing",
            ["housing cooperatives", "social estates", "zoning rules", "rent controls", "infill dwellings"],
        ),
        subtopic(
            "public space",
            ["pocket parks", "pedestrian streets", "cycle lanes", "street markets", "waterfront promenades"],
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
};

pub(super) const BEHAVIOURAL_ECONOMICS: Topic = Topic {
    name: "behavioural economics",
    subtopics: [
        subtopic(
            "saving and debt",
            ["retirement accounts", "payday loans", "household budgets", "savings clubs", "mortgage choices"],
        ),
        subtopic(
            "fairness and trust",
            ["ultimatum games", "tax morale surveys", "charity appeals", "wage offers", "trust games"],
        ),
        subtopic(
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
    outcomes: ["willingness to pay", "uptake", "cooperation", "overconfidence", "savings rate", "compliance"],
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
};

pub(super) const PUBLIC_HEALTH: Topic = Topic {
    name: "public health",
    subtopics: [
        subtopic(
            "infectious disease",
            [
                "measles outbreaks",
                "malaria vectors",
                "vaccine campaigns",
                "hospital infections",
                "sewage samples",
            ],
        ),
        subtopic(
            "nutrition",
            ["school meals", "sugar taxes", "breastfeeding mothers", "food deserts", "iron supplements"],
        ),
        subtopic(
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
};
