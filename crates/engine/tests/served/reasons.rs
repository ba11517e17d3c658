use std::collections::HashSet;

use docent_domain::{InteractionType, NewInteraction, ResourceId, Weights};
use docent_engine::RecommendRequest;
use docent_ranker::Reason;

use super::{Place, request};

/// Returns a request in which all components carry the score, whatever weights are learned.
fn by_all_components(reader: &str) -> RecommendRequest {
    request(reader).weights(Weights::default())
}

/// Returns the interactions of a reader as those of a twin, without one resource.
fn without(place: &Place, reader: &str, twin: &str, left_out: Option<&ResourceId>) -> Vec<NewInteraction> {
    let of_reader = place.library.interactions.iter().filter(|i| i.user_id.as_str() == reader);
    let kept = of_reader.filter(|i| Some(&i.resource_id) != left_out);
    kept.map(|i| NewInteraction { user_id: twin.parse().unwrap(), ..i.clone() }).collect()
}

/// Removes each resource that a reason names from the history of a twin, and returns the number of
/// checked reasons with those whose score did not fall.
async fn removing_what_is_named_lowers_the_score(place: &Place, reader: &str) -> (usize, Vec<String>) {
    place.engine.record(&without(place, reader, "whole", None)).await.unwrap();
    let named: HashSet<ResourceId> = place
        .recommend(by_all_components("whole"))
        .await
        .recommendations
        .iter()
        .flat_map(|r| &r.reasons)
        .filter_map(|reason| match reason {
            Reason::SimilarTo { resource, .. } => Some(resource.clone()),
            _ => None,
        })
        .collect();
    for left_out in &named {
        let twin = format!("without-{left_out}");
        place.engine.record(&without(place, reader, &twin, Some(left_out))).await.unwrap();
    }
    // Again, since the twins count as readers now.
    let whole = place.recommend(by_all_components("whole")).await;
    let (mut checked, mut wrong) = (0, Vec::new());
    for left_out in &named {
        let twin = place.recommend(by_all_components(&format!("without-{left_out}")).limit(100)).await;
        for shown in &whole.recommendations {
            let says = |r: &Reason<ResourceId>| matches!(r, Reason::SimilarTo { resource, .. } if resource == left_out);
            if !shown.reasons.iter().any(says) {
                continue;
            }
            checked += 1;
            let found = twin.recommendations.iter().find(|r| r.resource_id == shown.resource_id);
            if let Some(found) = found.filter(|found| found.score >= shown.score) {
                wrong.push(format!(
                    "{reader}: {} {:.4} -> {:.4} without {left_out}\n  {:?}\n  {:?}\n  {:?}",
                    shown.resource_id,
                    shown.score,
                    found.score,
                    shown.contributions,
                    found.contributions,
                    shown.reasons
                ));
            }
        }
    }
    place.engine.erase_user(&"whole".parse().unwrap()).await.unwrap();
    for left_out in &named {
        place.engine.erase_user(&format!("without-{left_out}").parse().unwrap()).await.unwrap();
    }
    (checked, wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_lower_without_the_resource_that_its_reason_names() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for seed in 1..=3 {
        let place = Place::new(seed, |_| {}).await.with_model().await;
        for reader in place.library.users.iter().take(4) {
            let of_reader = removing_what_is_named_lowers_the_score(&place, reader.id.as_str()).await;
            checked += of_reader.0;
            wrong.extend(of_reader.1);
        }
    }
    eprintln!("{} of {checked} wrong", wrong.len());
    assert!(checked > 25, "{checked}");
    assert!(wrong.is_empty(), "{} of {checked}\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn reasons_name_liked_resources_only() {
    let place = Place::new(7, |_| {}).await;
    for user in place.library.users.iter().take(10) {
        let liked: HashSet<&ResourceId> = place
            .library
            .interactions
            .iter()
            .filter(|i| i.user_id == user.id && i.interaction_type != InteractionType::Dismiss)
            .map(|i| &i.resource_id)
            .collect();
        for shown in place.recommend(request(user.id.as_str())).await.recommendations {
            for reason in &shown.reasons {
                let named = match reason {
                    Reason::SimilarTo { resource, .. }
                    | Reason::CitedBy { resource }
                    | Reason::Cites { resource }
                    | Reason::SameAuthor { resource }
                    | Reason::LinkedTo { resource, .. } => resource,
                    _ => continue,
                };
                assert!(liked.contains(named) && *named != shown.resource_id, "{reason:?}");
            }
        }
    }
}
