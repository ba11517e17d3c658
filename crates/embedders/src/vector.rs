//! Ids and vectors, made in the same way by every embedder of this crate.

/// Version of the conversion from documents to text, part of every fingerprint. Raise it whenever a
/// document becomes another text: older vectors then no longer fit.
const TEXT_VERSION: u32 = 1;

/// Returns 16 hexadecimal digits of a BLAKE3 hash over everything that the vectors of an embedder
/// depend on.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&TEXT_VERSION.to_le_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_hex().chars().take(16).collect()
}

/// Scales a vector to unit norm; `None` when it is zero or not finite.
pub(crate) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    docent_linalg::normalise(&mut vector).then_some(vector)
}
