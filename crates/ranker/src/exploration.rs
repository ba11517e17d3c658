use crate::Ranked;

/// From how many of the best that nobody chose yet an answer takes what it explores.
const EXPLORED_FROM: usize = 100;

/// How many places of an answer are for resources that nobody has interacted with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exploration {
    /// Places, of which those count that such a resource takes by its score.
    pub places: usize,
    /// Decides which resources take them: the same seed and candidates, the same resources.
    pub seed: u64,
}

impl Exploration {
    /// A share of the places of an answer. Where it is not a whole number, the seed decides whether it is rounded up, so
    /// that over many seeds the share is exact. The first place is never among them.
    #[must_use]
    pub fn of(share: f64, limit: usize, seed: u64) -> Self {
        let places = share.clamp(0.0, 1.0) * limit as f64;
        let drawn = (mixed(seed, u32::MAX) >> 11) as f64 / (1u64 << 53) as f64;
        let places = places.floor() as usize + usize::from(places.fract() > drawn);
        Self { places: places.min(limit.saturating_sub(1)), seed }
    }
}

/// Gives the last places of an answer to resources that nobody chose yet, until there are as many of them as asked for.
/// `answer` and `rest` are by descending score; what moves is taken out of `rest`.
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
    let unchosen = rest.iter().filter(|ranked| is_unchosen(ranked)).take(EXPLORED_FROM);
    let mut drawn: Vec<Ranked> = unchosen.copied().collect();
    drawn.sort_unstable_by_key(|ranked| (mixed(exploration.seed, ranked.key), ranked.key));
    drawn.truncate(missing);
    let known = answer.iter_mut().skip(1).rev().filter(|ranked| !is_unchosen(ranked));
    for (known, drawn) in known.zip(drawn) {
        *known = Ranked { explored: true, ..drawn };
        rest.retain(|ranked| ranked.key != drawn.key);
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, 2014) over seed and key.
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
    fn a_share_that_is_no_whole_number_of_places_is_exact_over_many_seeds() {
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
