use proptest::prelude::*;

use docent_auth::{ApiKey, KEY_PREFIX, MalformedKey, RANDOM_BYTES};

#[test]
fn a_key_never_changes_its_format() {
    let key = ApiKey::from_random(&std::array::from_fn(|at| at as u8));
    assert_eq!(key.reveal(), "docent_sk_0018wom03MLGH5HKmc8V6ZykihvLeoDzMezpn4nc0Uqs8z");
    assert_eq!(key.id(), "0018wom");
    assert_eq!(format!("{key:?}"), "ApiKey(docent_sk_0018wom...)");
    assert_eq!(key.digest().len(), 64);
}

#[test]
fn what_is_no_key_is_refused_without_being_quoted() {
    for (text, expected) in [
        ("", MalformedKey::Shape),
        ("docent_sk_", MalformedKey::Shape),
        ("sk_0018wom03MLGH5HKmc8V6ZykihvLeoDzMezpn4nc0Uqs8z", MalformedKey::Shape),
        ("docent_sk_0018wom03MLGH5HKmc8V6ZykihvLeoDzMezpn4nc0Uqs8z ", MalformedKey::Shape),
        ("docent_sk_0018wom03MLGH5HKmc8V6ZykihvLeoDzMezpn4nc0Uéé", MalformedKey::Shape),
    ] {
        assert_eq!(ApiKey::parse(text), Err(expected), "{text}");
    }
}

proptest! {
    #[test]
    fn every_key_is_read_back_and_no_changed_one_is(
        bytes: [u8; RANDOM_BYTES], place in 0..46_usize, digit in "[0-9A-Za-z]",
    ) {
        let key = ApiKey::from_random(&bytes);
        prop_assert_eq!(ApiKey::parse(key.reveal()), Ok(key.clone()));
        let mut changed = key.reveal().to_owned();
        let at = KEY_PREFIX.len() + place;
        let is_same = changed[at..=at] == digit;
        changed.replace_range(at..=at, &digit);
        prop_assert_eq!(ApiKey::parse(&changed).is_ok(), is_same);
    }
}
