use std::collections::HashMap;

/// Dense indices of ids, which may be any text without blanks, in the order of their first
/// occurrence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens(HashMap<String, u32>);

impl Tokens {
    /// Returns the index of an id, which is the next free one for a new id.
    pub fn add(&mut self, id: &str) -> u32 {
        if let Some(&known) = self.0.get(id) {
            return known;
        }
        let index = self.0.len() as u32;
        self.0.insert(id.to_owned(), index);
        index
    }

    /// Returns the index of a known id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<u32> {
        self.0.get(id).copied()
    }

    /// Returns the number of ids.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no ids.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
