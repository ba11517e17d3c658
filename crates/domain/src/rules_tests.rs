use proptest::prelude::*;

use super::*;

fn signals(dwell: Option<f64>, scroll: Option<f64>, rating: Option<f64>) -> Signals {
    Signals { dwell_seconds: dwell, scroll_depth: scroll, rating, count: None }
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

proptest! {
    #[test]
    fn a_view_is_between_a_tenth_and_a_half(dwell in 0.0..1e6f64, scroll in 0.0..=1.0f64) {
        let strength = InteractionRules::default()
            .strength(&InteractionType::View, &signals(Some(dwell), Some(scroll), None)).unwrap();
        prop_assert!((0.1..=0.5).contains(&strength.value()));
    }
}

#[test]
fn a_count_gives_the_strength_of_anything_but_a_rating_or_a_dismissal() {
    let rules = InteractionRules::default();
    let counted = |kind, count| {
        let signals = Signals { count: Some(count), rating: Some(4.0), ..Signals::default() };
        rules.strength(&kind, &signals).map(Strength::value)
    };
    for (count, strength) in [(0.05, 0.0), (0.1, 0.0), (1.0, 0.5), (10.0, 0.75), (100.0, 0.875)] {
        assert_eq!(counted(InteractionType::Export, count), Ok(strength), "{count}");
    }
    assert_eq!(counted(InteractionType::Rating, 100.0), Ok(0.8));
    assert_eq!(counted(InteractionType::Dismiss, 100.0), Ok(0.0));
    assert!(counted(InteractionType::Custom("play".into()), 10.0).is_err());
    for count in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(counted(InteractionType::Export, count).is_err(), "{count}");
    }
}

#[test]
fn the_strengths_of_counts_are_a_setting() {
    let strength = |value| Strength::new(value).unwrap();
    let counts = CountRule { one: strength(0.2), ten: strength(0.6) };
    let rules = InteractionRules { counts, ..InteractionRules::default() };
    assert_eq!(rules.check(), Ok(()));
    for (count, expected) in [(1.0, 0.2), (10.0, 0.6), (100.0, 0.8), (1_000.0, 0.9)] {
        let signals = Signals { count: Some(count), ..Signals::default() };
        assert_eq!(rules.strength(&InteractionType::Export, &signals), Ok(strength(expected)), "{count}");
        assert!((counts.count(strength(expected)) / count - 1.0).abs() < 1e-6, "{count}");
    }
    for (one, ten) in [(0.5, 0.5), (0.6, 0.5), (0.5, 1.0)] {
        let counts = CountRule { one: strength(one), ten: strength(ten) };
        let refused = InteractionRules { counts, ..InteractionRules::default() }.check().unwrap_err();
        assert!(refused.to_string().starts_with("counts.ten: expected more than counts.one"), "{refused}");
    }
}

#[test]
fn a_strength_of_your_own_replaces_a_built_in_one() {
    let strength = |value| Strength::new(value).unwrap();
    let custom = [("view", 0.6), ("share", 0.7)].map(|(name, value)| (name.to_owned(), strength(value)));
    let rules = InteractionRules { custom: custom.into(), ..InteractionRules::default() };
    assert_eq!(rules.check(), Ok(()));
    for (kind, given, expected) in [
        (InteractionType::View, signals(None, None, None), 0.6),
        (InteractionType::View, signals(Some(2000.0), Some(1.0), None), 0.6),
        (InteractionType::Export, signals(None, None, None), 0.9),
        (InteractionType::Custom("share".into()), signals(None, None, None), 0.7),
    ] {
        assert_eq!(rules.strength(&kind, &given).unwrap(), strength(expected), "{kind}");
    }
    for kind in ["rating", "dismiss"] {
        let custom = [(kind.to_owned(), strength(0.5))].into();
        let rules = InteractionRules { custom, ..InteractionRules::default() };
        let refused = rules.check().unwrap_err().to_string();
        assert!(refused.starts_with(&format!("custom.{kind}: expected no strength")), "{refused}");
    }
}
