//! The topics of the library.

mod humanities;
mod natural_sciences;
mod social_sciences;
mod technology;
mod topic;

pub(crate) use topic::{Subtopic, Topic};

/// All topics, alternating between science and the humanities, so that a small library has both.
pub(crate) const ALL: [Topic; 12] = [
    natural_sciences::MARINE_ECOLOGY,
    humanities::MEDIEVAL_HISTORY,
    natural_sciences::ASTRONOMY,
    social_sciences::URBAN_PLANNING,
    technology::MACHINE_LEARNING,
    humanities::LINGUISTICS,
    natural_sciences::CLIMATE_SCIENCE,
    social_sciences::BEHAVIOURAL_ECONOMICS,
    natural_sciences::NEUROSCIENCE,
    humanities::MUSIC_THEORY,
    technology::ENERGY_STORAGE,
    social_sciences::PUBLIC_HEALTH,
];
