use crate::{Toml, load, load_variable};

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_known_key() {
    for (text, line, expected) in [
        ("bnid = 'x'", 1, "unknown key bnid; did you mean bind?"),
        ("\npoll_secnds = 7", 2, "unknown key poll_secnds; did you mean poll_seconds?"),
        ("[tarin]\nseed = 7", 1, "unknown key tarin; did you mean train?"),
        (
            "[engine]\ndatabse_url = 'x'",
            2,
            "unknown key engine.databse_url; did you mean engine.database_url?",
        ),
        ("database_url = 'x'", 1, "unknown key database_url; did you mean engine.database_url?"),
        ("[train]\nexploration = 0.1", 2, "unknown key train.exploration; did you mean engine.exploration?"),
        ("[train.als]\ndims = 8", 2, "unknown key train.als.dims; did you mean train.als.dim?"),
        ("[train]\nals = { dims = 8 }", 2, "unknown key train.als.dims; did you mean train.als.dim?"),
        ("train.als.dims = 8", 1, "unknown key train.als.dims; did you mean train.als.dim?"),
        ("[engine.interactions]\ncustoms = {}", 2, "did you mean engine.interactions.custom?"),
        ("[engine.weights]\ncontents = 1", 2, "did you mean engine.weights.content?"),
        ("[train.embedder]\nkind = 'http'\nbase_urls = 'x'", 3, "did you mean train.embedder.base_url?"),
        ("[[engine.experiments]]\nname = 'a'\nvariant = []", 1, "unknown key engine.experiments[0].variant"),
        ("[train]\nfortytwo = 1", 2, "unknown key train.fortytwo"),
    ] {
        let toml = Toml::new(text);
        let error = toml.loader().load().unwrap_err().to_string();
        let prefix = format!("{}:{line}: ", toml.path.display());
        assert!(error.starts_with(&prefix), "{text}: {error}");
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_key_that_resembles_no_other_gets_no_suggestion() {
    let error = load("xylophone = 1").unwrap_err();
    assert!(error.ends_with("unknown key xylophone"), "{error}");
}

#[test]
fn a_variable_of_an_unknown_key_in_a_table_is_refused() {
    for (name, expected) in [
        ("DOCENT_ENGINE__DATABSE", "DOCENT_ENGINE__DATABSE: unknown key engine.databse"),
        ("DOCENT_TARIN__SEED", "DOCENT_TARIN__SEED: unknown key tarin"),
        ("DOCENT_A__B", "DOCENT_A__B: unknown key a"),
        ("DOCENT_TRAIN__ALS__DIMS", "did you mean train.als.dim?"),
    ] {
        let error = load_variable(name, "1").unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn another_unknown_variable_is_warned_about_by_its_name_alone() {
    let loaded = load_variable("DOCENT_DATABASE_URI", "postgres://u:s3cret@h/d").unwrap();
    assert_eq!(loaded.warnings(), ["unknown environment variable DOCENT_DATABASE_URI; it has no effect"]);
    for known in ["DOCENT_CONFIG", "DOCENT_LOG", "DOCENT_BACKUPS", "DOCENT_METRICS_FILE", "PATH"] {
        assert_eq!(load_variable(known, "x").unwrap().warnings(), [""; 0], "{known}");
    }
}

#[test]
fn the_key_of_an_embedder_may_be_in_a_variable_of_any_name() {
    let toml = Toml::new(
        "[train.embedder]\nkind = 'http'\nbase_url = 'http://h/v1'\nmodel = 'm'\nkey_env = 'DOCENT_KEY'",
    );
    let loaded = toml.loader().variables([("DOCENT_KEY", "s3cret")]).load().unwrap();
    assert_eq!(loaded.warnings(), [""; 0]);
}

#[test]
fn former_names_are_read_with_a_warning() {
    let toml = Toml::new("[train.broad_als]\ndim = 32\n[train.ease]\nmost_weights = 7");
    let loaded = toml.loader().load().unwrap();
    assert_eq!(loaded.config.train.low_rank_als.dim, 32);
    assert_eq!(loaded.config.train.ease.max_weights, Some(7));
    assert_eq!(loaded.origin("train.low_rank_als.dim").to_string(), format!("{}:2", toml.path.display()));
    let [als, ease] = loaded.warnings() else { panic!("{:?}", loaded.warnings()) };
    assert!(als.contains("docent.toml:1: train.broad_als is now called train.low_rank_als"), "{als}");
    assert!(ease.contains("docent.toml:4: train.ease.most_weights"), "{ease}");

    let loaded = load_variable("DOCENT_TRAIN__BROAD_ALS__DIM", "16").unwrap();
    assert_eq!(loaded.config.train.low_rank_als.dim, 16);
    assert_eq!(loaded.warnings().len(), 1);
}

#[test]
fn one_source_may_not_use_both_names() {
    let error = load("[train.broad_als]\ndim = 32\n[train.low_rank_als]\nsweeps = 3").unwrap_err();
    assert!(error.contains("train.broad_als: expected only its current name"), "{error}");
}
