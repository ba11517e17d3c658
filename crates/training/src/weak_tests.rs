use chrono::DateTime;
use docent_domain::scattered;

use super::*;
use crate::holdout::{hold_out, split};

const USERS: u32 = 300;
const GROUPS: u32 = 15;
const ITEMS_OF_GROUP: u32 = 30;
const ITEMS: u32 = GROUPS * ITEMS_OF_GROUP;

fn like(user: u32, item: u32, time: i64) -> Like {
    Like { user, item, strength: 1.0, at: DateTime::from_timestamp(time, 0) }
}

fn view() -> InteractionType {
    InteractionType::View
}

/// Users with four likes anywhere, and then six within their group of items.
fn likes() -> Vec<Like> {
    let mut likes = Vec::new();
    for user in 0..USERS {
        let first = scattered(u64::from(user), 0, 1) as u32;
        likes.extend((0..10).map(|n| {
            let anywhere = scattered(u64::from(user), u64::from(n), 3) as u32 % ITEMS;
            let in_group = first.wrapping_add(n * 7) % ITEMS_OF_GROUP * GROUPS + user % GROUPS;
            like(user, if n < 4 { anywhere } else { in_group }, i64::from(n) * 10)
        }));
    }
    sort_by_time(&mut likes);
    likes
}

/// Twenty views of each user: within their group, or anywhere.
fn views(likes: &[Like], is_in_group: bool) -> Weak {
    let liked: std::collections::HashSet<(u32, u32)> =
        likes.iter().map(|like| (like.user, like.item)).collect();
    let drawn = (0..USERS).flat_map(|user| (0..20u64).map(move |n| (user, n)));
    let views = drawn.map(|(user, n)| {
        let at = scattered(u64::from(user), n, 2) as u32 % ITEMS;
        let item = if is_in_group { at / GROUPS * GROUPS + user % GROUPS } else { at };
        like(user, item, 5)
    });
    Weak(BTreeMap::from([(view(), views.filter(|view| !liked.contains(&(view.user, view.item))).collect())]))
}

fn chosen(weak: &Weak, likes: &[Like], stated: &TypeWeights) -> f32 {
    let outer = hold_out(likes, 0.2, 1);
    let inner = split(&outer.known, 0.1);
    let settings = FitSettings::default();
    let weights = weak.choose(&[&outer, &inner], stated, ITEMS as usize, &settings).unwrap();
    assert_eq!(weights.keys().collect::<Vec<_>>(), [&view()]);
    weights[&view()]
}

#[test]
fn views_get_a_weight_where_they_tell_of_the_next_like_and_none_where_they_do_not() {
    let likes = likes();
    let none = TypeWeights::new();
    assert!(chosen(&views(&likes, true), &likes, &none) > 0.0);
    assert_eq!(chosen(&views(&likes, false), &likes, &none), 0.0);
    let stated = TypeWeights::from([(view(), 0.2)]);
    assert_eq!(chosen(&views(&likes, false), &likes, &stated), 0.2);
}

#[test]
fn a_large_store_is_judged_by_a_sample_of_its_users() {
    let likes = likes();
    let (events, test) = sample_of_users(Cow::Borrowed(&likes), &likes[..20], 1_000);
    let (users, of_test): (Vec<u32>, Vec<u32>) =
        (events.iter().map(|like| like.user).collect(), test.iter().map(|like| like.user).collect());
    // Of 3,000 events of 300 users, every third user has 1,000.
    assert_eq!((users.len(), users.iter().all(|user| user % 3 == 0)), (1_000, true));
    assert_eq!(of_test, [0; 10]);
    let (all, _) = sample_of_users(Cow::Borrowed(&likes), &[], 3_000);
    assert_eq!(all.len(), 3_000);
}

#[test]
fn the_largest_weight_of_a_pair_counts_and_what_came_after_a_held_out_like_does_not() {
    let likes: Vec<Like> = (0..5).map(|n| like(0, n, i64::from(n))).collect();
    let click = InteractionType::Custom("click".into());
    let weak = Weak(BTreeMap::from([
        (view(), vec![like(0, 10, 1), like(0, 11, 4), like(1, 10, 9)]),
        (click.clone(), vec![like(0, 10, 2)]),
    ]));
    let weights = TypeWeights::from([(view(), 0.1), (click, 0.3)]);
    let of = |events: &[Like]| events.iter().map(|e| (e.user, e.item, e.strength)).collect::<Vec<_>>();
    let all = weak.with_likes(&likes[..1], &weights, &[]);
    assert_eq!(of(&all), [(0, 0, 1.0), (0, 10, 0.3), (0, 11, 0.1), (1, 10, 0.1)]);
    let held_out = hold_out(&likes, 0.2, 1);
    assert_eq!(held_out.test.len(), 1);
    let known = weak.with_likes(&likes[..1], &weights, &[&held_out]);
    assert_eq!(of(&known), [(0, 0, 1.0), (0, 10, 0.3), (1, 10, 0.1)]);
    assert_eq!(weak.with_likes(&likes, &TypeWeights::from([(view(), 0.0)]), &[]).len(), likes.len());
}
