//! What anyone who embeds the engine may rely on.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod embedders;
mod feedback;
mod requests;
mod upkeep;

use std::{collections::HashSet, fs, ops::ControlFlow, path::Path};

use chrono::{TimeDelta, Utc};
use docent::{
    Answer, Degradation, Engine, EngineConfig, Error, Feedback, InteractionType, Link, NewInteraction,
    Preference, Profile, Reason, RecommendRequest, Recorded, Reloaded, Resource, ResourceId, RunStatus,
    Signals, SnapshotError, Strategy, TrainConfig, TrainError, TrainEvent, TrainObserver, Trainer, UserId,
};
use docent_tests::Postgres;
use tempfile::TempDir;

const SUBJECTS: [&str; 4] = ["astronomy", "gardening", "sailing", "pottery"];
const BOOKS: usize = 80;

struct Library {
    folder: TempDir,
    engine: Engine,
}

impl Library {
    async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = EngineConfig::in_folder(folder.path());
        Self { engine: Engine::open(config).await.unwrap(), folder }
    }

    async fn empty_on_postgresql(database: &Postgres) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = EngineConfig { database_url: database.url(), ..EngineConfig::in_folder(folder.path()) };
        Self { engine: Engine::open(config).await.unwrap(), folder }
    }

    /// Eighty books on four subjects, none of them read.
    async fn unread() -> Self {
        Self::empty().await.shelved().await
    }

    async fn shelved(self) -> Self {
        self.engine.ingest((0..BOOKS).map(book).collect()).await.unwrap();
        self
    }

    /// Forty readers who keep to one subject each.
    async fn read() -> Self {
        Self::unread().await.lent().await
    }

    async fn lent(self) -> Self {
        for reader in 0..40 {
            let read: Vec<NewInteraction> = (0..BOOKS)
                .filter(|n| n % 4 == reader % 4 && (n / 4 * 7 + reader * 3) % 5 < 3)
                .map(|n| like(&format!("reader-{reader}"), &format!("book-{n}"), n as i64))
                .collect();
            self.engine.record(&read, None).await.unwrap();
        }
        self
    }

    async fn trained() -> Self {
        Self::read().await.with_model().await
    }

    async fn with_model(self) -> Self {
        self.train().await;
        assert!(matches!(self.engine.reload().await.unwrap(), Reloaded::Swapped(_)));
        self
    }

    fn train_config(&self) -> TrainConfig {
        let mut config = TrainConfig::default();
        config.als.dim = 8;
        config.ncf.layers = vec![16, 8];
        config.ncf.epochs = 2;
        config
    }

    fn trainer(&self) -> Trainer {
        Trainer::with_store(self.engine.store().clone(), self.snapshots(), self.train_config())
    }

    async fn train(&self) -> String {
        self.trainer().run(Box::new(())).await.unwrap().published.unwrap()
    }

    async fn ask(&self, user: &str) -> Answer {
        self.engine.recommend(request(user)).await.unwrap()
    }

    fn snapshots(&self) -> &Path {
        &self.engine.config().snapshots
    }
}

fn book(n: usize) -> Resource {
    let subject = SUBJECTS[n % 4];
    let mut book =
        Resource::new(id(&format!("book-{n}")), format!("{subject} for beginners, part {}", n / 4));
    book.text = format!("Everything about {subject}: a friendly guide with pictures.");
    book.subjects = vec![subject.to_owned()];
    book.authors = vec![format!("author of {subject} {}", n % 3)];
    book.source = Some(format!("press-{}", n % 2));
    book
}

fn id(id: &str) -> ResourceId {
    id.parse().unwrap()
}

fn user(id: &str) -> UserId {
    id.parse().unwrap()
}

fn like(who: &str, what: &str, minutes: i64) -> NewInteraction {
    NewInteraction {
        user_id: user(who),
        resource_id: id(what),
        interaction_type: InteractionType::CollectionAdd,
        signals: Signals::default(),
        at: Utc::now() - TimeDelta::days(1) + TimeDelta::minutes(minutes),
    }
}

fn dismiss(who: &str, what: &str) -> NewInteraction {
    NewInteraction { interaction_type: InteractionType::Dismiss, ..like(who, what, 0) }
}

fn request(who: &str) -> RecommendRequest {
    RecommendRequest::new(user(who))
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer.recommendations.iter().map(|r| r.resource_id.as_str()).collect()
}

fn subject_share(answer: &Answer, subject: usize) -> f64 {
    let of_subject =
        |id: &&str| id.trim_start_matches("book-").parse::<usize>().is_ok_and(|n| n % 4 == subject);
    ids(answer).iter().copied().filter(of_subject).count() as f64 / answer.recommendations.len() as f64
}

#[tokio::test]
async fn a_new_user_of_a_full_catalogue_gets_a_full_diverse_list() {
    for library in [Library::unread().await, Library::trained().await] {
        let answer = library.ask("nobody").await;
        assert_eq!(answer.recommendations.len(), 20);
        assert!(answer.is_cold_start && answer.interaction_count == 0);
        for subject in 0..SUBJECTS.len() {
            assert!(subject_share(&answer, subject) < 0.6, "{:?}", ids(&answer));
        }
    }
}

#[tokio::test]
async fn an_empty_catalogue_gives_an_empty_list_and_asking_writes_nothing() {
    let library = Library::empty().await;
    assert!(library.ask("nobody").await.recommendations.is_empty());
    assert_eq!(library.engine.profile(&user("nobody")).await.unwrap(), Profile::default());
    assert_eq!(library.engine.store().counts().await.unwrap().users, 0);
}

#[tokio::test]
async fn without_a_model_content_carries_the_answer_and_the_answer_says_so() {
    let library = Library::read().await;
    let answer = library.ask("reader-1").await;
    assert!(answer.degraded.contains(&Degradation::NoModel));
    assert!(answer.recommendations.iter().all(|r| r.scores.collaborative.is_none()));
    let top = Answer { recommendations: answer.recommendations[..5].to_vec(), ..answer };
    assert!(subject_share(&top, 1) > 0.7, "{:?}", ids(&top));
}

#[tokio::test]
async fn a_trained_model_knows_who_likes_what() {
    knows_who_likes_what(&Library::trained().await).await;
}

#[tokio::test]
async fn a_model_trained_on_postgresql_knows_it_too() {
    let Some(database) = Postgres::start().await.unwrap() else {
        eprintln!("SKIPPED, no PostgreSQL here: a_model_trained_on_postgresql_knows_it_too");
        return;
    };
    let library =
        Library::empty_on_postgresql(&database).await.shelved().await.lent().await.with_model().await;
    knows_who_likes_what(&library).await;
    let before = subject_share(&library.ask("ada").await, 2);
    for n in [2, 6, 10, 14, 18] {
        library.engine.record(&[like("ada", &format!("book-{n}"), n)], None).await.unwrap();
    }
    assert!(subject_share(&library.ask("ada").await, 2) > before + 0.2);
    library.engine.close().await.unwrap();
}

async fn knows_who_likes_what(library: &Library) {
    for reader in [0, 5, 10, 15] {
        let ask = RecommendRequest {
            limit: 5,
            diversity: Some(Preference::new("diversity", 0.0).unwrap()),
            ..request(&format!("reader-{reader}"))
        };
        let answer = library.engine.recommend(ask).await.unwrap();
        assert!(subject_share(&answer, reader % 4) > 0.9, "reader {reader}: {:?}", ids(&answer));
        assert!(answer.recommendations.iter().all(|r| !r.reasons.is_empty()));
    }
}

#[tokio::test]
async fn what_was_liked_dismissed_hidden_excluded_or_deleted_is_never_recommended() {
    let library = Library::trained().await;
    let engine = &library.engine;
    engine.record(&[like("ada", "book-0", 0), dismiss("ada", "book-4")], None).await.unwrap();
    engine.ingest(vec![Resource { hidden: true, ..book(8) }]).await.unwrap();
    assert!(engine.delete_resource(&id("book-12")).await.unwrap());
    let sources = Profile { excluded_sources: vec!["press-1".into()], ..Profile::default() };
    engine.put_profile(&user("ada"), &sources).await.unwrap();
    let mut ask = RecommendRequest { limit: 100, exclude: vec![id("book-16")], ..request("ada") };
    for strategy in Strategy::ALL {
        ask.strategy = strategy;
        let answer = engine.recommend(ask.clone()).await.unwrap();
        let found: HashSet<&str> = ids(&answer).into_iter().collect();
        assert_eq!(found.len(), answer.recommendations.len(), "no duplicates");
        for never in ["book-0", "book-4", "book-8", "book-12", "book-16"] {
            assert!(!found.contains(never), "{strategy}: {never}");
        }
        assert!(found.iter().all(|id| id.trim_start_matches("book-").parse::<usize>().unwrap() % 2 == 0));
        assert_eq!(found.len(), BOOKS / 2 - 5, "{strategy}: everything else is there");
    }
    ask.include_seen = true;
    let seen = engine.recommend(ask).await.unwrap();
    assert!(ids(&seen).contains(&"book-0") && !ids(&seen).contains(&"book-4"));
}

#[tokio::test]
async fn an_interaction_changes_the_very_next_answer() {
    let library = Library::trained().await;
    let before = subject_share(&library.ask("ada").await, 2);
    for n in [2, 6, 10, 14, 18] {
        library.engine.record(&[like("ada", &format!("book-{n}"), n)], None).await.unwrap();
    }
    let answer = library.ask("ada").await;
    assert!(!answer.is_cold_start && answer.interaction_count == 5);
    assert!(subject_share(&answer, 2) > before + 0.2, "{before} {:?}", ids(&answer));
}

#[tokio::test]
async fn a_resource_of_a_second_ago_is_found_by_content_and_by_links() {
    let library = Library::trained().await;
    let engine = &library.engine;
    engine.record(&[like("ada", "book-3", 0), like("ada", "book-7", 1)], None).await.unwrap();
    let mut fresh = Resource::new(id("fresh"), "Pottery glazes from wood ash");
    fresh.subjects = vec!["pottery".into()];
    let mut linked = Resource::new(id("linked"), "Kilns");
    linked.links = vec![Link { target: id("book-3"), kind: "citation".into(), weight: 1.0 }];
    engine.ingest(vec![fresh, linked]).await.unwrap();

    let content = RecommendRequest { strategy: Strategy::Content, ..request("ada") };
    let answer = engine.recommend(content).await.unwrap();
    assert!(ids(&answer).contains(&"fresh"), "{:?}", ids(&answer));
    let graph = RecommendRequest { strategy: Strategy::Graph, ..request("ada") };
    let answer = engine.recommend(graph).await.unwrap();
    let found = answer.recommendations.iter().find(|r| r.resource_id.as_str() == "linked").unwrap();
    assert!(found.reasons.contains(&Reason::Cites { resource: id("book-3") }), "{:?}", found.reasons);
    let answer = engine.recommend(RecommendRequest { limit: 100, ..request("ada") }).await.unwrap();
    let fresh = answer.recommendations.iter().find(|r| r.resource_id.as_str() == "fresh").unwrap();
    assert_eq!((fresh.scores.collaborative, fresh.scores.graph), (None, None));
    assert!(fresh.scores.content.is_some());
    let similar = engine.similar(&id("fresh"), 5).await.unwrap();
    assert!(similar[0].title.starts_with("pottery"), "{similar:?}");
}

#[tokio::test]
async fn a_link_may_arrive_before_its_target() {
    let library = Library::empty().await;
    let mut early = Resource::new(id("early"), "A paper");
    early.links = vec![Link { target: id("late"), kind: "citation".into(), weight: 1.0 }];
    library.engine.ingest(vec![early]).await.unwrap();
    assert_eq!(library.engine.status().edges, 0);
    library.engine.ingest(vec![Resource::new(id("late"), "What it cites")]).await.unwrap();
    assert_eq!(library.engine.status().edges, 1);
    let similar = library.engine.similar(&id("late"), 5).await.unwrap();
    assert!(similar[0].reasons.contains(&Reason::Cites { resource: id("late") }), "{similar:?}");
}

#[tokio::test]
async fn links_of_too_many_kinds_keep_no_resource_out() {
    let library = Library::empty().await;
    let mut busy = Resource::new(id("busy"), "Linked in every way");
    let link = |n: usize| Link { target: id("target"), kind: format!("kind_{n}"), weight: 1.0 };
    busy.links = (0..300).map(link).collect();
    let target = Resource::new(id("target"), "What it links to");
    library.engine.ingest(vec![target, busy]).await.unwrap();
    library.engine.ingest(vec![Resource::new(id("later"), "Another")]).await.unwrap();
    let status = library.engine.status();
    assert_eq!((status.resources, status.edges), (3, 256));

    let library = library.shelved().await.lent().await.with_model().await;
    let status = library.engine.status();
    assert!(status.resources == BOOKS + 3 && status.edges > 255, "{status:?}");
}

#[tokio::test]
async fn preferences_of_zero_are_applied_as_zero() {
    let library = Library::trained().await;
    let zero = Preference::new("zero", 0.0).unwrap();
    let none = Profile { diversity_preference: zero, novelty_preference: zero, ..Profile::default() };
    library.engine.put_profile(&user("ada"), &none).await.unwrap();
    let answer = library.ask("ada").await;
    assert_eq!((answer.diversity, answer.novelty), (0.0, 0.0));
}

#[tokio::test]
async fn a_collaborative_request_of_a_newcomer_is_answered_by_the_hybrid_and_says_so() {
    let library = Library::trained().await;
    let ask = RecommendRequest { strategy: Strategy::Collaborative, ..request("nobody") };
    let answer = library.engine.recommend(ask).await.unwrap();
    assert_eq!(answer.strategy, Strategy::Hybrid);
    assert!(answer.degraded.contains(&Degradation::ColdStartHybrid));
}

#[tokio::test]
async fn domains_of_a_newcomer_shape_their_first_answer() {
    let library = Library::trained().await;
    let sailor = Profile { research_domains: vec!["sailing".into()], ..Profile::default() };
    library.engine.put_profile(&user("ada"), &sailor).await.unwrap();
    let answer = library.ask("ada").await;
    assert!(subject_share(&answer, 2) >= 0.4, "{:?}", ids(&answer));
    let matches = Reason::MatchesDomain { domain: "sailing".into() };
    assert!(answer.recommendations.iter().any(|r| r.reasons.contains(&matches)));
}

#[tokio::test]
async fn limits_of_0_and_101_are_errors() {
    let library = Library::unread().await;
    for limit in [0, 101] {
        let refused = library.engine.recommend(RecommendRequest { limit, ..request("ada") }).await;
        assert!(matches!(refused, Err(Error::Domain(_))), "{limit}");
        assert!(library.engine.similar(&id("book-1"), limit).await.is_err());
    }
    let unknown = library.engine.similar(&id("nothing"), 5).await;
    assert!(matches!(unknown, Err(Error::UnknownResource(_))));
}

#[tokio::test]
async fn a_damaged_snapshot_is_named_and_the_live_model_stays() {
    let library = Library::trained().await;
    let live = library.engine.status().model_version.unwrap();
    let broken = library.train().await;
    let file = library.snapshots().join(&broken).join("vectors.safetensors");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let error = library.engine.reload().await.unwrap_err();
    assert!(matches!(&error, Error::Snapshot(SnapshotError::Damaged { .. })), "{error:?}");
    assert!(error.to_string().contains("vectors.safetensors"), "{error}");

    fs::write(&file, &bytes).unwrap();
    let manifest = library.snapshots().join(&broken).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"format_version\": 1", "\"format_version\": 2")).unwrap();
    let error = library.engine.reload().await.unwrap_err();
    assert!(matches!(error, Error::Snapshot(SnapshotError::NewerFormat { found: 2, .. })), "{error:?}");

    fs::remove_file(library.snapshots().join("CURRENT")).unwrap();
    let error = library.engine.reload().await.unwrap_err();
    assert!(matches!(error, Error::Snapshot(SnapshotError::MissingCurrent { .. })), "{error:?}");
    assert_eq!(library.engine.status().model_version.as_ref(), Some(&live));
    assert_eq!(library.ask("reader-1").await.model_version, Some(live));

    let config = EngineConfig::in_folder(library.folder.path());
    let reopened = Engine::open(config).await.unwrap();
    assert_eq!(reopened.status().model_version, None);
    assert_eq!(reopened.recommend(request("reader-1")).await.unwrap().recommendations.len(), 20);
}

#[tokio::test]
async fn an_engine_that_is_opened_again_answers_the_same() {
    let library = Library::trained().await;
    let before = library.ask("reader-1").await;
    library.engine.close().await.unwrap();
    let again = Engine::open(EngineConfig::in_folder(library.folder.path())).await.unwrap();
    let after = again.recommend(request("reader-1")).await.unwrap();
    assert_eq!(ids(&before), ids(&after));
}

#[tokio::test]
async fn what_another_process_ingests_is_taken_up() {
    let library = Library::trained().await;
    let other = Engine::open(EngineConfig::in_folder(library.folder.path())).await.unwrap();
    other.ingest(vec![Resource::new(id("elsewhere"), "Pottery, from elsewhere")]).await.unwrap();
    other.delete_resource(&id("book-1")).await.unwrap();
    assert_eq!(library.engine.refresh().await.unwrap(), 2);
    assert!(library.engine.similar(&id("elsewhere"), 1).await.unwrap()[0].title.starts_with("pottery"));
    assert!(library.engine.similar(&id("book-1"), 1).await.is_err());
}

#[tokio::test]
async fn what_was_shown_is_written_down_and_completed_by_feedback() {
    let library = Library::trained().await;
    let answer = library.ask("reader-1").await;
    let shown = answer.recommendations[2].clone();
    let feedback = Feedback {
        recommendation_id: answer.recommendation_id.clone(),
        user_id: None,
        resource_id: shown.resource_id.clone(),
        was_clicked: true,
        was_useful: Some(false),
        notes: None,
        at: Utc::now(),
    };
    library.engine.feedback(&feedback).await.unwrap();
    library.engine.close().await.unwrap();
    let again = Engine::open(EngineConfig::in_folder(library.folder.path())).await.unwrap();
    let rows = again.store().feedback_of(&answer.recommendation_id).await.unwrap();
    assert_eq!(rows.len(), 20);
    let row = rows.iter().find(|row| row.resource_id == shown.resource_id).unwrap();
    assert_eq!((row.rank, row.was_clicked, row.was_useful), (Some(3), Some(true), Some(false)));
    let unknown = Feedback { resource_id: id("nothing"), ..feedback };
    assert!(matches!(again.feedback(&unknown).await, Err(Error::UnknownResource(_))));
}

#[tokio::test]
async fn interactions_with_unknown_resources_are_reported_and_the_others_recorded() {
    let library = Library::unread().await;
    let batch = [like("ada", "book-1", 0), like("ada", "nothing", 1)];
    let outcome = library.engine.record(&batch, None).await.unwrap();
    assert!(matches!(outcome.items[..], [Recorded::Merged { .. }, Recorded::UnknownResource]));
    assert_eq!(library.engine.profile(&user("ada")).await.unwrap().total_interactions, 1);
}

#[tokio::test]
async fn an_erased_user_is_a_new_one() {
    let library = Library::trained().await;
    assert!(library.engine.erase_user(&user("reader-1")).await.unwrap());
    assert!(!library.engine.erase_user(&user("reader-1")).await.unwrap());
    let answer = library.ask("reader-1").await;
    assert_eq!((answer.interaction_count, answer.is_cold_start), (0, true));
}

#[tokio::test]
async fn too_little_to_learn_from_publishes_nothing() {
    let library = Library::unread().await;
    library.engine.record(&[like("ada", "book-1", 0)], None).await.unwrap();
    let refused = library.trainer().run(Box::new(())).await;
    assert!(matches!(refused, Err(TrainError::InsufficientData { positives: 1 })), "{refused:?}");
    assert_eq!(library.engine.reload().await.unwrap(), Reloaded::Unchanged);
    let runs = library.engine.store().list_runs(10).await.unwrap();
    assert_eq!(runs[0].status, RunStatus::InsufficientData);
}

/// Stops at the n-th event.
struct StopAt(usize);

impl TrainObserver for StopAt {
    fn on_event(&mut self, _: &TrainEvent) -> ControlFlow<()> {
        self.0 = self.0.saturating_sub(1);
        if self.0 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_anywhere_publishes_nothing() {
    let library = Library::read().await;
    for stop_at in [1, 2, 3, 5, 12, 20, 23] {
        let stopped = library.trainer().run(Box::new(StopAt(stop_at))).await;
        assert!(matches!(stopped, Err(TrainError::Interrupted)), "{stop_at}: {stopped:?}");
        let names = fs::read_dir(library.snapshots()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = names.filter(|name| !name.to_string_lossy().ends_with(".lock")).collect();
        assert!(left.is_empty(), "{stop_at}: {left:?}");
        let runs = library.engine.store().list_runs(1).await.unwrap();
        assert_eq!(runs[0].status, RunStatus::Interrupted);
    }
    library.train().await;
}

/// Stops at a stage.
struct StopBefore(&'static str);

impl TrainObserver for StopBefore {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        if *event == TrainEvent::Stage(self.0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_at_the_last_moment_leaves_the_live_model_and_nothing_else() {
    let library = Library::trained().await;
    let stopped = library.trainer().run(Box::new(StopBefore("going live"))).await;
    assert!(matches!(stopped, Err(TrainError::Interrupted)), "{stopped:?}");
    let snapshots = docent::SnapshotStore::new(library.snapshots());
    assert_eq!(snapshots.list().unwrap(), [library.engine.status().model_version.unwrap()]);
}

#[tokio::test]
async fn the_same_data_and_seed_give_the_same_files() {
    let library = Library::read().await;
    let (first, second) = (library.train().await, library.train().await);
    let files = |id: &str| {
        let text = fs::read_to_string(library.snapshots().join(id).join("manifest.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["files"].clone()
    };
    assert_eq!(files(&first), files(&second));
}
