use std::path::PathBuf;

use crate::program::Place;

#[test]
fn the_small_movielens_set_goes_in_whole() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("DOCENT_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let folder = data.join("ml-latest-small");
    if !folder.is_dir() {
        eprintln!("SKIPPED: {} is not there; set DOCENT_DATA", folder.display());
        return;
    }
    let place = Place::new();
    let summary = place.must(&["import", "movielens", &folder.display().to_string()]);
    assert!(summary.contains("resources:    9125 new"), "{summary}");
    assert!(summary.contains("interactions: 100004 new, 0 repeated, 0 known"), "{summary}");
    assert!(summary.contains("bad lines:    0"), "{summary}");
}
