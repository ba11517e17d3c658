use serde::{Deserialize, Serialize};

/// Protocol that a model is meant for, and NDCG at `k` under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "protocol")]
pub enum Objective {
    /// The best of the whole catalogue.
    Full {
        /// Length of the list.
        k: usize,
    },
    /// The best among one held-out item and items drawn at random, as in leave-one-out evaluation.
    Sampled {
        /// Number of items drawn.
        negatives: usize,
        /// Length of the list.
        k: usize,
    },
}

impl Objective {
    /// Returns the NDCG of one relevant item at `rank` (from 0) among `among` others.
    ///
    /// For [`Objective::Sampled`] this is the expectation over the draws. Each of the `n` negatives
    /// ranks above the item with probability `p = rank / among`, so the item's place `j` is
    /// binomial: `sum over j < k of C(n, j) p^j (1 - p)^(n - j) / log2(j + 2)`. The loop multiplies
    /// from term to term by `p / (1 - p) * (n - j) / (j + 1)`.
    #[must_use]
    pub fn gain(self, rank: usize, among: usize) -> f64 {
        match self {
            Self::Full { k } if rank < k => discount(rank),
            Self::Full { .. } => 0.0,
            Self::Sampled { negatives, k } => {
                let above = (rank as f64 / among.max(1) as f64).clamp(0.0, 1.0);
                if above >= 1.0 {
                    return if k > negatives { discount(negatives) } else { 0.0 };
                }
                let odds = above / (1.0 - above);
                let mut probability = (1.0 - above).powi(i32::try_from(negatives).unwrap_or(i32::MAX));
                let mut gain = 0.0;
                for place in 0..k.min(negatives + 1) {
                    gain += probability * discount(place);
                    probability *= odds * (negatives - place) as f64 / (place + 1) as f64;
                }
                gain
            }
        }
    }
}

/// Returns the discount of NDCG for a rank from 0.
fn discount(rank: usize) -> f64 {
    1.0 / (rank as f64 + 2.0).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gain_of_a_sampled_rank_is_its_expectation() {
        let sampled = Objective::Sampled { negatives: 2, k: 2 };
        // Above with chance 1/4: first with 9/16, second with 6/16.
        let expected = 9.0 / 16.0 + 6.0 / 16.0 / 3f64.log2();
        assert!((sampled.gain(1, 4) - expected).abs() < 1e-12);
        assert_eq!(sampled.gain(0, 4), 1.0);
        assert_eq!(sampled.gain(4, 4), 0.0);
        let full = Objective::Full { k: 2 };
        assert_eq!([full.gain(0, 9), full.gain(2, 9)], [1.0, 0.0]);
    }
}
