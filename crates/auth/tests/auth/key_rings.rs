use chrono::{DateTime, Utc};
use docent_auth::{ApiKey, KeyRecord, KeyRefusal, KeyRing, RANDOM_BYTES, Scope};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap_or_default()
}

#[test]
fn only_live_keys_are_accepted() {
    let key = ApiKey::from_random(&[1; RANDOM_BYTES]);
    let record = KeyRecord::new(&key, "shop", Scope::Write.into());
    let mut same_id = [1; RANDOM_BYTES];
    same_id[RANDOM_BYTES - 1] = 2;
    let same_id = ApiKey::from_random(&same_id);
    assert_eq!(same_id.id(), key.id());
    let expiring = KeyRecord { expires_at: Some(at(10)), ..record.clone() };
    let revoked = KeyRecord { revoked_at: Some(at(0)), ..expiring.clone() };
    for (record, key, now, expected) in [
        (&record, &key, at(0), Ok(())),
        (&record, &same_id, at(0), Err(KeyRefusal::Unknown)),
        (&record, &ApiKey::from_random(&[3; RANDOM_BYTES]), at(0), Err(KeyRefusal::Unknown)),
        (&expiring, &key, at(9), Ok(())),
        (&expiring, &key, at(10), Err(KeyRefusal::Expired)),
        (&expiring, &same_id, at(10), Err(KeyRefusal::Unknown)),
        (&revoked, &key, at(11), Err(KeyRefusal::Revoked)),
        (&revoked, &same_id, at(11), Err(KeyRefusal::Unknown)),
    ] {
        let ring = KeyRing::new([record.clone()]);
        assert!(!ring.is_empty());
        assert_eq!(ring.authenticate(key, now).map(|_| ()), expected);
    }
    assert!(KeyRing::default().is_empty());
}

#[test]
fn two_keys_of_one_name_are_valid_at_once() {
    let [old, new] = [ApiKey::from_random(&[1; RANDOM_BYTES]), ApiKey::from_random(&[2; RANDOM_BYTES])];
    let ring = KeyRing::new([&old, &new].map(|key| KeyRecord::new(key, "shop", Scope::Write.into())));
    assert!(ring.authenticate(&old, at(0)).is_ok() && ring.authenticate(&new, at(0)).is_ok());
}
