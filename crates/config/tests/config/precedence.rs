use docent_config::{Config, Loader};

use crate::{Toml, load, load_variable};

#[test]
fn flags_win_over_variables_variables_over_the_file_and_the_file_over_the_defaults() {
    let toml = Toml::new("poll_seconds = 7\n\n[train]\nseed = 3\nholdout = 0.3");
    let loaded = toml.loader().load().unwrap();
    assert_eq!((loaded.config.poll_seconds, loaded.config.train.seed), (7, 3));
    assert_eq!(loaded.config.train.tolerance, Config::default().train.tolerance);

    let variables = [("DOCENT_POLL_SECONDS", "8"), ("DOCENT_TRAIN__SEED", "4")];
    let loaded = toml.loader().variables(variables).load().unwrap();
    assert_eq!((loaded.config.poll_seconds, loaded.config.train.seed), (8, 4));

    let loaded = toml.loader().variables(variables).flag("--seed", "train.seed", 5).load().unwrap();
    assert_eq!((loaded.config.poll_seconds, loaded.config.train.seed), (8, 5));
    let origins = ["train.seed", "poll_seconds", "train.holdout", "train.tolerance"]
        .map(|key| loaded.origin(key).to_string());
    let file = format!("{}:5", toml.path.display());
    assert_eq!(origins, ["--seed", "DOCENT_POLL_SECONDS", &file, "default"]);
}

#[test]
fn tables_are_merged_key_by_key() {
    let toml = Toml::new("[engine.weights]\ncontent = 0.5\n[engine.candidates]\nnew = 7");
    let loaded = toml.loader().variables([("DOCENT_ENGINE__CANDIDATES__GRAPH", "3")]).load().unwrap();
    let candidates = loaded.config.engine.candidates;
    assert_eq!((candidates.new, candidates.graph, candidates.popular), (7, 3, 100));
    assert_eq!(loaded.origin("engine.candidates.graph").to_string(), "DOCENT_ENGINE__CANDIDATES__GRAPH");
    assert_eq!(loaded.origin("engine.candidates.popular").to_string(), "default");
}

#[test]
fn a_variable_is_read_as_the_type_of_its_key() {
    for (name, value, key, expected) in [
        ("DOCENT_SNAPSHOTS", "2024", "engine.snapshots", "\"2024\""),
        ("DOCENT_DATABASE_URL", "sqlite:a,b.db", "engine.database_url", "\"sqlite:a,b.db\""),
        ("DOCENT_ENGINE__DATABASE_URL", "sqlite:x.db", "engine.database_url", "\"sqlite:x.db\""),
        ("DOCENT_BIND", "[::1]:0", "bind", "\"[::1]:0\""),
        ("DOCENT_INSECURE", "1", "insecure", "true"),
        ("DOCENT_INSECURE", "false", "insecure", "false"),
        ("DOCENT_ENGINE__EXPLORATION", "0", "engine.exploration", "0"),
        ("DOCENT_ENGINE__IMPRESSION_RETENTION_DAYS", "keep", "engine.impression_retention_days", "\"keep\""),
        ("DOCENT_ENGINE__IMPRESSION_RETENTION_DAYS", "99", "engine.impression_retention_days", "99"),
        (
            "DOCENT_ENGINE__INTERACTIONS__CUSTOM__SHARE",
            "0.85",
            "engine.interactions.custom",
            "{\"share\":0.85}",
        ),
        ("DOCENT_TRAIN__NCF__LAYERS", "[8, 4]", "train.ncf.layers", "[8,4]"),
        ("DOCENT_TRAIN__NCF__DEVICE", "wgpu", "train.ncf.device", "\"wgpu\""),
    ] {
        let loaded = load_variable(name, value).unwrap();
        let settings = loaded.settings();
        let setting = settings.iter().find(|setting| setting.key.path == key).unwrap();
        assert_eq!(setting.value.to_string(), expected, "{name}");
    }
}

#[test]
fn the_short_name_of_a_variable_wins_over_the_long_one() {
    for variables in [
        [("DOCENT_DATABASE_URL", "sqlite:short.db"), ("DOCENT_ENGINE__DATABASE_URL", "sqlite:long.db")],
        [("DOCENT_ENGINE__DATABASE_URL", "sqlite:long.db"), ("DOCENT_DATABASE_URL", "sqlite:short.db")],
    ] {
        let loaded = Loader::new().variables(variables).load().unwrap();
        assert_eq!(loaded.config.engine.database_url, "sqlite:short.db");
        assert_eq!(loaded.origin("engine.database_url").to_string(), "DOCENT_DATABASE_URL");
    }
}

#[test]
fn an_experiment_is_read_from_a_file() {
    let config = load(
        "[[engine.experiments]]\nname = 'diversity'\n\
         [[engine.experiments.variants]]\nname = 'a'\nshare = 0.5\n\
         [[engine.experiments.variants]]\nname = 'b'\nshare = 0.5\ndiversity = 0.7\nweights = { content = 1 }\n",
    )
    .unwrap();
    assert_eq!(config.engine.experiments.all().len(), 1);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Loader::new().file("no/such.toml").load().unwrap_err().to_string();
    assert!(error.starts_with("the configuration no/such.toml cannot be read: "), "{error}");
    let toml = Toml::new("bind = 'x'\nworkers = = 2");
    let error = toml.loader().load().unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}:2:11: ", toml.path.display())), "{error}");
}
