//! Vocabulary of technology.

use super::topic::{Topic, subtopic};

pub(super) const MACHINE_LEARNING: Topic = Topic {
    name: "machine learning",
    subtopics: [
        subtopic(
            "recommender systems",
            [
                "matrix factorisations",
                "implicit ratings",
                "cold-start users",
                "ranking losses",
                "playlist embeddings",
            ],
        ),
        subtopic(
            "language models",
            [
                "attention heads",
                "tokenisers",
                "in-context examples",
                "transformer layers",
                "prompt templates",
            ],
        ),
        subtopic(
            "reinforcement learning",
            [
                "policy gradients",
                "reward functions",
                "exploration bonuses",
                "replay buffers",
                "simulated agents",
            ],
        ),
    ],
    causes: [
        "label noise",
        "overparameterisation",
        "distribution shift",
        "gradient clipping",
        "curriculum design",
        "weight decay",
    ],
    outcomes: [
        "generalisation",
        "calibration",
        "sample efficiency",
        "robustness",
        "training loss",
        "inference cost",
    ],
    methods: [
        "ablation studies",
        "held-out benchmarks",
        "linear probes",
        "scaling curves",
        "counterfactual estimators",
        "synthetic datasets",
    ],
    places: [
        "low-resource settings",
        "streaming platforms",
        "edge devices",
        "federated training",
        "online experiments",
        "open-source libraries",
    ],
    journals: ["Learning Machines Review", "Proceedings on Inference", "Gradient"],
};

pub(super) const ENERGY_STORAGE: Topic = Topic {
    name: "energy storage",
    subtopics: [
        subtopic(
            "batteries",
            ["lithium anodes", "solid electrolytes", "sodium cells", "cathode particles", "battery packs"],
        ),
        subtopic(
            "hydrogen",
            ["electrolysers", "fuel cells", "hydrogen tanks", "platinum catalysts", "proton membranes"],
        ),
        subtopic(
            "power grids",
            ["pumped reservoirs", "flywheels", "grid inverters", "solar farms", "rural microgrids"],
        ),
    ],
    causes: [
        "fast charging",
        "dendrite growth",
        "thermal runaway",
        "surface coating",
        "voltage fade",
        "peak demand",
    ],
    outcomes: [
        "cycle life",
        "energy density",
        "conductivity",
        "round-trip efficiency",
        "capacity retention",
        "frequency stability",
    ],
    methods: [
        "impedance spectra",
        "X-ray tomographs",
        "cycling tests",
        "density functional calculations",
        "cost models",
        "teardown analyses",
    ],
    places: [
        "electric buses",
        "cold climates",
        "island grids",
        "grid-scale plants",
        "second-life packs",
        "pilot factories",
    ],
    journals: ["Stored Power", "Electrode", "Journal of Grid Engineering"],
};
