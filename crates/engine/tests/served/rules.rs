use std::collections::HashSet;

use docent_domain::{InteractionType, Profile, Resource, ResourceId, Strategy as Ranking};
use docent_engine::Answer;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{Place, interaction, like, preference, request};

/// History and request of a user. Numbers are positions in the library.
#[derive(Debug, Clone)]
struct Case {
    liked: HashSet<usize>,
    dismissed: HashSet<usize>,
    excluded: HashSet<usize>,
    limit: usize,
    diversity: f64,
    novelty: f64,
    ranking: Ranking,
    excludes_a_source: bool,
}

fn cases(resources: usize) -> impl Strategy<Value = Case> {
    let some = |max| prop::collection::hash_set(0..resources, 0..max);
    let ranking = prop::sample::select(Ranking::ALL.to_vec());
    let options = (1usize..=100, 0.0..=1.0f64, 0.0..=1.0f64, ranking, any::<bool>());
    (some(25), some(8), some(40), options).prop_map(|(liked, dismissed, excluded, options)| {
        let (limit, diversity, novelty, ranking, excludes_a_source) = options;
        Case { liked, dismissed, excluded, limit, diversity, novelty, ranking, excludes_a_source }
    })
}

fn ids(answer: &Answer) -> Vec<ResourceId> {
    answer.recommendations.iter().map(|r| r.resource_id.clone()).collect()
}

async fn check(place: &Place, case: &Case) -> Result<(), TestCaseError> {
    let user = "ada";
    let id = |at: &usize| place.library.resources[*at].id.clone();
    let likes: Vec<_> = case.liked.iter().map(|at| like(user, &id(at))).collect();
    let dismissals: Vec<_> =
        case.dismissed.iter().map(|at| interaction(user, &id(at), InteractionType::Dismiss)).collect();
    place.engine.record(&likes).await.unwrap();
    place.engine.record(&dismissals).await.unwrap();
    let source = place.library.resources[0].source.clone().filter(|_| case.excludes_a_source);
    let profile = Profile { excluded_sources: source.iter().cloned().collect(), ..Profile::default() };
    place.engine.put_profile(&user.parse().unwrap(), &profile).await.unwrap();
    let asked = request(user)
        .limit(case.limit)
        .strategy(case.ranking)
        .diversity(preference(case.diversity))
        .novelty(preference(case.novelty))
        .exclude(case.excluded.iter().map(id).collect());
    let answer = place.recommend(asked.clone()).await;
    let again = place.recommend(asked).await;
    place.engine.erase_user(&user.parse().unwrap()).await.unwrap();

    prop_assert!(answer.recommendations.len() <= case.limit);
    prop_assert_eq!(ids(&answer), ids(&again), "the same request, the same answer");
    let shown: HashSet<&ResourceId> = answer.recommendations.iter().map(|r| &r.resource_id).collect();
    prop_assert_eq!(shown.len(), answer.recommendations.len(), "a duplicate");
    for at in case.liked.iter().chain(&case.dismissed).chain(&case.excluded) {
        prop_assert!(!shown.contains(&id(at)), "{} is seen, dismissed or excluded", id(at));
    }
    let is_allowed =
        |resource: &Resource| !(resource.hidden || source.is_some() && resource.source == source);
    let all = &place.library.resources;
    prop_assert!(
        all.iter().all(|r| is_allowed(r) || !shown.contains(&r.id)),
        "hidden or of an excluded source"
    );
    for (place_from_0, shown) in answer.recommendations.iter().enumerate() {
        prop_assert!(shown.score.is_finite() && shown.score >= 0.0 && shown.novelty.is_finite());
        prop_assert!((shown.contributions.total() - shown.score).abs() < 1e-9, "{shown:?}");
        prop_assert_eq!(shown.rank as usize, place_from_0 + 1);
    }
    for pair in answer.recommendations.windows(2) {
        let (better, worse) = (&pair[0], &pair[1]);
        let is_ordered = better.score > worse.score
            || better.score == worse.score && better.resource_id < worse.resource_id;
        prop_assert!(
            is_ordered,
            "{} {} {} {}",
            better.resource_id,
            better.score,
            worse.resource_id,
            worse.score
        );
    }
    Ok(())
}

#[test]
fn no_answer_breaks_a_rule() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let place = runtime.block_on(async {
        let mut place = Place::new(11, |_| {}).await.with_model().await;
        for resource in place.library.resources.iter_mut().step_by(9) {
            resource.hidden = true;
        }
        let hidden: Vec<Resource> = place.library.resources.iter().step_by(9).cloned().collect();
        place.engine.ingest(hidden).await.unwrap();
        place
    });
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(40) });
    let all = place.library.resources.len();
    runner.run(&cases(all), |case| runtime.block_on(check(&place, &case))).unwrap();
}
