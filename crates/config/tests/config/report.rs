use docent_config::{Loader, keys, to_toml};

use crate::Toml;

#[test]
fn the_report_shows_value_default_meaning_and_source_of_every_key() {
    let toml = Toml::new("bind = '127.0.0.1:9000'\n[engine]\nexploration = 0.125");
    let loaded = toml.loader().variables([("DOCENT_WORKERS", "3")]).flag("--seed", "train.seed", 5).load();
    let text = to_toml(&loaded.unwrap().settings());
    let file = toml.path.display();
    for expected in [
        format!(
            "# Type: string. Default: \"127.0.0.1:8080\".\nbind = \"127.0.0.1:9000\"  # from: {file}:1\n"
        ),
        format!("\nengine.exploration = 0.125  # from: {file}:3\n"),
        "\nworkers = 3  # from: DOCENT_WORKERS\n".to_owned(),
        "\ntrain.seed = 5  # from: --seed\n".to_owned(),
        "\ntrain.als.sweeps = 12  # from: default\n".to_owned(),
        "\n# train.als.regularization is unset\n".to_owned(),
        "\n# engine.sentence_transformer is unset\n".to_owned(),
        "\n# Address that the server listens on".to_owned(),
    ] {
        assert!(format!("\n{text}").contains(&expected), "{expected}\n{text}");
    }
    assert!(!text.contains("train.embedder.base_url"), "keys of another embedder do not apply");
}

#[test]
fn the_report_can_be_loaded_as_a_file() {
    let toml = Toml::new(
        "[engine.interactions.custom]\nshare = 0.85\n'a b' = 0.5\n\
         [[engine.experiments]]\nname = 'e'\nvariants = [{name = 'a', share = 0.5}, {name = 'b', share = 0.5}]\n\
         [train.embedder]\nkind = 'http'\nbase_url = 'http://h/v1'\nmodel = 'm\"1'\n",
    );
    let loaded = toml.loader().load().unwrap();
    let again = Toml::new(&to_toml(&loaded.settings())).loader().load().unwrap();
    assert_eq!(again.config, loaded.config);
}

#[test]
fn the_report_shows_no_password() {
    let url = "postgres://docent:s3cret@localhost/docent";
    let loaded = Loader::new().variables([("DOCENT_DATABASE_URL", url)]).load().unwrap();
    let settings = loaded.settings();
    let json: Vec<String> = settings.iter().map(|setting| setting.value.to_string()).collect();
    let shown = to_toml(&settings) + &json.concat();
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("postgres://docent:***@localhost/docent"), "{shown}");
}

#[test]
fn the_report_and_debug_output_show_no_signing_secret() {
    let toml = Toml::new("[access.token_keys]\n'2026-01' = 's3cret of the file, with 32 bytes'\n");
    let variable = ("DOCENT_ACCESS__TOKEN_KEYS__K2", "s3cret of a variable, with 32 bytes");
    let loaded = toml.loader().variables([variable]).load().unwrap();
    assert_eq!(loaded.config.access.token_keys.len(), 2);
    let settings = loaded.settings();
    let json: Vec<String> = settings.iter().map(|setting| setting.value.to_string()).collect();
    let shown = to_toml(&settings) + &json.concat() + &format!("{:?}", loaded.config);
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("access.token_keys = { 2026-01 = \"***\", k2 = \"***\" }"), "{shown}");
}

#[test]
fn every_key_has_a_meaning_and_a_type() {
    for key in keys() {
        assert!(key.meaning.len() > 10, "{key:?}");
        assert!(!key.meaning.contains("[`") && key.kind != "table", "{key:?}");
    }
}
