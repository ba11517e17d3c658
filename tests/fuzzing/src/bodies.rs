//! Bodies of HTTP requests.

use chrono::DateTime;
use docent_domain::{ResourceId, UserId};
use serde::de::DeserializeOwned;

use crate::wire::{
    access::TokenInput,
    feedback::FeedbackInput,
    interaction::InteractionRequest,
    profile::{MergeInput, ProfileUpdate},
    recommendation::{RankInput, RecommendInput},
    resource::{IngestRequest, ResourceUpdate, ResourcesUpdate},
};

/// Parses a body as every route would, and converts it to what the engine takes. The first byte
/// selects the route, `a` the first one.
pub fn bodies(input: &[u8]) {
    let Some((&selector, body)) = input.split_first() else { return };
    let now = DateTime::from_timestamp(1_760_000_000, 0).expect("a time");
    match selector.wrapping_sub(b'a') % 10 {
        0 => match parsed::<InteractionRequest>(body) {
            Some(InteractionRequest::One(one)) => {
                let _refused = one.to_interaction(now, now);
            }
            Some(InteractionRequest::Batch(batch)) => {
                for one in batch.interactions {
                    let _refused = one.0.to_interaction(now, now);
                }
            }
            None => {}
        },
        1 => {
            for resource in parsed::<IngestRequest>(body).into_iter().flat_map(|ingest| ingest.resources) {
                if let Ok(resource) = docent::Resource::try_from(resource.0) {
                    let _refused = resource.check();
                }
            }
        }
        2 => {
            let _refused = parsed::<ResourceUpdate>(body).map(docent::ResourceChange::try_from);
        }
        3 => {
            for id in parsed::<ResourcesUpdate>(body).into_iter().flat_map(|update| update.ids) {
                let _refused = ResourceId::new(&id);
            }
        }
        4 => {
            let _refused = parsed::<ProfileUpdate>(body).map(ProfileUpdate::into_change);
        }
        5 => {
            if let Some(merge) = parsed::<MergeInput>(body) {
                let _refused = (UserId::new(&merge.from_user_id), UserId::new(&merge.into_user_id));
            }
        }
        6 => {
            let _refused = parsed::<FeedbackInput>(body).map(|feedback| feedback.into_feedback(now));
        }
        7 => {
            let _refused = parsed::<RecommendInput>(body).map(docent::RecommendRequest::try_from);
        }
        8 => {
            let _refused = parsed::<RankInput>(body).map(RankInput::into_request);
        }
        _ => {
            if let Some(token) = parsed::<TokenInput>(body) {
                let _refused = UserId::new(&token.user_id);
            }
        }
    }
}

/// Reads a body in the steps of the server.
fn parsed<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    docent_messages::parse(body).ok()
}
