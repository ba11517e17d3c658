//! Files to import, of any layout.

use docent_domain::{Interaction, InteractionRules};
use docent_formats::{FileMapping, InputFile, KNOWN_SETS, LocalFiles, MappedReader, Reader, Record, survey};

use crate::scratch::Scratch;

/// Names of files, which select the mapping of a known set or none.
const NAMES: [&str; 26] = [
    "a",
    "events.csv",
    "events.jsonl",
    "events.parquet",
    "events.json.gz",
    "events.zip",
    "events.tar.zst",
    "ratings.csv",
    "movies.csv",
    "ratings.dat",
    "u.data",
    "u.item",
    "BX-Book-Ratings.csv",
    "BX-Books.csv",
    "item_properties_part1.csv",
    "steam-200k.csv",
    "user_artists.dat",
    "artists.dat",
    "usersha1-artmbid-artname-plays.tsv",
    "yelp_academic_dataset_review.json",
    "yelp_academic_dataset_business.json",
    "books.inter",
    "books.item",
    "feedback.jsonl",
    "meta_Books.json",
    "Books.json",
];
/// Maximum number of records that are read of one input: compressed ones expand.
const MAX_RECORDS: usize = 20_000;

/// Surveys a file and reads its records, by the mappings of the known sets and by none. The first
/// byte selects the name of the file, `a` the first one.
///
/// A file without faults can be read to its end, and what is stored of its interactions is finite.
pub fn import(input: &[u8]) {
    let Some((&selector, content)) = input.split_first() else { return };
    let name = NAMES[usize::from(selector.wrapping_sub(b'a')) % NAMES.len()];
    let scratch = Scratch::new();
    let path = scratch.write(name, content);
    let unmapped = InputFile { path: path.clone(), mapping: FileMapping::default(), stated: Vec::new() };
    let mut inputs = vec![vec![unmapped]];
    for set in KNOWN_SETS {
        inputs.extend(set.find(std::slice::from_ref(&path), &FileMapping::default()).ok());
    }
    let rules = InteractionRules::default();
    for files in inputs {
        let profiles = survey(&files, &["share".to_owned()], &LocalFiles);
        if profiles.iter().any(|profile| !profile.faults.is_empty()) {
            continue;
        }
        for located in MappedReader::new(profiles).records(&LocalFiles).take(MAX_RECORDS) {
            match located.map(|located| located.record) {
                Ok(Record::Interaction(new)) => {
                    if let Ok(stored) = Interaction::first(&new, &rules) {
                        assert!(stored.confidence().is_finite(), "{new:?}");
                    }
                }
                Ok(Record::Resource { resource, .. }) => {
                    let _refused = resource.check();
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
}
