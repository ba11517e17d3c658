use proptest::prelude::*;

use super::*;
use crate::{ResourceId, UserId};

fn signals(dwell: Option<f64>, scroll: Option<f64>, rating: Option<f64>) -> Signals {
    Signals { dwell_seconds: dwell, scroll_depth: scroll, rating, count: None }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn rating(stars: f64, seconds: impl Into<Option<i64>>) -> Interaction {
    let (user, resource) = (UserId::new("u").unwrap(), ResourceId::new("r").unwrap());
    let new = NewInteraction::rating(user, resource, stars, seconds.into().map(at)).unwrap();
    Interaction::first(&new, &InteractionRules::default()).unwrap()
}

fn view(dwell_seconds: f64, seconds: i64) -> Interaction {
    let (user, resource) = (UserId::new("u").unwrap(), ResourceId::new("r").unwrap());
    let new = NewInteraction::view(user, resource, at(seconds)).dwell_seconds(dwell_seconds).unwrap();
    Interaction::first(&new, &InteractionRules::default()).unwrap()
}

#[test]
fn a_repeat_adds_a_visit_keeps_the_larger_strength_and_the_newer_time() {
    let merged = view(300.0, 0).repeated(&view(100.0, 10));
    assert_eq!((merged.return_visits, merged.strength.value()), (1, 0.4));
    assert_eq!(
        (merged.first_at, merged.last_at, merged.signals.dwell_seconds),
        (Some(at(0)), Some(at(10)), Some(100.0))
    );
    assert!((merged.confidence() - 0.4).abs() < 1e-12);
}

#[test]
fn the_newest_rating_stands_up_or_down_in_whichever_order_it_arrives() {
    for (first, repeat, stars) in [
        (rating(5.0, 0), rating(3.0, 10), 3.0),
        (rating(3.0, 0), rating(5.0, 10), 5.0),
        (rating(3.0, 10), rating(5.0, 0), 3.0),
        (rating(1.0, 0), rating(4.0, 0), 4.0),
    ] {
        let merged = first.repeated(&repeat);
        assert_eq!((merged.signals.rating, merged.strength), (Some(stars), rating(stars, 0).strength));
        assert_eq!((merged.return_visits, merged.is_positive()), (1, true));
    }
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
    assert_eq!(lowered.strength.value(), 0.2);
}

#[test]
fn a_time_beats_none_and_none_replaces_nothing() {
    for (known, repeat, stars, times) in [
        (rating(4.0, None), rating(3.0, 5), 3.0, Some(at(5))),
        (rating(4.0, 5), rating(3.0, None), 4.0, Some(at(5))),
        (rating(4.0, None), rating(3.0, None), 3.0, None),
    ] {
        let merged = known.repeated(&repeat);
        assert_eq!((merged.return_visits, merged.signals.rating), (1, Some(stars)));
        assert_eq!((merged.first_at, merged.last_at), (times, times));
    }
}

/// Merges views of `(dwell of 100 seconds, seconds)` in order.
fn merged(events: &[(u8, Option<i64>)]) -> Interaction {
    let mut all = events.iter().map(|&(dwell, t)| Interaction {
        first_at: t.map(at),
        last_at: t.map(at),
        ..view(100.0 * f64::from(dwell), 0)
    });
    let first = all.next().unwrap();
    all.fold(first, |known, repeat| known.repeated(&repeat))
}

proptest! {
    #[test]
    fn repeats_give_the_same_counts_strength_and_times_in_any_order(
        events in prop::collection::vec((1u8..=10, prop::option::of(0i64..1000)), 1..20), shuffle in any::<u64>(),
    ) {
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|&(halves, t)| (u64::from(halves) * 31 + t.unwrap_or(7).unsigned_abs()).wrapping_mul(shuffle | 1));
        let (a, b) = (merged(&events), merged(&shuffled));
        prop_assert_eq!((a.return_visits, a.strength, a.first_at, a.last_at), (b.return_visits, b.strength, b.first_at, b.last_at));
        prop_assert_eq!(a.return_visits as usize, events.len() - 1);
    }
}
