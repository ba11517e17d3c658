use docent_domain::UserId;

/// Returns the hash that represents a user in tables that must not name one: the first eight bytes
/// of the BLAKE3 hash of the external id, big-endian. Never 0, which represents no user. A contract
/// of the stored data: it never changes.
#[must_use]
pub fn hash_of_user(external_id: &str) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(external_id.as_bytes()).as_bytes();
    match i64::from_be_bytes([a, b, c, d, e, f, g, h]) {
        0 => 1,
        hash => hash,
    }
}

/// Returns the hash of a user in hexadecimal, which names a user in the audit log. It cannot be
/// turned back into the id, but an id that is known can be compared with it.
#[must_use]
pub fn user_reference(user: &UserId) -> String {
    format!("user:{:016x}", hash_of_user(user.as_str()))
}
