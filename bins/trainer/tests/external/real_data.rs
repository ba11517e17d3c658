use std::path::PathBuf;

use docent_test_support::data_folder;

use crate::program::Place;

/// Returns the folder of the data set, which may be missing.
pub fn folder() -> PathBuf {
    data_folder().join("ml-latest-small")
}

pub fn the_small_movielens_set_goes_in_whole() {
    let place = Place::new();
    let summary = place.must(&["import", "movielens", &folder().display().to_string()]);
    assert!(summary.contains("resources:    9125 new"), "{summary}");
    assert!(summary.contains("interactions: 100004 new, 0 repeated, 0 known"), "{summary}");
    assert!(summary.contains("bad lines:    0"), "{summary}");
}
