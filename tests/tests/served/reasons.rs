use std::collections::HashSet;

use docent::{InteractionType, NewInteraction, Reason, RecommendRequest, ResourceId};

use super::{Place, request};

/// What a reader did, told again of somebody else and without one resource.
fn without(place: &Place, reader: &str, twin: &str, left_out: Option<&ResourceId>) -> Vec<NewInteraction> {
    let of_reader = place.library.interactions.iter().filter(|i| i.user_id.as_str() == reader);
    let kept = of_reader.filter(|i| Some(&i.resource_id) != left_out);
    kept.map(|i| NewInteraction { user_id: twin.parse().unwrap(), ..i.clone() }).collect()
}

/// Each named resource is taken out of the history of a twin; the score of what it was said of must fall.
async fn removing_what_is_named_lowers_the_score(place: &Place, reader: &str) -> (usize, Vec<String>) {
    let ask = |who: &str| RecommendRequest { limit: 20, ..request(who) };
    place.engine.record(&without(place, reader, "whole", None), None).await.unwrap();
    let named: HashSet<ResourceId> = place
        .ask(ask("whole"))
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
        place.engine.record(&without(place, reader, &twin, Some(left_out)), None).await.unwrap();
    }
    // Asked again, now that the twins count as readers, too.
    let whole = place.ask(ask("whole")).await;
    let (mut checked, mut wrong) = (0, Vec::new());
    for left_out in &named {
        let mut twin = ask(&format!("without-{left_out}"));
        twin.limit = 100;
        let twin = place.ask(twin).await;
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
async fn without_the_resource_that_a_reason_names_the_score_is_lower() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for seed in 1..=3 {
        let place = Place::new(seed, |_| {}).await.with_model().await;
        for reader in place.library.people.iter().take(4) {
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
async fn what_is_named_was_liked() {
    let place = Place::new(7, |_| {}).await;
    for person in place.library.people.iter().take(10) {
        let liked: HashSet<&ResourceId> = place
            .library
            .interactions
            .iter()
            .filter(|i| i.user_id == person.id && i.interaction_type != InteractionType::Dismiss)
            .map(|i| &i.resource_id)
            .collect();
        for shown in place.ask(request(person.id.as_str())).await.recommendations {
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
