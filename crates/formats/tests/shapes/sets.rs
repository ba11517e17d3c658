//! Known sets in several files: archives, and properties over time.

use std::{io::Write, path::Path};

use docent_formats::{FileMapping, InputFile, KnownSet, LocalFiles, MappedReader, Reader, survey};

use crate::shown;

fn written(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn found(set: &str, path: &Path) -> Vec<InputFile> {
    KnownSet::named(set).unwrap().find(&[path.to_owned()], &FileMapping::default()).unwrap()
}

fn records(files: &[InputFile]) -> Vec<String> {
    let profiles = survey(files, &[], &LocalFiles);
    for profile in &profiles {
        assert_eq!(profile.faults, Vec::<String>::new());
    }
    let reader = MappedReader::new(profiles);
    reader.records(&LocalFiles).map(|located| shown(located.unwrap().record)).collect()
}

#[test]
fn retailrocket_with_the_newest_value_of_each_property() {
    let files: [(&str, &[u8]); 3] = [
        ("events.csv", b"timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n"),
        (
            "item_properties_part1.csv",
            b"timestamp,itemid,property,value\n1435460400000,460429,categoryid,1338\n\
              1431831600000,460429,categoryid,7\n1435460400000,460429,790,n32.000\n",
        ),
        (
            "item_properties_part2.csv",
            b"timestamp,itemid,property,value\n1433041200000,460429,available,0\n1433041200000,355,available,1\n",
        ),
    ];
    let folder = written(&files);
    let found = found("retailrocket", folder.path());
    assert!(MappedReader::new(survey(&found, &[], &LocalFiles)).has_partial_catalogue());
    assert_eq!(
        records(&found),
        [
            "355 [355] {\"available\":1}",
            "460429 [460429] {\"available\":0,\"categoryid\":1338}",
            "257597>355908 view 2015-06-02T05:02:12.117Z"
        ]
    );
}

#[test]
fn a_set_is_read_from_an_archive_of_its_files() {
    let films: &[u8] = b"movieId,title,genres\n1,Toy Story (1995),Adventure|Comedy\n";
    let ratings: &[u8] = b"userId,movieId,rating,timestamp\n1,1,4.5,1260759144\n";
    let members = [
        ("ml/movies.csv", films),
        ("ml/ratings.csv", ratings),
        ("ml/README.txt", b"x"),
        ("__MACOSX/x", b"x"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    let mut zip = zip::ZipWriter::new(std::fs::File::create(path("ml.zip")).unwrap());
    let mut plain = tar::Builder::new(Vec::new());
    for (name, content) in members {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        plain.append_data(&mut header, name, content).unwrap();
    }
    zip.finish().unwrap();
    let plain = plain.into_inner().unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&plain).unwrap();
    std::fs::write(path("ml.tar.gz"), packed.finish().unwrap()).unwrap();
    std::fs::write(path("ml.tar.zst"), zstd::encode_all(plain.as_slice(), 0).unwrap()).unwrap();
    std::fs::write(path("ml.tar"), &plain).unwrap();
    std::fs::write(path("cut.tar"), &plain[..1_600]).unwrap();

    for name in ["ml.zip", "ml.tar.gz", "ml.tar.zst", "ml.tar"] {
        let read = records(&found("movielens", &path(name)));
        assert_eq!(
            read,
            [
                "1 [Toy Story (1995)] on=Adventure+Comedy 1995-01-01",
                "1>1 rating rating=4.5 2009-12-14T02:52:24Z"
            ],
            "{name}"
        );
        let whole = InputFile { path: path(name), mapping: FileMapping::default(), stated: Vec::new() };
        let faults = survey(&[whole], &[], &LocalFiles).remove(0).faults.join("\n");
        assert!(faults.contains("a known set by its name or by `import auto`"), "{name}: {faults}");
    }
    let set = KnownSet::named("movielens").unwrap();
    let cut = set.find(&[path("cut.tar")], &FileMapping::default()).unwrap_err().to_string();
    assert!(cut.contains("the tar archive is damaged or incomplete"), "{cut}");
}
