use crate::Ranked;

/// Number of the best unchosen resources among which exploration draws.
pub(crate) const POOL_SIZE: usize = 100;

/// The places of an answer that are kept for resources no user has interacted with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exploration {
    /// Number of places. Resources that earn a place by their score count as well.
    pub places: usize,
    /// Seed of the draw: the same seed and candidates give the same resources.
    pub seed: u64,
}

impl Exploration {
    /// Keeps a `share` of the `limit` places of an answer, but never the first place.
    ///
    /// The seed decides whether a fraction of a place is rounded up, so that the share is exact
    /// over many seeds.
    #[must_use]
    pub fn of(share: f64, limit: usize, seed: u64) -> Self {
        let places = share.clamp(0.0, 1.0) * limit as f64;
        let drawn = (mixed(seed, u32::MAX) >> 11) as f64 / (1u64 << 53) as f64;
        let places = places.floor() as usize + usize::from(places.fract() > drawn);
        Self { places: places.min(limit.saturating_sub(1)), seed }
    }
}

/// Replaces the last chosen resources of `answer` by unchosen ones from `rest` until the answer has
/// `exploration.places` unchosen resources. Both lists are in descending order of scores; resources
/// that move into the answer are removed from `rest`.
pub(crate) fn explore(
    answer: &mut [Ranked],
    rest: &mut Vec<Ranked>,
    exploration: Exploration,
    is_unchosen: impl Fn(&Ranked) -> bool,
) {
    let already = answer.iter().filter(|ranked| is_unchosen(ranked)).count();
    let missing = exploration.places.saturating_sub(already);
    if missing == 0 {
        return;
    }
    let unchosen = rest.iter().filter(|ranked| is_unchosen(ranked)).take(POOL_SIZE);
    let mut drawn: Vec<Ranked> = unchosen.copied().collect();
    drawn.sort_unstable_by_key(|ranked| (mixed(exploration.seed, ranked.key), ranked.key));
    drawn.truncate(missing);
    let known = answer.iter_mut().skip(1).rev().filter(|ranked| !is_unchosen(ranked));
    for (known, drawn) in known.zip(drawn) {
        *known = Ranked { explored: true, ..drawn };
        rest.retain(|ranked| ranked.key != drawn.key);
    }
}

/// Hashes seed and key by the finaliser of `SplitMix64` (Steele, Lea and Flood, 2014).
fn mixed(seed: u64, key: u32) -> u64 {
    let mut z = seed.wrapping_add(u64::from(key).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_place_is_exact_over_many_seeds() {
        for (share, limit) in [(0.05, 10), (0.05, 20), (0.3, 7), (0.0, 20)] {
            let places: usize = (0..4_000).map(|seed| Exploration::of(share, limit, seed).places).sum();
            let mean = places as f64 / 4_000.0;
            assert!((mean - share * limit as f64).abs() < 0.03, "{share} of {limit}: {mean}");
        }
    }

    #[test]
    fn the_first_place_is_never_explored() {
        assert_eq!(Exploration::of(1.0, 1, 7).places, 0);
        assert_eq!(Exploration::of(1.0, 5, 7).places, 4);
    }
}
