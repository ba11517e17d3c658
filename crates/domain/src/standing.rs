use crate::Interaction;

/// The last word of a user on a resource, over all types of interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The newest word is a positive interaction.
    Positive,
    /// The user interacted with it, but neither liked nor rejected it.
    Neutral,
    /// The newest word is a dismissal or a rating of at most 2 stars.
    Negative,
}

impl Standing {
    /// Returns the standing by the times of the newest positive and of the newest negative
    /// interaction; `None` where there is none. An unknown time, an inner `None`, is older than any
    /// known one. At equal times the negative one stands: nothing says that it was taken back.
    ///
    /// ```
    /// use docent_domain::Standing;
    ///
    /// let (dismissed, liked) = (Some(1), Some(2));
    /// assert_eq!(Standing::newest(Some(liked), Some(dismissed)), Standing::Positive);
    /// assert_eq!(Standing::newest(Some(None), Some(dismissed)), Standing::Negative);
    /// ```
    #[must_use]
    pub fn newest<T: Ord>(positive: Option<Option<T>>, negative: Option<Option<T>>) -> Self {
        match (positive, negative) {
            (Some(positive), Some(negative)) if positive > negative => Self::Positive,
            (_, Some(_)) => Self::Negative,
            (Some(_), None) => Self::Positive,
            (None, None) => Self::Neutral,
        }
    }

    /// Returns the standing by the interactions of one user with one resource, one of each type.
    #[must_use]
    pub fn of(interactions: &[Interaction]) -> Self {
        let positive = interactions.iter().filter(|interaction| interaction.is_positive());
        let negative = interactions.iter().filter(|interaction| interaction.is_negative());
        Self::newest(positive.map(|of| of.positive_at).max(), negative.map(|of| of.last_at).max())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_likes_and_dislikes_is_the_last_word() {
        for (positive, negative, expected) in [
            (None, None, Standing::Neutral),
            (Some(Some(1)), None, Standing::Positive),
            (Some(None), None, Standing::Positive),
            (None, Some(Some(1)), Standing::Negative),
            (None, Some(None), Standing::Negative),
            (Some(Some(2)), Some(Some(1)), Standing::Positive),
            (Some(Some(1)), Some(Some(2)), Standing::Negative),
            (Some(Some(1)), Some(Some(1)), Standing::Negative),
            (Some(Some(1)), Some(None), Standing::Positive),
            (Some(None), Some(Some(1)), Standing::Negative),
            (Some(None), Some(None), Standing::Negative),
        ] {
            assert_eq!(Standing::newest(positive, negative), expected, "{positive:?} {negative:?}");
        }
    }
}
