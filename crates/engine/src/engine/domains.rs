//! Domains of users, embedded before their request locks the state.

use std::{sync::Arc, time::Duration};

use super::Engine;
use crate::{blocking::spawn_blocking, state::MAX_DOMAIN_CHARS, user_cache::UserView, user_context::Domains};

/// Maximum time that a request waits for a slow embedder. It is then answered without a content
/// profile.
const MAX_WAIT: Duration = Duration::from_secs(2);

impl Engine {
    /// Embeds the domains of a user without usable positives, if the embedder is too slow to call
    /// while the state is locked.
    pub(super) async fn embed_domains(&self, user: &UserView) {
        let (embedder, texts, domains, text) = {
            let state = self.inner.state.read();
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
        // Continues when the request no longer waits, so that the next one finds the vector.
        let embedding = spawn_blocking(move || match embedder.get().embed(&[domains.document()]) {
            Ok(mut vectors) => texts.put(text, vectors.pop().flatten()),
            // Without the source of the error: an endpoint may quote the user's interests in it.
            Err(error) => tracing::warn!(%error, "cannot embed the domains of a user"),
        });
        if tokio::time::timeout(MAX_WAIT, embedding).await.is_err() {
            tracing::warn!("the embedder is slow; a user is served without a content profile");
        }
    }
}
