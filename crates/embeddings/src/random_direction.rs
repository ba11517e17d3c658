//! Random directions drawn from a stable hash.

/// Fills `out` with a unit vector of numbers `±1/sqrt(out.len())`, whose signs are the bits of the
/// BLAKE3 hash (extendable output) of `key`.
///
/// The directions of two keys are almost orthogonal (Achlioptas 2003, "Database-friendly random
/// projections"). A key has the same direction on every machine and in every version; a seeded
/// generator would not guarantee that.
pub(crate) fn fill_random_direction(key: &[u8], out: &mut [f32]) {
    const BLOCK_BYTES: usize = 64;
    let magnitude = 1.0 / (out.len() as f32).sqrt();
    let mut bits = blake3::Hasher::new().update(key).finalize_xof();
    let mut block = [0u8; BLOCK_BYTES];
    for lanes in out.chunks_mut(BLOCK_BYTES * 8) {
        bits.fill(&mut block);
        for (byte, eight) in block.iter().zip(lanes.chunks_mut(8)) {
            for (bit, value) in eight.iter_mut().enumerate() {
                *value = if byte >> bit & 1 == 1 { magnitude } else { -magnitude };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_linalg::dot;

    fn direction(key: &str, dim: usize) -> Vec<f32> {
        let mut out = vec![0.0; dim];
        fill_random_direction(key.as_bytes(), &mut out);
        out
    }

    #[test]
    fn directions_have_unit_norm_in_any_dimension() {
        for dim in [1, 7, 128, 600] {
            let vector = direction("word", dim);
            assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5, "dim {dim}");
        }
    }

    #[test]
    fn different_keys_are_almost_orthogonal_and_equal_keys_equal() {
        assert_eq!(direction("word", 128), direction("word", 128));
        let mean_square = (0..200)
            .map(|n| dot(&direction("word", 128), &direction(&format!("other{n}"), 128)).powi(2))
            .sum::<f32>()
            / 200.0;
        assert!((0.5..1.7).contains(&(mean_square * 128.0)), "{mean_square}");
    }

    #[test]
    fn the_direction_of_a_word_never_changes_between_versions() {
        let signs: String =
            direction("docent", 16).iter().map(|x| if *x > 0.0 { '+' } else { '-' }).collect();
        assert_eq!(signs, "--+-+-++--+----+");
    }
}
