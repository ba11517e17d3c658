//! What people say they work on, embedded before their request holds the state.

use std::{sync::Arc, time::Duration};

use super::Engine;
use crate::{
    blocking::spawn_blocking,
    component_scores::Domains,
    state::MAX_DOMAIN_CHARS,
    user_cache::{UserView, read},
};

/// A request waits this long for an embedder, and then does without.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

impl Engine {
    /// Embeds the domains of a user of whom nothing else is known, where the embedder is too slow to be asked later.
    pub(super) async fn embed_domains(&self, user: &UserView) {
        let (embedder, texts, domains, text) = {
            let state = read(&self.inner.state);
            let embedder = state.embedder();
            if embedder.is_immediate()
                || user.positives.iter().any(|positive| state.vectors.get(positive.key).is_some())
            {
                return;
            }
            let Some(domains) = Domains::of(&user.profile) else { return };
            let text = domains.document().plain_text(MAX_DOMAIN_CHARS);
            if !state.texts.is_wanted(&text) {
                return;
            }
            (embedder, Arc::clone(&state.texts), domains, text)
        };
        // Goes on when the request no longer waits, so that the next one finds the vector.
        let embedding = spawn_blocking(move || match embedder.get().embed(&[domains.document()]) {
            Ok(mut vectors) => texts.put(text, vectors.pop().flatten()),
            // Without what is behind it: an endpoint may repeat what the user is interested in.
            Err(error) => tracing::warn!(%error, "a user's domains have no vector"),
        });
        if tokio::time::timeout(LONGEST_WAIT, embedding).await.is_err() {
            tracing::warn!("the embedder is slow: a user is served without a content profile");
        }
    }
}
