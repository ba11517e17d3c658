use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn at(time: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(time, 0).unwrap()
}

/// Makes likes of `(user, item, time)`.
fn likes(of: impl IntoIterator<Item = (u32, u32, Option<i64>)>) -> Vec<Like> {
    of.into_iter().map(|(user, item, time)| Like { user, item, strength: 1.0, at: time.map(at) }).collect()
}

/// Returns user and item of each like, which tell likes apart.
fn pairs(likes: &[Like]) -> Vec<(u32, u32)> {
    likes.iter().map(|like| (like.user, like.item)).collect()
}

/// Returns ten likes of each of 50 users, at the time that `time` gives an item.
fn ten_each(time: impl Fn(u32) -> Option<i64>) -> Vec<Like> {
    likes((0..500).map(|n| (n / 10, n % 10, time(n % 10))))
}

#[test]
fn without_an_order_the_holdout_is_drawn_by_the_seed_and_not_by_rows() {
    for time in [None, Some(7)] {
        let likes = ten_each(|_| time);
        let split = hold_out(&likes, 0.2, 1);
        assert_eq!((split.known.len(), split.test.len(), split.held_out), (400, 100, HeldOut::Random));
        let last_rows = split.test.iter().filter(|like| like.item >= 8).count();
        assert!(last_rows < 50, "{last_rows} of 100 are the last rows of their user");
        assert_eq!(pairs(&split.test), pairs(&hold_out(&likes, 0.2, 1).test));
        assert_ne!(pairs(&split.test), pairs(&hold_out(&likes, 0.2, 2).test));
    }
}

#[test]
fn with_an_order_the_latest_are_held_out_whatever_the_seed() {
    let mut likes = ten_each(|item| Some(100 - i64::from(item)));
    likes.sort_by_key(|like| (like.user, like.at));
    for seed in [1, 2] {
        let split = hold_out(&likes, 0.2, seed);
        assert_eq!((split.test.len(), split.held_out), (100, HeldOut::Latest));
        assert!(split.test.iter().all(|like| like.item < 2));
    }
}

#[test]
fn one_moment_splits_all_users_and_judges_those_with_likes_on_both_sides() {
    let likes = likes([
        (0, 0, Some(1)),
        (0, 1, Some(2)),
        (0, 2, Some(9)),
        (1, 0, Some(3)),
        (1, 1, Some(4)),
        (2, 0, Some(10)),
        (3, 0, None),
        (3, 1, Some(11)),
    ]);
    let Split { known, test, held_out, .. } = hold_out_since_moment(&likes, 0.4).unwrap();
    assert_eq!(held_out, HeldOut::Since(TimeSplit { moment: at(9), judged: 2, users: 4, undated: 1 }));
    assert_eq!(pairs(&known), [(0, 0), (0, 1), (1, 0), (1, 1), (3, 0)]);
    assert_eq!(pairs(&test), [(0, 2), (3, 1)], "user 2 has nothing before");
}

#[test]
fn equal_times_are_on_the_side_that_comes_closest_to_the_share() {
    let moment_of = |times: &[i64], share| {
        let times: Vec<DateTime<Utc>> = times.iter().copied().map(at).collect();
        moment(&times, share, times.len())
    };
    assert_eq!(moment_of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.2), Ok(at(9)));
    assert_eq!(moment_of(&[1, 2, 2, 2, 2, 2, 2, 2, 9, 10], 0.3), Ok(at(9)), "2 or 9 of 10, not 3");
    assert_eq!(moment_of(&[1, 2, 2, 2, 2, 2, 2, 2, 9, 10], 0.8), Ok(at(2)));
    assert_eq!(moment_of(&[1, 1, 1, 1, 2], 0.9), Ok(at(2)), "one side is never empty");
    assert_eq!(moment_of(&[1, 2, 2, 2, 2], 0.1), Ok(at(2)));
}

#[test]
fn positives_that_no_moment_splits_are_refused_with_the_reason() {
    let refused = |of: &[(u32, u32, Option<i64>)]| {
        hold_out_since_moment(&likes(of.iter().copied()), 0.2).map(|split| split.held_out).unwrap_err()
    };
    assert_eq!(refused(&[]), NoMoment::NoTimes { positives: 0 });
    assert_eq!(refused(&[(0, 0, None), (0, 1, None)]), NoMoment::NoTimes { positives: 2 });
    assert_eq!(refused(&[(0, 0, None), (0, 1, Some(5)), (1, 1, Some(5))]), NoMoment::OneTime { time: at(5) });
    let apart = refused(&[(0, 0, Some(1)), (0, 1, Some(2)), (1, 0, Some(86_400))]);
    assert_eq!(apart, NoMoment::NoUsers { moment: at(86_400) });
    assert_eq!(apart.to_string(), "no user has positives both before and since 1970-01-02T00:00:00Z");
}

proptest! {
    #[test]
    fn nothing_held_out_since_a_moment_is_older_than_anything_known(
        of in prop::collection::vec((0u32..6, prop::option::weighted(0.9, 0i64..30)), 1..80),
        share in 0.05..0.95f64,
    ) {
        let likes = likes((0u32..).zip(of).map(|(item, (user, time))| (user, item, time)));
        let Ok(Split { known, test, held_out: HeldOut::Since(split), .. }) = hold_out_since_moment(&likes, share)
        else {
            return Ok(());
        };
        prop_assert!(known.iter().all(|like| like.at.is_none_or(|at| at < split.moment)));
        prop_assert!(test.iter().all(|like| like.at.is_some_and(|at| at >= split.moment)));
        let users = |likes: &[Like]| likes.iter().map(|like| like.user).collect::<HashSet<u32>>();
        prop_assert!(users(&test).is_subset(&users(&known)));
        prop_assert_eq!(users(&test).len(), split.judged);
        let later = likes.iter().filter(|like| like.at.is_some_and(|at| at >= split.moment)).count();
        prop_assert_eq!(known.len() + later, likes.len());
        // But for rounding, no other moment comes closer to the share.
        let dated = likes.len() - split.undated;
        let aim = (share * dated as f64).floor();
        let off = |later: usize| (later as f64 - aim).abs();
        for other in likes.iter().filter_map(|like| like.at) {
            let since = likes.iter().filter(|like| like.at.is_some_and(|at| at >= other)).count();
            prop_assert!(since == dated || off(later) <= off(since) + 2.0);
        }
    }
}
