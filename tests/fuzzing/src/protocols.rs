//! Files of evaluation protocols, which are downloaded.

use docent_formats::{
    AttributeFile, CiteulikeReader, LeaveOneOutFiles, LocalFiles, PerUserFile, RankingFiles, Reader,
    SequenceFile, SessionFiles,
    citeulike::{Articles, Parts, Split},
};

use crate::scratch::Scratch;

/// Line that separates the files of an input.
const SEPARATOR: &[u8] = b"\n%%\n";
/// Maximum number of records that are read of one input.
const MAX_RECORDS: usize = 20_000;

/// Reads files of evaluation protocols. The first byte selects the protocol, `a` the first one; the
/// lines `%%` separate the files of those that have several.
pub fn protocols(input: &[u8]) {
    let Some((&selector, content)) = input.split_first() else { return };
    let scratch = Scratch::new();
    let parts = parts(content);
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    match selector.wrapping_sub(b'a') % 7 {
        0 => {
            scratch.write("x.train.rating", part(0));
            scratch.write("x.test.rating", part(1));
            scratch.write("x.test.negative", part(2));
            let _refused = LeaveOneOutFiles::read(scratch.path());
        }
        1 => {
            let (train, test) = (scratch.write("train.txt", part(0)), scratch.write("test.txt", part(1)));
            let _refused = RankingFiles::read(&train, &test);
        }
        2 => {
            let _refused = SequenceFile::read(&scratch.write("sequences.txt", content));
        }
        3 => {
            let (train, test) = (scratch.write("train.csv", part(0)), scratch.write("test.csv", part(1)));
            let _refused = SessionFiles::read(&train, &test);
        }
        4 => {
            let _refused = AttributeFile::read(&scratch.write("attributes.json", content));
        }
        5 => {
            let _refused = PerUserFile::read(&scratch.write("users.csv", content));
        }
        _ => {
            let names =
                ["users.dat", "mult.dat", "vocabulary.dat", "tag-item.dat", "tags.dat", "citations.dat"];
            for (at, name) in names.into_iter().enumerate() {
                scratch.write(name, part(at));
            }
            scratch.write("cf-train-10-users.dat", part(0));
            scratch.write("cf-test-10-users.dat", part(1));
            if let Ok(reader) = CiteulikeReader::in_folder(scratch.path()) {
                for record in reader.records(&LocalFiles).take(MAX_RECORDS) {
                    drop(record);
                }
            }
            if let Ok(split) = Split::find(scratch.path(), 10) {
                let _refused = split.read(None);
            }
            if let Ok(articles) = Articles::read(scratch.path(), Parts::default()) {
                let _refused = articles.into_resources();
            }
        }
    }
}

fn parts(mut content: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some(at) = content.windows(SEPARATOR.len()).position(|bytes| bytes == SEPARATOR) {
        parts.push(&content[..=at]);
        content = &content[at + SEPARATOR.len()..];
    }
    parts.push(content);
    parts
}
