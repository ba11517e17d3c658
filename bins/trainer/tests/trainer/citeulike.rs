use crate::program::{Ended, Place};

/// Writes a set of two groups of users. Each group has 15 articles with their own words and tags,
/// which cite each other. Every user has two articles in training and eight to find; the last two
/// articles of a group are outside training.
fn place() -> Place {
    let place = Place::new();
    let mut files: [String; 6] = Default::default();
    let [train, test, words, tags, citations, one] = &mut files;
    for user in 0..40u32 {
        let first = user % 2 * 15;
        let own: Vec<u32> = (0..10).map(|at| (user / 2 * 3 + at * 4) % 15).collect();
        let (known, hidden): (Vec<u32>, Vec<u32>) =
            (own[..2].iter().map(|a| a % 13).collect(), own[2..].iter().chain(&[13, 14]).copied().collect());
        *train += &line(known.iter().map(|a| first + a));
        *one += &line(known.iter().take(1).map(|a| first + a));
        let rest = hidden.iter().filter(|a| !known.contains(a)).collect::<std::collections::BTreeSet<_>>();
        *test += &line(rest.into_iter().map(|a| first + a));
    }
    for article in 0..30u32 {
        let first = article / 15 * 15;
        let group = article / 15;
        *words += &format!("3 {}:2 {}:1 {}:1\n", group * 4, group * 4 + 1 + article % 3, 8);
        *citations += &line([first + (article + 1) % 15, first + (article + 4) % 15].into_iter());
    }
    for group in 0..2 {
        for tag in 0..3 {
            *tags += &line((0..15).filter(|a| a % 3 != tag).map(|a| group * 15 + a));
        }
    }
    place.write("data/cf-train-2-users.dat", train);
    place.write("data/cf-test-2-users.dat", &mut *test);
    place.write("data/cf-train-1-users.dat", one);
    place.write("data/cf-test-1-users.dat", &mut *test);
    place.write("data/mult.dat", words);
    place.write("data/vocabulary.dat", "xylem\nroot\nleaf\nstem\ngalaxy\nstar\nplanet\ncomet\nstudy\n");
    place.write("data/tag-item.dat", tags);
    place.write("data/tags.dat", "plants\nbotany\ngardens\nspace\nastronomy\ntelescopes\n");
    place.write("data/citations.dat", citations);
    place
}

fn line(ids: impl Iterator<Item = u32>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    format!("{} {}\n", ids.len(), ids.join(" "))
}

const EVALUATE: [&str; 4] = ["evaluate", "citeulike", "--data", "data"];

fn report(place: &Place) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(place.path("out.json")).unwrap()).unwrap()
}

#[test]
fn the_served_pipeline_completes_libraries_and_unseen_articles_are_measured_apart() {
    let place = place();
    let args = ["--per-user", "2", "--k", "6,12", "--json", "out.json", "--per-user-csv", "users.csv"];
    let printed = place.must(&[&EVALUATE[..], &args].concat());
    let report = report(&place);
    let users = crate::program::lines(&place.path("users.csv"));
    assert!(users[0].starts_with("user,model,recall@6,recall@12,warm_recall@6,"), "{}", users[0]);
    assert!(users[1].starts_with("0,popularity,"), "{}", users[1]);
    assert_eq!((&report["protocol"], &report["items"]), (&"citeulike".into(), &30.into()));
    let models = report["models"].as_array().unwrap();
    let names: Vec<&str> = models.iter().filter_map(|model| model["name"].as_str()).collect();
    assert_eq!(names, ["popularity", "itemknn", "als", "collaborative", "content", "graph", "hybrid"]);
    for model in models {
        let name = model["name"].as_str().unwrap();
        let metric = |name: &str| model["metrics"][name].as_f64().unwrap();
        assert!(printed.contains(name) && model["train_seconds"].is_number());
        assert!(model["parameters"].is_number() && model["score_seconds"].is_number());
        let recalls = [metric("recall@6"), metric("warm_recall@6"), metric("unseen_recall@12")];
        assert!(recalls.iter().all(|recall| (0.0..=1.0).contains(recall)), "{recalls:?}");
        // Each group has nine warm and six unseen articles. A good model ranks the articles of the
        // group that a user belongs to first.
        if ["content", "graph", "hybrid"].contains(&name) {
            assert!(metric("warm_recall@12") > 0.99 && metric("unseen_recall@6") > 0.99, "{name}: {model}");
        }
    }
}

#[test]
fn sources_that_are_left_out_are_neither_learned_nor_measured() {
    let place = place();
    let args = ["--per-user", "1", "--json", "out.json", "--without"];
    let skipped = |without: &str| {
        place.must(&[&EVALUATE[..], &args, &[without]].concat());
        let report = report(&place);
        assert!(report["data"].as_str().unwrap().contains(&without.replace(',', " and ")));
        let models = report["models"].as_array().unwrap();
        let skipped = models.iter().filter(|model| model["skipped"].is_string());
        skipped.map(|model| model["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(skipped("tags,citations"), [""; 0]);
    assert_eq!(skipped("text,tags"), ["content"]);
    assert_eq!(skipped("collaborative"), ["popularity", "itemknn", "als", "collaborative"]);
}

#[test]
fn files_of_words_tags_and_citations_may_be_absent() {
    let place = place();
    for name in ["mult.dat", "vocabulary.dat", "tags.dat"] {
        std::fs::remove_file(place.path("data").join(name)).unwrap();
    }
    let models = ["--per-user", "1", "--models", "content,graph,hybrid"];
    let printed = place.must(&[&EVALUATE[..], &models].concat());
    assert!(printed.contains("content") && !printed.contains("left out"), "{printed}");
}

#[test]
fn bad_input_is_reported_with_its_location_and_nothing_is_written() {
    let cases: [(&str, &str, &[&str], &[&str]); 12] = [
        ("unused", "", &["--per-user", "7"], &["--per-user 7", "cf-train-7-users.dat", "there is none"]),
        ("unused", "", &["--per-user", "0"], &["--per-user", "0"]),
        ("unused", "", &["--per-user", "2", "--k", "0"], &["--k", "1 or more"]),
        ("unused", "", &["--per-user", "2", "--without", "authors"], &["authors", "citations"]),
        ("unused", "", &["--per-user", "2", "--models", "svd"], &["svd", "popularity, itemknn", "hybrid"]),
        ("cf-train-2-users.dat", "1 4\n2 3\n", &[], &["cf-train-2-users.dat:2", "a count", "2 3"]),
        ("cf-train-2-users.dat", "1 30\n", &[], &["cf-train-2-users.dat:1", "0 to 29", "\"30\""]),
        ("cf-train-2-users.dat", "0\n", &[], &["cf-train-2-users.dat", "at least one article"]),
        ("cf-test-2-users.dat", "1 x\n", &[], &["cf-test-2-users.dat:1", "an article id", "\"x\""]),
        ("mult.dat", "1 0:1\n1 9:1\n", &[], &["mult.dat:2", "word of the vocabulary", "9:1"]),
        ("tag-item.dat", "2 1\n", &[], &["tag-item.dat:1", "a count"]),
        ("citations.dat", "1 99\n", &[], &["citations.dat:1", "0 to 29", "\"99\""]),
    ];
    for (file, content, args, expected) in cases {
        let place = place();
        place.write(&format!("data/{file}"), content);
        let args = if args.is_empty() { &["--per-user", "2"] } else { args };
        let ended: Ended = place.run(&[&EVALUATE[..], &["--json", "out.json"], args].concat());
        assert_eq!(ended.code, Some(1), "{file}: {content:?} {args:?}: {ended:?}");
        for part in expected {
            assert!(ended.said.contains(part), "{part}: {}", ended.said);
        }
        assert!(!place.path("out.json").exists());
    }
}
