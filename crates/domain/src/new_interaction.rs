use chrono::{DateTime, Utc};

use crate::{DomainError, InteractionType, ResourceId, Signals, UserId};

/// An interaction as a caller reports it, before it is merged with earlier ones.
///
/// Each constructor documents the strength that [`InteractionRules`](crate::InteractionRules) gives
/// the interaction. `at` is the time of the interaction, or `None` if it is not known; the
/// constructors read no clock.
///
/// ```
/// use chrono::DateTime;
/// use docent_domain::{NewInteraction, ResourceId, UserId};
///
/// let (ada, book) = (UserId::new("ada")?, ResourceId::new("book-7")?);
/// let at = DateTime::UNIX_EPOCH;
/// let rated = NewInteraction::rating(&ada, &book, 4.5, at)?;
/// let read = NewInteraction::view(&ada, &book, at).dwell_seconds(240.0)?;
/// let collected = NewInteraction::collection_add(&ada, &book, None);
/// # Ok::<(), docent_domain::DomainError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NewInteraction {
    /// Id of the user who interacted.
    pub user_id: UserId,
    /// Id of the resource that the user interacted with.
    pub resource_id: ResourceId,
    /// Kind of action that the user took.
    pub interaction_type: InteractionType,
    /// Measurements that came with the action.
    pub signals: Signals,
    /// Time of the interaction; `None` if it is not known.
    pub at: Option<DateTime<Utc>>,
}

impl NewInteraction {
    /// Creates an interaction of any type, without signals.
    #[must_use]
    pub fn new(
        user_id: impl Into<UserId>,
        resource_id: impl Into<ResourceId>,
        interaction_type: InteractionType,
        at: impl Into<Option<DateTime<Utc>>>,
    ) -> Self {
        let (user_id, resource_id, at) = (user_id.into(), resource_id.into(), at.into());
        Self { user_id, resource_id, interaction_type, signals: Signals::default(), at }
    }

    /// Creates a view, with the strength
    /// `min(0.5, 0.1 + min(0.3, dwell_seconds / 1000) + 0.1 * scroll_depth)`.
    ///
    /// Without [`dwell_seconds`](Self::dwell_seconds) and [`scroll_depth`](Self::scroll_depth) the
    /// strength is 0.1, which is not positive.
    #[must_use]
    pub fn view(
        user_id: impl Into<UserId>,
        resource_id: impl Into<ResourceId>,
        at: impl Into<Option<DateTime<Utc>>>,
    ) -> Self {
        Self::new(user_id, resource_id, InteractionType::View, at)
    }

    /// Creates a rating of `stars`, with the strength `0.2 * stars`.
    ///
    /// More than 2 stars are positive. A rating of at most 2 stars is negative: the resource is not
    /// recommended to this user.
    ///
    /// # Errors
    /// Returns [`DomainError::OutOfRange`] unless `stars` is 0.5 to 5 in steps of 0.5.
    pub fn rating(
        user_id: impl Into<UserId>,
        resource_id: impl Into<ResourceId>,
        stars: f64,
        at: impl Into<Option<DateTime<Utc>>>,
    ) -> Result<Self, DomainError> {
        let mut rating = Self::new(user_id, resource_id, InteractionType::Rating, at);
        rating.signals.rating = Some(stars);
        rating.signals.check()?;
        Ok(rating)
    }

    /// Creates an annotation: the user wrote a note on the resource. Its strength is 0.7.
    #[must_use]
    pub fn annotation(
        user_id: impl Into<UserId>,
        resource_id: impl Into<ResourceId>,
        at: impl Into<Option<DateTime<Utc>>>,
    ) -> Self {
        Self::new(user_id, resource_id, InteractionType::Annotation, at)
    }

    /// Creates an addition of the resource to a collection of the user. Its strength is 0.8.
    #[must_use]
    pub fn collection_add(
        user_id: impl Into<UserId>,
        resource_id: impl Into<ResourceId>,
        at: impl Into<Option<DateTime<Utc>>>,
    ) -> Self {
        Self::new(user_id, resource_id, InteractionType::CollectionAdd, at)
    }

    /// Creates an export or a download of the resource. Its strength is 0.9.
    #[must_use]
    pub fn export(
        user_id: impl Into<UserId>,
        resource_id: impl Into<ResourceId>,
        at: impl Into<Option<DateTime<Utc>>>,
    ) -> Self {
        Self::new(user_id, resource_id, InteractionType::Export, at)
    }

    /// Creates a dismissal. Its strength is 0, and it is negative: the resource is not recommended
    /// to this user again unless a later positive interaction takes the dismissal back.
    #[must_use]
    pub fn dismiss(
        user_id: impl Into<UserId>,
        resource_id: impl Into<ResourceId>,
        at: impl Into<Option<DateTime<Utc>>>,
    ) -> Self {
        Self::new(user_id, resource_id, InteractionType::Dismiss, at)
    }

    /// Sets the time that the user spent on the resource.
    ///
    /// # Errors
    /// Returns [`DomainError::OutOfRange`] unless `seconds` is finite and at least 0.
    pub fn dwell_seconds(mut self, seconds: f64) -> Result<Self, DomainError> {
        self.signals.dwell_seconds = Some(seconds);
        self.signals.check()?;
        Ok(self)
    }

    /// Sets the share of the resource that the user scrolled through.
    ///
    /// # Errors
    /// Returns [`DomainError::OutOfRange`] unless `share` is in `[0, 1]`.
    pub fn scroll_depth(mut self, share: f64) -> Result<Self, DomainError> {
        self.signals.scroll_depth = Some(share);
        self.signals.check()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InteractionRules;

    fn ids() -> (UserId, ResourceId) {
        (UserId::new("ada").unwrap(), ResourceId::new("book").unwrap())
    }

    #[test]
    fn constructors_make_the_type_that_they_name_with_its_strength() {
        let ((user, resource), at) = (ids(), DateTime::UNIX_EPOCH);
        let view = NewInteraction::view(&user, &resource, at);
        for (new, kind, strength) in [
            (view.clone(), InteractionType::View, 0.1),
            (view.dwell_seconds(300.0).unwrap().scroll_depth(0.5).unwrap(), InteractionType::View, 0.45),
            (NewInteraction::rating(&user, &resource, 4.5, at).unwrap(), InteractionType::Rating, 0.9),
            (NewInteraction::annotation(&user, &resource, at), InteractionType::Annotation, 0.7),
            (NewInteraction::collection_add(&user, &resource, at), InteractionType::CollectionAdd, 0.8),
            (NewInteraction::export(&user, &resource, at), InteractionType::Export, 0.9),
            (NewInteraction::dismiss(&user, &resource, at), InteractionType::Dismiss, 0.0),
        ] {
            assert_eq!(
                (&new.user_id, &new.resource_id, &new.interaction_type, new.at),
                (&user, &resource, &kind, Some(at))
            );
            let found = InteractionRules::default().strength(&new.interaction_type, &new.signals).unwrap();
            assert!((found.value() - strength).abs() < 1e-12, "{kind}: {found:?}");
        }
    }

    #[test]
    fn an_interaction_may_have_no_time() {
        let (user, resource) = ids();
        assert_eq!(NewInteraction::view(&user, &resource, None).at, None);
        assert_eq!(NewInteraction::rating(&user, &resource, 4.5, None).unwrap().at, None);
    }

    #[test]
    fn values_out_of_range_are_refused_when_they_are_set() {
        let ((user, resource), at) = (ids(), DateTime::UNIX_EPOCH);
        let view = NewInteraction::view(user.clone(), resource.clone(), at);
        for refused in [
            view.clone().dwell_seconds(-1.0),
            view.clone().dwell_seconds(f64::NAN),
            view.clone().scroll_depth(1.1),
            view.scroll_depth(-0.1),
            NewInteraction::rating(&user, &resource, 0.0, at),
            NewInteraction::rating(&user, &resource, 3.3, at),
            NewInteraction::rating(&user, &resource, 5.5, at),
        ] {
            assert!(matches!(refused, Err(DomainError::OutOfRange { .. })), "{refused:?}");
        }
    }
}
