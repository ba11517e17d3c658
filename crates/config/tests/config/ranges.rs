use docent_config::Config;

use crate::{Toml, load, load_variable};

#[test]
fn a_value_out_of_its_range_is_refused_with_key_line_and_range() {
    for (text, line, expected) in [
        ("poll_seconds = 0", 1, "poll_seconds: expected an integer of at least 1, got 0"),
        ("workers = 0", 1, "workers: expected an integer of at least 1, got 0"),
        (
            "request_timeout_seconds = 0",
            1,
            "request_timeout_seconds: expected an integer of at least 1, got 0",
        ),
        ("shutdown_timeout_seconds = -1", 1, "expected an integer of at least 0, got -1"),
        (
            "[access]\nmax_token_seconds = 5",
            2,
            "access.max_token_seconds: expected an integer from 60 to 86400",
        ),
        (
            "[access.token_keys]\nk1 = 's3cret'",
            2,
            "access.token_keys.k1: expected a secret of at least 32 bytes, got 6 bytes",
        ),
        ("[access.token_keys]\n'a b' = 's3cret'", 1, "access.token_keys: expected names of 1 to 64 letters"),
        ("[access.token_keys]\nk1 = 5", 2, "access.token_keys.k1: expected a string, got a number"),
        (
            "[access]\nallowed_origins = ['*']",
            2,
            "access.allowed_origins: expected origins such as https://shop.example",
        ),
        ("[access]\nallowed_origins = ['https://a.example/']", 2, "got \"https://a.example/\""),
        (
            "[access]\ntrusted_proxies = ['10.0.0.0/33']",
            2,
            "access.trusted_proxies: expected addresses or networks",
        ),
        (
            "[access.key_limit]\nrequests_per_minute = 0",
            2,
            "access.key_limit.requests_per_minute: expected an integer of at least 1",
        ),
        (
            "[engine]\nslow_query_seconds = -1",
            2,
            "engine.slow_query_seconds: expected a number above 0, got -1",
        ),
        ("[engine]\nslow_query_seconds = nan", 2, "engine.slow_query_seconds: expected a number above 0"),
        ("[engine]\nslow_query_seconds = inf", 2, "engine.slow_query_seconds: expected a number above 0"),
        ("[engine]\nimpression_queue = 0", 2, "engine.impression_queue: expected an integer of at least 1"),
        ("[engine]\nexploration = 1.5", 2, "engine.exploration: expected a number from 0 to 1, got 1.5"),
        (
            "[engine.candidates]\nnew = -1",
            2,
            "engine.candidates.new: expected an integer from 0 to 100000, got -1",
        ),
        (
            "[engine.interactions.custom]\nshare = 2",
            2,
            "engine.interactions.custom.share: expected a number from 0 to 1",
        ),
        ("[engine.weights]\ncontent = -1", 2, "engine.weights.content: expected a number of at least 0"),
        (
            "[engine]\nimpression_retention_days = 89",
            2,
            "engine.impression_retention_days: expected at least 90 days",
        ),
        ("[engine]\nimpression_retention_days = 'never'", 2, "got \"never\""),
        ("[train]\nholdout = 2", 2, "train.holdout: expected a number above 0 and below 1, got 2"),
        ("[train]\nholdout = -1", 2, "train.holdout: expected a number above 0 and below 1, got -1"),
        ("[train]\ntolerance = 1.5", 2, "train.tolerance: expected a number from 0 to 1, got 1.5"),
        ("[train.als]\ndim = 0", 2, "train.als.dim: expected an integer from 1 to 4096, got 0"),
        (
            "[train.low_rank_als]\nsweeps = 0",
            2,
            "train.low_rank_als.sweeps: expected an integer of at least 1",
        ),
        (
            "[train.als]\nunobserved_weight = 0",
            2,
            "train.als.unobserved_weight: expected a number above 0 and at most 1",
        ),
        ("[train.ncf]\nbatch_size = 1", 2, "train.ncf.batch_size: expected an integer of at least 2, got 1"),
        (
            "[train.ncf]\nlayers = []",
            2,
            "train.ncf.layers: expected an array of at least 1 elements, got an empty array",
        ),
        ("[train.ncf]\nlayers = [8, 0]", 2, "train.ncf.layers[1]: expected an integer of at least 1, got 0"),
        (
            "[train.ncf]\ndropout = 1",
            2,
            "train.ncf.dropout: expected a number of at least 0 and below 1, got 1",
        ),
        ("[train.knn]\nneighbors = 0", 2, "train.knn.neighbors: expected an integer of at least 1, got 0"),
        ("[train.ease]\nl2 = 0", 2, "train.ease.l2: expected a number above 0, got 0"),
        ("[train.lsa]\ndim = 5000", 2, "train.lsa.dim: expected an integer from 1 to 4096, got 5000"),
        (
            "[train.embedder]\nkind = 'http'\nbase_url = 'x'\nmodel = 'm'\nattempts = 0",
            5,
            "train.embedder.attempts: expected an integer from 1 to 20",
        ),
        (
            "[[engine.experiments]]\nname = 'e'\nvariants = [{name = 'a', share = 2}, {name = 'b', share = 0.1}]",
            1,
            "engine.experiments[0].variants[0].share: expected a number above 0 and at most 1, got 2",
        ),
        (
            "[[engine.experiments]]\nname = 'e'\nvariants = [{name = 'a', share = 0.9}, {name = 'b', share = 0.9}]",
            1,
            "a sum of at most 1",
        ),
    ] {
        let toml = Toml::new(text);
        let error = toml.loader().load().map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        let prefix = format!("{}:{line}: ", toml.path.display());
        assert!(error.starts_with(&prefix), "{text}: {error}");
    }
}

#[test]
fn a_value_of_another_type_is_refused_with_what_was_expected() {
    for (text, expected) in [
        ("poll_seconds = 'often'", "poll_seconds: expected an integer of at least 1, got \"often\""),
        ("poll_seconds = 1.5", "poll_seconds: expected an integer of at least 1, got 1.5"),
        ("insecure = 'yes'", "insecure: expected true or false, got \"yes\""),
        ("bind = 8080", "bind: expected a string, got 8080"),
        ("engine = 3", "engine: expected a table, got 3"),
        (
            "[engine.candidates]\nnew = {}",
            "engine.candidates.new: expected an integer from 0 to 100000, got a table",
        ),
        (
            "[train.ncf]\nloss = 'mse'",
            "train.ncf.loss: expected \"bce\", \"bpr\" or \"sampled_softmax\", got \"mse\"",
        ),
        ("[train.ncf]\nlayers = 8", "train.ncf.layers: expected an array"),
        (
            "[train.embedder]\nkind = 'bert'",
            "train.embedder.kind: expected \"lsa\", \"sentence_transformer\" or \"http\"",
        ),
        (
            "[train.embedder]\nkind = 'http'\nmodel = 'm'",
            "train.embedder.base_url: expected a string, got nothing",
        ),
    ] {
        let error = load(text).map(|_| ()).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = load_variable("DOCENT_ENGINE__WEIGHTS", "3").map(|_| ()).unwrap_err();
    assert_eq!(error, "DOCENT_ENGINE__WEIGHTS: engine.weights: expected a table, got 3");
}

#[test]
fn weights_that_are_all_zero_are_refused() {
    let zero =
        ["collaborative", "content", "graph", "quality", "recency"].map(|name| format!("{name} = 0\n"));
    let error = load(&format!("[engine.weights]\n{}", zero.concat())).map(|_| ()).unwrap_err();
    assert!(error.contains("docent.toml:1: engine.weights: expected a sum greater than 0"), "{error}");
}

#[test]
fn a_variable_out_of_its_range_is_refused_by_its_name() {
    for (name, value, expected) in [
        (
            "DOCENT_WORKERS",
            "many",
            "DOCENT_WORKERS: workers: expected an integer of at least 1, got \"many\"",
        ),
        ("DOCENT_TRAIN__HOLDOUT", "2", "DOCENT_TRAIN__HOLDOUT: train.holdout: expected a number above 0"),
        ("DOCENT_INSECURE", "perhaps", "DOCENT_INSECURE: insecure: expected true or false, got \"perhaps\""),
    ] {
        let error = load_variable(name, value).map(|_| ()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_configuration_made_in_code_is_checked_too() {
    assert!(Config::default().check().is_ok());
    let mut config = Config::default();
    config.engine.slow_query_seconds = -1.0;
    let error = config.check().unwrap_err().to_string();
    assert_eq!(error, "engine.slow_query_seconds: expected a number above 0, got -1.0");
    let mut config = Config::default();
    config.train.holdout = 2.0;
    assert!(config.check().unwrap_err().to_string().starts_with("train.holdout: expected"));
}

#[test]
fn no_error_shows_a_password() {
    for text in [
        "[engine]\ndatabase_url = \"postgres://docent:s3cret@localhost/docent\n",
        "database_url = \"postgres://docent:s3cret@localhost/docent\"\n",
        "[engine]\ndatabase_url = [\"postgres://docent:s3cret@localhost/docent\"]\n",
        "poll_seconds = \"postgres://docent:s3cret@localhost/docent\"\n",
        "[train.ncf]\nloss = \"postgres://docent:s3cret@localhost/docent\"\n",
    ] {
        let error = load(text).map(|_| ()).unwrap_err();
        assert!(error.contains("docent.toml:") && !error.contains("s3cret"), "{text}: {error}");
    }
}
