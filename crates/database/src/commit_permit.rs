//! Agreement between a caller who gives up and a transaction that is about to be committed.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

const OPEN: u8 = 0;
const REFUSED: u8 = 1;
const CLAIMED: u8 = 2;

tokio::task_local! {
    static CURRENT: CommitPermit;
}

/// Lets a caller refuse work, so that nothing of it is committed later. Exactly one of the two
/// sides wins: the caller who refuses, or the transaction that claims its commit.
///
/// A caller whose write was answered with a failure sends it again; if the first one was committed
/// after all, it would count twice.
#[derive(Debug, Clone, Default)]
pub struct CommitPermit(Arc<AtomicU8>);

impl CommitPermit {
    /// Runs work whose transactions need this permit to commit.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Returns the permit of the running task; outside [`CommitPermit::scope`] one that is never
    /// refused.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Refuses the work. Returns false if a transaction of it has claimed its commit: it is unknown
    /// then what is stored.
    #[must_use]
    pub fn refuse(&self) -> bool {
        let refused = self.0.compare_exchange(OPEN, REFUSED, Ordering::AcqRel, Ordering::Acquire);
        refused != Err(CLAIMED)
    }

    /// Claims a commit. Returns false if the work was refused; it must be rolled back then.
    #[must_use]
    pub fn claim(&self) -> bool {
        let claimed = self.0.compare_exchange(OPEN, CLAIMED, Ordering::AcqRel, Ordering::Acquire);
        claimed != Err(REFUSED)
    }

    /// Claims one commit of the work of several callers, of all or, if one has refused, of none.
    #[must_use]
    pub fn claim_all<'a>(permits: impl Iterator<Item = &'a Self> + Clone) -> bool {
        let mut claimed = permits.clone().take_while(|permit| permit.claim());
        let count = claimed.by_ref().count();
        if count == permits.clone().count() {
            return true;
        }
        permits.take(count).for_each(|permit| permit.0.store(OPEN, Ordering::Release));
        false
    }

    /// Returns true if the work was refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.0.load(Ordering::Acquire) == REFUSED
    }
}

#[cfg(test)]
mod tests {
    use super::CommitPermit;

    #[test]
    fn one_side_wins() {
        let permit = CommitPermit::default();
        assert!(permit.refuse() && permit.refuse() && !permit.claim() && permit.is_refused());
        let permit = CommitPermit::default();
        assert!(permit.claim() && permit.claim() && !permit.refuse() && !permit.is_refused());
    }

    #[test]
    fn a_commit_of_several_is_claimed_for_all_or_for_none() {
        let permits: [CommitPermit; 3] = Default::default();
        assert!(permits[1].refuse());
        assert!(!CommitPermit::claim_all(permits.iter()));
        assert!(permits[0].refuse(), "its claim was taken back");
        let permits: [CommitPermit; 3] = Default::default();
        assert!(CommitPermit::claim_all(permits.iter()));
        assert!(permits.iter().all(|permit| !permit.refuse()));
    }

    #[tokio::test]
    async fn a_task_finds_its_permit() {
        let permit = CommitPermit::default();
        permit.clone().scope(async { assert!(CommitPermit::current().claim()) }).await;
        assert!(!permit.refuse());
        assert!(CommitPermit::current().claim());
    }
}
