use std::collections::HashSet;

use docent_domain::{Link, Profile, Resource, ResourceId, Strategy, UnitInterval};
use docent_ranker::Reason;

use super::{Place, like, preference, request, share};

/// History of a new user, and the minimum share of their topic in their list.
struct Newcomer {
    likes: usize,
    names_domain: bool,
    min_share: f64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_history_shapes_a_full_list() {
    let table = [
        Newcomer { likes: 0, names_domain: false, min_share: 0.0 },
        Newcomer { likes: 0, names_domain: true, min_share: 0.55 },
        Newcomer { likes: 1, names_domain: false, min_share: 0.45 },
        Newcomer { likes: 3, names_domain: false, min_share: 0.6 },
        Newcomer { likes: 10, names_domain: false, min_share: 0.5 },
    ];
    for with_model in [false, true] {
        let place = Place::new(5, |_| {}).await;
        let place = if with_model { place.with_model().await } else { place };
        for (at, newcomer) in table.iter().enumerate() {
            let mut of_topics = Vec::new();
            for topic in place.topics() {
                let user = format!("{topic}-{at}");
                let of_topic = place.of_topic(&topic);
                let likes: Vec<_> = of_topic.iter().take(newcomer.likes).map(|id| like(&user, id)).collect();
                place.engine.record(&likes).await.unwrap();
                if newcomer.names_domain {
                    let profile = Profile { research_domains: vec![topic.clone()], ..Profile::default() };
                    place.engine.put_profile(&user.parse().unwrap(), &profile).await.unwrap();
                }
                let answer = place.recommend(request(&user)).await;
                assert_eq!(answer.recommendations.len(), 20, "{topic}");
                assert_eq!(answer.is_cold_start, newcomer.likes < 5);
                let share = share(&answer, &of_topic);
                assert!(share <= 0.6 || newcomer.names_domain || newcomer.likes > 0, "{topic} {share}");
                of_topics.push(share);
            }
            let mean = of_topics.iter().sum::<f64>() / of_topics.len() as f64;
            eprintln!(
                "model {with_model}: {} likes, domain {}: share of the topic {mean:.2}",
                newcomer.likes, newcomer.names_domain
            );
            assert!(mean >= newcomer.min_share, "{} likes: {mean} {of_topics:?}", newcomer.likes);
        }
    }
}

fn id(id: &str) -> ResourceId {
    id.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_resource_is_reachable_with_text_only_with_links_only_and_with_nothing() {
    for with_model in [false, true] {
        let place = Place::new(6, |_| {}).await;
        let place = if with_model { place.with_model().await } else { place };
        let topic = place.topics().remove(0);
        let liked: Vec<ResourceId> = place.of_topic(&topic).into_iter().take(3).collect();
        let mut text = Resource::new(id("text only"), topic.clone());
        text.subjects = vec![topic.clone()];
        let mut links = Resource::new(id("links only"), "the");
        links.links = vec![Link { target: liked[0].clone(), kind: "citation".into(), weight: 1.0 }];
        let nothing = Resource::new(id("nothing"), "the");
        place.engine.ingest(vec![text, links, nothing]).await.unwrap();
        let likes: Vec<_> = liked.iter().map(|liked| like("ada", liked)).collect();
        place.engine.record(&likes).await.unwrap();
        for (resource, strategy) in [
            ("text only", Strategy::Content),
            ("text only", Strategy::Hybrid),
            ("links only", Strategy::Graph),
            ("links only", Strategy::Hybrid),
        ] {
            let asked = request("ada").strategy(strategy).limit(100).diversity(preference(0.0));
            let answer = place.recommend(asked).await;
            let found = answer.recommendations.iter().find(|r| r.resource_id == id(resource));
            assert!(found.is_some(), "{resource} by {strategy}, model {with_model}");
        }
        let mut reached = HashSet::new();
        for visitor in 0..300 {
            let answer = place.recommend(request(&format!("visitor-{visitor}"))).await;
            reached.extend(answer.recommendations.into_iter().map(|r| r.resource_id));
        }
        assert!(reached.contains(&id("nothing")), "exploration shows it to some user");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_share_of_places_goes_to_unchosen_resources() {
    let mut shown = Vec::new();
    for exploration in [0.0, 0.05, 0.2] {
        let share = UnitInterval::new("exploration", exploration).unwrap();
        let place = Place::new(9, |config| config.exploration = share).await;
        let silent = (0..50).map(|n| Resource::new(id(&format!("silent-{n}")), "the"));
        place.engine.ingest(silent.collect()).await.unwrap();
        let (mut explored, mut places, mut found) = (0, 0, HashSet::new());
        for visitor in 0..200 {
            let asked = request(&format!("visitor-{visitor}")).limit(10).novelty(preference(0.0));
            let answer = place.recommend(asked).await;
            assert!(!answer.recommendations[0].reasons.contains(&Reason::Exploration), "never the first");
            for recommendation in &answer.recommendations {
                places += 1;
                if recommendation.reasons.contains(&Reason::Exploration) {
                    assert_eq!(recommendation.view_count, 0);
                    explored += 1;
                    found.insert(recommendation.resource_id.clone());
                }
            }
        }
        let measured = f64::from(explored) / f64::from(places);
        eprintln!("exploration {exploration}: {measured:.3} of the places, {} resources shown", found.len());
        assert!((measured - exploration).abs() < 0.02, "{exploration}: {measured}");
        shown.push(found.len());
    }
    assert!(shown[0] == 0 && shown[1] < shown[2], "{shown:?}");
}
