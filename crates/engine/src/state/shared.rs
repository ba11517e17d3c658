use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::{State, Summary, next_generation};

/// The state that answers are computed from, and the way to change it.
///
/// A reader holds the state of one moment and never waits. Writers change a copy, one after
/// another, and publish it for the readers that come after.
pub(crate) struct SharedState {
    current: ArcSwap<State>,
    changing: Mutex<()>,
}

impl SharedState {
    pub(crate) fn new(state: State) -> Self {
        Self { current: ArcSwap::from_pointee(state), changing: Mutex::default() }
    }

    /// Returns the state of this moment.
    pub(crate) fn read(&self) -> Arc<State> {
        self.current.load_full()
    }

    /// Applies a change to the state and publishes the result; readers see all of it or nothing.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        self.publish(|state| {
            state.generation = next_generation();
            change(state)
        })
    }

    /// Replaces the summary. The state keeps its generation.
    pub(crate) fn apply_summary(&self, summary: Summary) {
        self.publish(|state| state.apply_summary(summary));
    }

    fn publish<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = State::clone(&self.current.load());
        let result = change(&mut next);
        self.current.store(Arc::new(next));
        result
    }

    /// Publishes another state, and returns the former one.
    pub(crate) fn replace(&self, next: State) -> Arc<State> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.current.swap(Arc::new(next))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use docent_domain::Resource;

    use super::*;
    use crate::catalogue::Entry;

    fn put(state: &mut State, n: usize) -> u32 {
        let resource = Resource::new(format!("resource-{n}").parse().unwrap(), "Title");
        state.catalogue.put(n as i64, Entry::new(&resource, String::new(), false))
    }

    #[test]
    fn a_reader_keeps_the_state_of_its_moment_and_waits_for_no_writer() {
        let shared = SharedState::new(State::new().unwrap());
        let before = shared.read();
        shared.change(|state| {
            put(state, 0);
            assert_eq!(shared.read().catalogue.len(), 0, "nothing is published before the end");
        });
        assert_eq!((before.catalogue.len(), shared.read().catalogue.len()), (0, 1));
        let former = shared.replace(State::new().unwrap());
        assert_eq!((former.catalogue.len(), shared.read().catalogue.len()), (1, 0));
    }
}
