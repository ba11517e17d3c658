//! The main job on real data: films and ratings in, a model trained and published, personal answers out.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::collections::{HashMap, HashSet};

use chrono::Utc;
use docent::{
    Engine, EngineConfig, InteractionType, NewInteraction, Preference, RecommendRequest, Resource, Signals,
    TrainConfig, TrainEvent, TrainObserver, Trainer,
};
use docent_tests::movielens;

struct Print;

impl TrainObserver for Print {
    fn on_event(&mut self, event: &TrainEvent) -> std::ops::ControlFlow<()> {
        if let TrainEvent::Judged { model, metrics } = event {
            eprintln!(
                "{model:14} hr {:.4} ndcg {:.4} recall {:.4}",
                metrics.hit_rate, metrics.ndcg, metrics.recall
            );
        }
        std::ops::ControlFlow::Continue(())
    }
}

fn genre_share(answer: &docent::Answer, genre: &str, films: &[Resource]) -> f64 {
    let of_genre: HashSet<&str> =
        films.iter().filter(|f| f.subjects.iter().any(|s| s == genre)).map(|f| f.id.as_str()).collect();
    let found = answer.recommendations.iter().filter(|r| of_genre.contains(r.resource_id.as_str())).count();
    found as f64 / answer.recommendations.len() as f64
}

/// Mean over pairs of one less the overlap of their genres.
fn intra_list_diversity(answer: &docent::Answer, genres: &HashMap<&str, HashSet<&str>>) -> f64 {
    let shown: Vec<_> = answer.recommendations.iter().map(|r| &genres[r.resource_id.as_str()]).collect();
    let pairs = (0..shown.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let apart = pairs.map(|(i, j)| {
        let all = shown[i].union(shown[j]).count().max(1);
        1.0 - shown[i].intersection(shown[j]).count() as f64 / all as f64
    });
    let apart: Vec<f64> = apart.collect();
    apart.iter().sum::<f64>() / apart.len() as f64
}

async fn preferences_are_felt_at_every_step(engine: &Engine, films: &[Resource]) {
    let genres: HashMap<&str, HashSet<&str>> =
        films.iter().map(|f| (f.id.as_str(), f.subjects.iter().map(String::as_str).collect())).collect();
    let preference = |value| Some(Preference::new("preference", value).unwrap());
    let (mut diversity, mut novelty) = (Vec::new(), Vec::new());
    for step in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (mut apart, mut novel) = (0.0, 0.0);
        for user in (1..=600).step_by(12) {
            let ask = RecommendRequest {
                limit: 10,
                diversity: preference(step),
                novelty: preference(0.0),
                ..RecommendRequest::new(user.to_string().parse().unwrap())
            };
            let answer = engine.recommend(ask.clone()).await.unwrap();
            apart += intra_list_diversity(&answer, &genres) / 50.0;
            let ask = RecommendRequest { diversity: None, novelty: preference(step), ..ask };
            let answer = engine.recommend(ask).await.unwrap();
            novel += answer.recommendations.iter().map(|r| r.novelty).sum::<f64>() / 500.0;
        }
        diversity.push(apart);
        novelty.push(novel);
    }
    eprintln!("by preference: diversity {diversity:.3?}, novelty {novelty:.3?}");
    let rises = |values: &[f64], least: f64| values.windows(2).all(|pair| pair[1] > pair[0] + least);
    assert!(rises(&diversity, 0.0) && diversity[4] > diversity[0] + 0.1, "{diversity:?}");
    assert!(rises(&novelty, 0.005) && novelty[4] > novelty[0] + 0.1, "{novelty:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn films_and_ratings_become_personal_recommendations() {
    let Some((films, ratings)) = movielens::load().unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig::in_folder(folder.path());
    let engine = Engine::open(config.clone()).await.unwrap();
    for chunk in films.chunks(1_000) {
        engine.ingest(chunk.to_vec()).await.unwrap();
    }
    engine.store().import_interactions(&ratings, &config.interactions, Utc::now()).await.unwrap();

    engine.close().await.unwrap();
    let engine = Engine::open(config.clone()).await.unwrap();

    let trainer = Trainer::with_store(engine.store().clone(), &config.snapshots, TrainConfig::default());
    let report = trainer.run(Box::new(Print)).await.unwrap();
    eprintln!("blend {:?} weights {:?}", report.info.blend, report.info.weights);
    let ndcg = |model: &str| report.info.holdout[model].ndcg;
    assert!(ndcg("hybrid") >= 1.2 * ndcg("popularity"), "{:?}", report.info.holdout);
    assert!(report.published.is_some());
    engine.reload().await.unwrap();

    let ask = |user: &str| RecommendRequest::new(user.parse().unwrap());
    let rated: HashSet<&str> =
        ratings.iter().filter(|r| r.user_id.as_str() == "15").map(|r| r.resource_id.as_str()).collect();
    let answer = engine.recommend(RecommendRequest { limit: 100, ..ask("15") }).await.unwrap();
    assert_eq!(answer.recommendations.len(), 100);
    assert!(answer.recommendations.iter().all(|r| !rated.contains(r.resource_id.as_str())));

    preferences_are_felt_at_every_step(&engine, &films).await;

    let newcomer = engine.recommend(ask("somebody-new")).await.unwrap();
    assert_eq!(newcomer.recommendations.len(), 20);
    assert!(newcomer.is_cold_start);

    let before = engine.recommend(ask("somebody-new")).await.unwrap();
    let mut horror: Vec<&Resource> =
        films.iter().filter(|film| film.subjects.iter().any(|s| s == "Horror")).collect();
    horror.sort_by_key(|film| std::cmp::Reverse(ratings.iter().filter(|r| r.resource_id == film.id).count()));
    for film in horror.into_iter().take(5) {
        let like = NewInteraction {
            user_id: "somebody-new".parse().unwrap(),
            resource_id: film.id.clone(),
            interaction_type: InteractionType::Rating,
            signals: Signals { rating: Some(5.0), ..Signals::default() },
            at: Utc::now(),
        };
        engine.record(&[like], None).await.unwrap();
    }
    let after = engine.recommend(ask("somebody-new")).await.unwrap();
    let shares = (genre_share(&before, "Horror", &films), genre_share(&after, "Horror", &films));
    eprintln!("horror before {:.2}, after {:.2}", shares.0, shares.1);
    assert!(shares.1 >= shares.0 + 0.1 - 1e-9, "{shares:?}");

    let mut fresh = Resource::new("film-of-today".parse().unwrap(), "Alien Nightmare (2026)");
    fresh.subjects = vec!["Horror".into(), "Sci-Fi".into()];
    engine.ingest(vec![fresh]).await.unwrap();
    let content = RecommendRequest {
        strategy: docent::Strategy::Content,
        diversity: Some(Preference::new("diversity", 0.0).unwrap()),
        limit: 100,
        ..ask("somebody-new")
    };
    let answer = engine.recommend(content).await.unwrap();
    assert!(answer.recommendations.iter().any(|r| r.resource_id.as_str() == "film-of-today"));
    engine.close().await.unwrap();
}
