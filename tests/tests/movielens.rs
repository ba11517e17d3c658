//! The main job on real data: import films and ratings, train and publish a model, serve users.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "tests")]

use std::{
    collections::{HashMap, HashSet},
    process::ExitCode,
};

use chrono::Utc;
use docent::{
    Answer, Engine, EngineConfig, NewInteraction, RecommendRequest, Resource, Strategy, UnitInterval, UserId,
    training::{EngineTrainer, TrainConfig, TrainEvent, TrainObserver},
};
use docent_test_support::{run, test};
use docent_tests::movielens;

fn main() -> ExitCode {
    let films = test("films_and_ratings_become_personal_recommendations", async || {
        films_and_ratings_become_personal_recommendations().await;
        Ok(())
    });
    run(vec![films.with_ignored_flag(!movielens::folder().is_dir())])
}

fn request(user: &str) -> RecommendRequest {
    RecommendRequest::new(user.parse().unwrap())
}

fn preference(value: f64) -> UnitInterval {
    UnitInterval::new("preference", value).unwrap()
}

struct Print;

impl TrainObserver for Print {
    fn on_event(&mut self, event: &TrainEvent) -> std::ops::ControlFlow<()> {
        if let TrainEvent::Evaluated { model, metrics } = event {
            eprintln!(
                "{model:14} hr {:.4} ndcg {:.4} recall {:.4}",
                metrics.hit_rate, metrics.ndcg, metrics.recall
            );
        }
        std::ops::ControlFlow::Continue(())
    }
}

fn genre_share(answer: &Answer, genre: &str, films: &[Resource]) -> f64 {
    let of_genre: HashSet<&str> =
        films.iter().filter(|f| f.subjects.iter().any(|s| s == genre)).map(|f| f.id.as_str()).collect();
    let found = answer.recommendations.iter().filter(|r| of_genre.contains(r.resource_id.as_str())).count();
    found as f64 / answer.recommendations.len() as f64
}

/// Returns the mean over pairs of 1 - Jaccard overlap of their genres.
fn intra_list_diversity(answer: &Answer, genres: &HashMap<&str, HashSet<&str>>) -> f64 {
    let shown: Vec<_> = answer.recommendations.iter().map(|r| &genres[r.resource_id.as_str()]).collect();
    let pairs = (0..shown.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let apart = pairs.map(|(i, j)| {
        let all = shown[i].union(shown[j]).count().max(1);
        1.0 - shown[i].intersection(shown[j]).count() as f64 / all as f64
    });
    let apart: Vec<f64> = apart.collect();
    apart.iter().sum::<f64>() / apart.len() as f64
}

async fn preferences_have_an_effect_at_every_step(engine: &Engine, films: &[Resource]) {
    let genres: HashMap<&str, HashSet<&str>> =
        films.iter().map(|f| (f.id.as_str(), f.subjects.iter().map(String::as_str).collect())).collect();
    let (mut diversity, mut novelty) = (Vec::new(), Vec::new());
    for step in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (mut apart, mut novel) = (0.0, 0.0);
        for user in (1..=600).step_by(12) {
            let asked = request(&user.to_string()).limit(10);
            let varied = asked.clone().diversity(preference(step)).novelty(preference(0.0));
            let answer = engine.recommend(varied).await.unwrap();
            apart += intra_list_diversity(&answer, &genres) / 50.0;
            let answer = engine.recommend(asked.novelty(preference(step))).await.unwrap();
            novel += answer.recommendations.iter().map(|r| r.novelty).sum::<f64>() / 500.0;
        }
        diversity.push(apart);
        novelty.push(novel);
    }
    eprintln!("by preference: diversity {diversity:.3?}, novelty {novelty:.3?}");
    let rises = |values: &[f64], min: f64| values.windows(2).all(|pair| pair[1] > pair[0] + min);
    assert!(rises(&diversity, 0.0) && diversity[4] > diversity[0] + 0.1, "{diversity:?}");
    assert!(rises(&novelty, 0.005) && novelty[4] > novelty[0] + 0.1, "{novelty:?}");
}

async fn films_and_ratings_become_personal_recommendations() {
    let (films, ratings) = movielens::load().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig::in_folder(folder.path());
    let engine = Engine::open(config.clone()).await.unwrap();
    for chunk in films.chunks(1_000) {
        engine.ingest(chunk.to_vec()).await.unwrap();
    }
    engine.store().import_interactions(&ratings, &config.interactions, Utc::now()).await.unwrap();

    engine.close().await.unwrap();
    let engine = Engine::open(config.clone()).await.unwrap();

    let report = engine.trainer(TrainConfig::default()).run_with(Box::new(Print)).await.unwrap();
    eprintln!("blend {:?} weights {:?}", report.info.blend, report.info.weights);
    let ndcg = |model: &str| report.info.holdout[model].ndcg;
    assert!(ndcg("hybrid") >= 1.2 * ndcg("popularity"), "{:?}", report.info.holdout);
    assert!(report.published.is_some());
    engine.reload().await.unwrap();

    let rated: HashSet<&str> =
        ratings.iter().filter(|r| r.user_id.as_str() == "15").map(|r| r.resource_id.as_str()).collect();
    let answer = engine.recommend(request("15").limit(100)).await.unwrap();
    assert_eq!(answer.recommendations.len(), 100);
    assert!(answer.recommendations.iter().all(|r| !rated.contains(r.resource_id.as_str())));

    preferences_have_an_effect_at_every_step(&engine, &films).await;

    let newcomer = engine.recommend(request("newcomer")).await.unwrap();
    assert_eq!(newcomer.recommendations.len(), 20);
    assert!(newcomer.is_cold_start);

    let before = engine.recommend(request("newcomer")).await.unwrap();
    let mut horror: Vec<&Resource> =
        films.iter().filter(|film| film.subjects.iter().any(|s| s == "Horror")).collect();
    horror.sort_by_key(|film| std::cmp::Reverse(ratings.iter().filter(|r| r.resource_id == film.id).count()));
    for film in horror.into_iter().take(5) {
        let user: UserId = "newcomer".parse().unwrap();
        engine
            .record(&[NewInteraction::rating(user, film.id.clone(), 5.0, Utc::now()).unwrap()])
            .await
            .unwrap();
    }
    let after = engine.recommend(request("newcomer")).await.unwrap();
    let by_content = request("newcomer").strategy(Strategy::Content);
    let by_content = engine.recommend(by_content).await.unwrap();
    let shares = [&before, &after, &by_content].map(|answer| genre_share(answer, "Horror", &films));
    eprintln!("horror before {:.2}, after {:.2}, by content {:.2}", shares[0], shares[1], shares[2]);
    // Viewers of popular horror films go on to popular films of any genre; texts stay with horror.
    let is_new = |shown: &&str| !before.recommendations.iter().any(|r| r.resource_id.as_str() == *shown);
    let shown: Vec<&str> = after.recommendations.iter().map(|r| r.resource_id.as_str()).collect();
    assert!(shown.iter().filter(|shown| is_new(shown)).count() * 4 >= shown.len(), "{shown:?}");
    assert!(shares[2] >= shares[0] + 0.1, "{shares:?}");

    let mut fresh = Resource::new("film-of-today".parse().unwrap(), "Alien Nightmare (2026)");
    fresh.subjects = vec!["Horror".into(), "Sci-Fi".into()];
    engine.ingest(vec![fresh]).await.unwrap();
    let content = request("newcomer").strategy(Strategy::Content).diversity(preference(0.0)).limit(100);
    let answer = engine.recommend(content).await.unwrap();
    assert!(answer.recommendations.iter().any(|r| r.resource_id.as_str() == "film-of-today"));
    engine.close().await.unwrap();
}
