//! Sampling of impressions while more arrive than the store keeps up with: whole answers, chosen by
//! a hash of their id, so that what is kept is a fair sample and its share is known.

/// Eighths of the queue that may be filled before answers are left out.
const FREE_EIGHTHS: usize = 4;
/// Shares of answers that are kept, by the eighths of the queue that are filled beyond those.
const SHARES: [f64; 4] = [0.5, 0.25, 0.0625, 0.015_625];

/// Returns the share of answers to keep when `queued` of `capacity` answers wait: 1 up to half, and
/// the less the fuller the queue is.
pub(crate) fn share(queued: usize, capacity: usize) -> f64 {
    let filled = queued.saturating_mul(2 * FREE_EIGHTHS) / capacity.max(1);
    let beyond = filled.checked_sub(FREE_EIGHTHS);
    beyond.map_or(1.0, |place| SHARES.get(place).or(SHARES.last()).copied().unwrap_or(1.0))
}

/// Returns true if an answer is among this share of all. An answer among a share is among every
/// larger one. The first eight bytes of the BLAKE3 hash, read as a number in [0, 1), decide.
pub(crate) fn is_kept(recommendation_id: &str, share: f64) -> bool {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(recommendation_id.as_bytes()).as_bytes();
    let place = u64::from_be_bytes([a, b, c, d, e, f, g, h]) as f64 / 2f64.powi(64);
    share >= 1.0 || place < share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_falls_as_the_queue_fills() {
        for (queued, expected) in [
            (0, 1.0),
            (499, 1.0),
            (500, 0.5),
            (625, 0.25),
            (750, 0.0625),
            (875, 0.015_625),
            (1_000, 0.015_625),
        ] {
            assert_eq!(share(queued, 1_000), expected, "{queued}");
        }
        assert_eq!(share(1, 1), 0.015_625, "a queue of one is full");
        assert_eq!(share(0, 0), 1.0);
    }

    #[test]
    fn a_share_is_that_share_of_answers_and_part_of_every_larger_one() {
        let ids: Vec<String> = (0..20_000).map(|n| format!("01JZ{n:022}")).collect();
        let mut larger: Vec<&String> = ids.iter().filter(|id| is_kept(id, 1.0)).collect();
        assert_eq!(larger.len(), ids.len());
        for share in SHARES {
            let kept: Vec<&String> = ids.iter().filter(|id| is_kept(id, share)).collect();
            assert!(kept.iter().all(|id| larger.contains(id)), "{share}");
            let (expected, error) = (share * 20_000.0, 5.0 * (share * 20_000.0).sqrt());
            assert!((kept.len() as f64 - expected).abs() < error, "{} of {share}", kept.len());
            larger = kept;
        }
    }
}
