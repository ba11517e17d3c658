use proptest::prelude::*;

use super::*;

fn signals(dwell: Option<f64>, scroll: Option<f64>, rating: Option<f64>) -> Signals {
    Signals { dwell_seconds: dwell, scroll_depth: scroll, rating }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn rating(stars: f64, seconds: i64) -> Interaction {
    let new = NewInteraction {
        user_id: UserId::new("u").unwrap(),
        resource_id: ResourceId::new("r").unwrap(),
        interaction_type: InteractionType::Rating,
        signals: signals(None, None, Some(stars)),
        at: at(seconds),
    };
    Interaction::first(&new, &InteractionRules::default()).unwrap()
}

#[test]
fn strengths_follow_the_table() {
    use InteractionType::{Annotation, CollectionAdd, Dismiss, Export, Rating, View};
    let rules = InteractionRules::default();
    for (kind, given, expected, positive) in [
        (View, signals(None, None, None), 0.1, false),
        (View, signals(Some(500.0), None, None), 0.4, false),
        (View, signals(None, Some(0.8), None), 0.18, false),
        (View, signals(Some(300.0), Some(0.5), None), 0.45, true),
        (View, signals(Some(2000.0), Some(1.0), None), 0.5, true),
        (View, signals(Some(45.0), Some(0.8), None), 0.225, false),
        (View, signals(Some(200.0), Some(1.0), None), 0.4, false),
        (Annotation, signals(None, None, None), 0.7, true),
        (CollectionAdd, signals(None, None, None), 0.8, true),
        (Export, signals(None, None, None), 0.9, true),
        (Rating, signals(None, None, Some(1.0)), 0.2, false),
        (Rating, signals(None, None, Some(2.0)), 0.4, false),
        (Rating, signals(None, None, Some(2.5)), 0.5, true),
        (Rating, signals(None, None, Some(3.0)), 0.6, true),
        (Rating, signals(None, None, Some(5.0)), 1.0, true),
        (Dismiss, signals(None, None, None), 0.0, false),
    ] {
        let strength = rules.strength(&kind, &given).unwrap();
        assert!((strength.value() - expected).abs() < 1e-12, "{kind} {given:?}: {strength:?}");
        assert_eq!(strength.is_positive(), positive, "{kind} {given:?}");
    }
}

#[test]
fn signals_out_of_range_are_refused() {
    let rules = InteractionRules::default();
    for given in [
        signals(Some(-1.0), None, None),
        signals(Some(f64::NAN), None, None),
        signals(Some(f64::INFINITY), None, None),
        signals(None, Some(1.1), None),
        signals(None, Some(-0.1), None),
        signals(None, None, Some(0.0)),
        signals(None, None, Some(5.5)),
        signals(None, None, Some(3.3)),
    ] {
        let refused = rules.strength(&InteractionType::View, &given);
        assert!(matches!(refused, Err(DomainError::OutOfRange { .. })), "{given:?}: {refused:?}");
    }
}

#[test]
fn a_rating_needs_stars() {
    let refused = InteractionRules::default().strength(&InteractionType::Rating, &Signals::default());
    assert!(matches!(refused, Err(DomainError::Missing { field: "rating", .. })));
}

#[test]
fn teams_add_types_with_strengths_of_their_own() {
    let share = InteractionType::from("share".to_owned());
    let mut rules = InteractionRules::default();
    let refused = rules.strength(&share, &Signals::default()).unwrap_err().to_string();
    assert!(refused.contains("\"share\"") && refused.contains("collection_add"), "{refused}");
    rules.custom.insert("share".into(), Strength::new(0.85).unwrap());
    assert_eq!(rules.strength(&share, &Signals::default()).unwrap().value(), 0.85);
}

#[test]
fn a_repeat_adds_a_visit_keeps_the_larger_strength_and_the_newer_time() {
    let merged = rating(4.0, 0).repeated(&rating(3.0, 10));
    assert_eq!((merged.return_visits, merged.strength.value()), (1, 0.8));
    assert_eq!((merged.first_at, merged.last_at, merged.signals.rating), (at(0), at(10), Some(3.0)));
    assert!((merged.confidence() - 0.6).abs() < 1e-12);
}

#[test]
fn a_signal_that_is_not_given_is_not_overwritten() {
    let mut first = rating(4.0, 0);
    first.signals.dwell_seconds = Some(12.0);
    assert_eq!(first.repeated(&rating(5.0, 1)).signals, signals(Some(12.0), None, Some(5.0)));
}

#[test]
fn two_stars_or_less_are_negative_and_a_lowered_rating_is_not_positive() {
    assert!(rating(2.0, 0).is_negative() && !rating(2.5, 0).is_negative());
    let lowered = rating(5.0, 0).repeated(&rating(1.0, 1));
    assert!(lowered.is_negative() && !lowered.is_positive());
    assert_eq!(lowered.strength.value(), 1.0);
}

#[test]
fn confidence_grows_with_visits_and_stops_at_one() {
    for (visits, strength, expected) in [(0, 0.1, 0.05), (1, 0.6, 0.5), (3, 1.0, 1.0), (90, 0.0, 1.0)] {
        assert!((confidence(visits, Strength::new(strength).unwrap()) - expected).abs() < 1e-12);
    }
}

proptest! {
    #[test]
    fn repeats_give_the_same_counts_strength_and_times_in_any_order(
        events in prop::collection::vec((1u8..=10, 0i64..1000), 1..20), shuffle in any::<u64>(),
    ) {
        let fold = |events: &[(u8, i64)]| {
            let mut all = events.iter().map(|&(halves, t)| rating(f64::from(halves) / 2.0, t));
            let first = all.next().unwrap();
            all.fold(first, |known, repeat| known.repeated(&repeat))
        };
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|&(halves, t)| (u64::from(halves) * 31 + t.unsigned_abs()).wrapping_mul(shuffle | 1));
        let (a, b) = (fold(&events), fold(&shuffled));
        prop_assert_eq!((a.return_visits, a.strength, a.first_at, a.last_at), (b.return_visits, b.strength, b.first_at, b.last_at));
        prop_assert_eq!(a.return_visits as usize, events.len() - 1);
    }

    #[test]
    fn a_view_is_between_a_tenth_and_a_half(dwell in 0.0..1e6f64, scroll in 0.0..=1.0f64) {
        let strength = InteractionRules::default()
            .strength(&InteractionType::View, &signals(Some(dwell), Some(scroll), None)).unwrap();
        prop_assert!((0.1..=0.5).contains(&strength.value()));
    }
}
