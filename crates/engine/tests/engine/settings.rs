//! Settings that are out of range, and a folder without models.

use std::{
    io::Write,
    sync::{Arc, LazyLock, Mutex},
};

use docent_engine::{CandidateCounts, Engine, EngineConfig, Error};
use tracing_subscriber::fmt::MakeWriter;

#[tokio::test]
async fn a_setting_out_of_range_is_refused_by_its_key_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig { slow_query_seconds: -1.0, ..EngineConfig::in_folder(folder.path()) };
    let Err(Error::InvalidInput(input)) = Engine::open(config).await else { panic!("it was opened") };
    assert_eq!(input.to_string(), "engine.slow_query_seconds: expected above 0, got -1");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn every_setting_out_of_range_is_refused_by_its_key() {
    assert_eq!(EngineConfig::default().check(), Ok(()));
    let mut refused = vec![
        ("engine.database_url", EngineConfig { database_url: " ".into(), ..EngineConfig::default() }),
        ("engine.answers_at_once", EngineConfig { answers_at_once: Some(0), ..EngineConfig::default() }),
        ("engine.cached_users", EngineConfig { cached_users: 0, ..EngineConfig::default() }),
        ("engine.impression_queue", EngineConfig { impression_queue: 0, ..EngineConfig::default() }),
    ];
    for slow_query_seconds in [-1.0, 0.0, f64::NAN, f64::INFINITY] {
        let config = EngineConfig { slow_query_seconds, ..EngineConfig::default() };
        refused.push(("engine.slow_query_seconds", config));
    }
    let candidates = CandidateCounts { graph: 100_001, ..CandidateCounts::default() };
    refused.push(("engine.candidates.graph", EngineConfig { candidates, ..EngineConfig::default() }));
    for (key, config) in refused {
        let error = config.check().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{key}: expected")), "{error}");
    }
}

/// Log output in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Returns the lines that opening an engine logs about a missing model in its folder.
///
/// The log is that of the whole process: a subscriber of one thread misses lines whose first caller
/// was another thread without one.
async fn logged(config: EngineConfig) -> Vec<String> {
    static LOG: LazyLock<Log> = LazyLock::new(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    });
    let missing = format!("no model in {}; serving without one", config.snapshots.display());
    let before = LOG.text().lines().count();
    Engine::open(config).await.unwrap().close().await.unwrap();
    let text = LOG.text();
    text.lines().skip(before).filter(|line| line.contains(&missing)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_missing_folder_of_models_is_logged_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig::in_folder(folder.path());
    let warnings = logged(config.clone()).await;
    assert!(warnings.len() == 1 && warnings[0].contains("WARN"), "{warnings:?}");
    std::fs::create_dir_all(&config.snapshots).unwrap();
    assert!(logged(config).await.is_empty());
}
