//! Vocabulary of the natural sciences.

use super::topic::{Topic, subtopic};

pub(super) const MARINE_ECOLOGY: Topic = Topic {
    name: "marine ecology",
    subtopics: [
        subtopic(
            "coral reefs",
            ["coral larvae", "reef fish", "giant clams", "crustose algae", "bleached colonies"],
        ),
        subtopic(
            "kelp forests",
            ["kelp canopies", "sea urchins", "sea otters", "rockfish nurseries", "abalone beds"],
        ),
        subtopic(
            "deep sea",
            ["hydrothermal vents", "tube worms", "whale falls", "lanternfish shoals", "sponge gardens"],
        ),
    ],
    causes: [
        "ocean warming",
        "acidification",
        "selective fishing",
        "nutrient runoff",
        "predator loss",
        "storm surge",
    ],
    outcomes: ["recruitment", "larval drift", "grazing pressure", "biomass", "trophic structure", "regrowth"],
    methods: [
        "acoustic surveys",
        "diver transects",
        "stable isotopes",
        "tagging records",
        "environmental DNA samples",
        "seabed photographs",
    ],
    places: [
        "the Coral Sea",
        "the Gulf of Maine",
        "the Galápagos",
        "Monterey Bay",
        "the Red Sea",
        "the Norwegian fjords",
    ],
    journals: ["Journal of Living Seas", "Tidewater Letters", "Reef and Shelf"],
};

pub(super) const ASTRONOMY: Topic = Topic {
    name: "astronomy",
    subtopics: [
        subtopic(
            "exoplanets",
            ["hot Jupiters", "transiting planets", "planetary atmospheres", "super-Earths", "debris discs"],
        ),
        subtopic(
            "galaxies",
            ["dwarf galaxies", "spiral arms", "globular clusters", "galaxy mergers", "stellar streams"],
        ),
        subtopic(
            "compact objects",
            ["neutron stars", "black hole binaries", "fast radio bursts", "magnetars", "white dwarfs"],
        ),
    ],
    causes: [
        "tidal heating",
        "stellar wind",
        "dark matter",
        "accretion",
        "magnetic braking",
        "orbital resonance",
    ],
    outcomes: ["luminosity", "spin", "orbital decay", "metallicity", "spectral slope", "angular momentum"],
    methods: [
        "light curves",
        "radial velocities",
        "infrared spectra",
        "pulsar timings",
        "gravitational lenses",
        "telescope archives",
    ],
    places: [
        "the Milky Way halo",
        "the Virgo cluster",
        "the Orion nebula",
        "the Magellanic Clouds",
        "the Kepler field",
        "the local void",
    ],
    journals: ["Annals of the Night Sky", "Stellar Notes", "Observatory Quarterly"],
};

pub(super) const CLIMATE_SCIENCE: Topic = Topic {
    name: "climate science",
    subtopics: [
        subtopic(
            "glaciers and ice",
            ["mountain glaciers", "ice shelves", "meltwater lakes", "permafrost soils", "sea ice floes"],
        ),
        subtopic(
            "atmosphere",
            ["monsoon rains", "jet streams", "aerosol plumes", "tropical cyclones", "cloud decks"],
        ),
        subtopic(
            "carbon cycle",
            ["peat bogs", "boreal soils", "carbon sinks", "methane seeps", "phytoplankton blooms"],
        ),
    ],
    causes: [
        "radiative forcing",
        "land-use change",
        "volcanic dust",
        "ocean circulation",
        "soot deposition",
        "El Niño",
    ],
    outcomes: ["albedo", "precipitation", "mass balance", "carbon storage", "heat transport", "seasonality"],
    methods: [
        "ice cores",
        "satellite altimeters",
        "ensemble simulations",
        "weather balloons",
        "tree rings",
        "flux towers",
    ],
    places: ["Greenland", "the Sahel", "Patagonia", "the Tibetan plateau", "the North Atlantic", "Siberia"],
    journals: ["Climate Record", "Journal of Ice and Air", "Warming World Letters"],
};

pub(super) const NEUROSCIENCE: Topic = Topic {
    name: "neuroscience",
    subtopics: [
        subtopic(
            "memory",
            [
                "hippocampal place cells",
                "memory engrams",
                "sleep spindles",
                "synaptic traces",
                "recall errors",
            ],
        ),
        subtopic(
            "perception",
            [
                "visual cortex neurons",
                "auditory illusions",
                "retinal circuits",
                "odour maps",
                "tactile receptors",
            ],
        ),
        subtopic(
            "movement",
            ["motor neurons", "cerebellar loops", "basal ganglia", "reaching movements", "spinal reflexes"],
        ),
    ],
    causes: [
        "dopamine release",
        "sleep deprivation",
        "synaptic plasticity",
        "chronic stress",
        "selective attention",
        "cortical inhibition",
    ],
    outcomes: [
        "firing rate",
        "working memory",
        "reaction time",
        "neural synchrony",
        "consolidation",
        "motor control",
    ],
    methods: [
        "calcium images",
        "patch-clamp recordings",
        "brain scans",
        "optogenetic stimuli",
        "electrode arrays",
        "lesion studies",
    ],
    places: [
        "the mouse brain",
        "the prefrontal cortex",
        "zebrafish",
        "ageing adults",
        "the macaque",
        "human infants",
    ],
    journals: ["Cortex and Behaviour", "Synapse Reports", "Journal of Minds and Brains"],
};
