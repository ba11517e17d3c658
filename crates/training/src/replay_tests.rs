use std::collections::HashSet;

use chrono::DateTime;
use docent_als::AlsConfig;
use docent_domain::{Resource, ResourceId, UserId, scattered};
use docent_embeddings::LsaConfig;
use docent_models::ModelKind;

use super::*;
use crate::{
    dataset::Item,
    fit::{FitSettings, ModelConfig, PlannedMember},
    weak::Weak,
};

const USERS: u32 = 1_000;
const ITEMS: u32 = 3_000;
const TOPICS: u32 = 60;
const LIKES_OF_USER: u32 = 12;

/// Users who like items of three topics, some of them more popular than others.
fn dataset() -> Dataset {
    let item = |n: u32| {
        let topic = n % TOPICS;
        let mut resource = Resource::new(
            ResourceId::new(format!("item-{n}")).unwrap(),
            format!("Topic{topic} part{}", n / TOPICS),
        );
        resource.subjects = vec![format!("topic{topic}"), format!("half{}", topic % 2)];
        Item { row_id: i64::from(n) + 1, resource, text_hash: String::new() }
    };
    let mut likes = Vec::new();
    for user in 0..USERS {
        let mut known = HashSet::new();
        for place in 0..2 * LIKES_OF_USER {
            let drawn = scattered(u64::from(user), u64::from(place), 7);
            let topic = (user + (drawn % 3) as u32 * 17) % TOPICS;
            let part = ((drawn >> 8) % 50).min((drawn >> 16) % 50) as u32;
            let item = part * TOPICS + topic;
            if known.len() < LIKES_OF_USER as usize && known.insert(item) {
                let at = DateTime::from_timestamp(i64::from(user * 1_000 + place), 0);
                likes.push(Like { user, item, strength: 1.0, at });
            }
        }
    }
    let users = (0..USERS).map(|user| UserId::new(format!("user-{user}")).unwrap());
    Dataset {
        items: (0..ITEMS).map(item).collect(),
        users: users.collect(),
        n_likers: USERS as usize,
        likes,
        signal: None,
        weak: Weak::default(),
    }
}

#[test]
fn gathered_candidates_give_the_lists_of_the_whole_catalogue() {
    let data = dataset();
    let lsa = LsaConfig { dim: 32, ..LsaConfig::default() };
    let text = content::text(&data, None, &lsa, 1).unwrap();
    let als = AlsConfig { dim: 16, ..AlsConfig::default() };
    let models = ModelConfig { als, ..ModelConfig::default() };
    let member = |kind, share, tau| PlannedMember { kind, share, tau };
    let plan = Plan {
        models: models.clone(),
        members: vec![
            member(ModelKind::Als, 0.5, None),
            member(ModelKind::Rp3beta, 0.25, None),
            member(ModelKind::Transitions, 0.25, Some(3.0)),
        ],
        recent_leads: false,
    };
    let settings = FitSettings { models, ..FitSettings::default() };
    let likes = fit_data(&data.likes, USERS as usize, ITEMS as usize).unwrap();
    let blend = build(&likes, &plan, &settings, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let learned = Learned { likes: &data.likes, events: &data.likes };
    let model = assemble(&data, learned, blend, text, Some(&plan), ModelInfo::empty()).unwrap();
    let engine = EngineConfig::default();
    let candidate = CandidateReplay {
        replay: replay(&data, model, &data.likes).unwrap(),
        data: &data,
        engine: &engine,
        plan,
        type_weights: TypeWeights::default(),
        events: data.likes.clone(),
    };
    // A case needs held-out items, whatever they are.
    let evaluation = HoldoutEvaluation::new(&data.likes, &data.likes);
    assert_eq!(evaluation.cases.len(), USERS as usize);
    let all: Vec<u32> = (0..ITEMS).collect();
    let [gathered, whole] = [None, Some(all.as_slice())].map(|among| {
        candidate.ranked(&evaluation, 10, among, |options| [by_score_alone(options)]).unwrap().remove(0)
    });
    let (mut places, mut same) = (0, 0);
    for (gathered, whole) in gathered.lists.iter().zip(&whole.lists) {
        assert_eq!((gathered.len(), whole.len()), (10, 10));
        places += 10;
        same += keys(gathered).iter().zip(keys(whole)).filter(|(a, b)| **a == *b).count();
    }
    assert!(same * 100 >= places * 98, "{same} of {places} places");
}
