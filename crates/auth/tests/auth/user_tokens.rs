use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use docent_auth::{Permission, Permissions, TokenKeyError, TokenKeys, TokenRefusal, UserToken};
use docent_domain::UserId;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "an example of a secret: 32 bytes";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn ada() -> UserId {
    "ada".parse().unwrap()
}

fn keys(secrets: &[(&str, &str)]) -> TokenKeys {
    let secrets = secrets.iter().map(|(name, secret)| ((*name).to_owned(), (*secret).to_owned()));
    TokenKeys::new(secrets, TimeDelta::hours(1)).unwrap()
}

/// Signs any header and claims, as a backend of any language may do.
fn token(header: &Value, claims: &Value) -> String {
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let hmac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let signature = hmac.chain_update(&signed).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT", "kid": "k1" })
}

fn claims() -> Value {
    json!({ "sub": "ada", "aud": "docent", "iat": 1_800_000_000, "exp": 1_800_000_600 })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

#[test]
fn a_signed_token_is_verified_until_it_expires() {
    let keys = keys(&[("k1", SECRET)]);
    let permissions = Permissions::parse("interactions").unwrap();
    let token = keys.sign(&ada(), &permissions, TimeDelta::minutes(10), at(0)).unwrap();
    let verified = keys.verify(&token, at(599)).unwrap();
    assert_eq!(verified, UserToken { user: ada(), permissions, expires_at: at(600) });
    assert!(!verified.permissions.contains(Permission::Profile));
    assert_eq!(keys.verify(&token, at(600)), Err(TokenRefusal::Expired));
    let long = keys.sign(&ada(), &Permissions::all(), TimeDelta::days(9), at(0)).unwrap();
    assert_eq!(keys.verify(&long, at(0)).unwrap().expires_at, at(3_600), "cut to the maximum");
}

#[test]
fn a_secret_is_replaced_without_refusing_the_tokens_of_the_former_one() {
    let (old, new) = (keys(&[("2026-01", SECRET)]), "another example of a secret: 38 bytes.");
    let both = keys(&[("2026-02", new), ("2026-01", SECRET)]);
    let former = old.sign(&ada(), &Permissions::all(), TimeDelta::minutes(1), at(0)).unwrap();
    let current = both.sign(&ada(), &Permissions::all(), TimeDelta::minutes(1), at(0)).unwrap();
    assert!(both.verify(&former, at(0)).is_ok() && both.verify(&current, at(0)).is_ok());
    assert_eq!(old.verify(&current, at(0)), Err(TokenRefusal::UnknownKey));
    let swapped = keys(&[("2026-01", new)]);
    assert_eq!(swapped.verify(&former, at(0)), Err(TokenRefusal::Signature));
    let none = keys(&[]);
    assert_eq!(none.sign(&ada(), &Permissions::all(), TimeDelta::minutes(1), at(0)), None);
}

#[test]
fn a_token_of_a_backend_needs_the_documented_header_and_claims() {
    let keys = keys(&[("k1", SECRET)]);
    let verify = |header: Value, claims: Value| keys.verify(&token(&header, &claims), at(0)).map(|_| ());
    assert_eq!(verify(header(), claims()), Ok(()));
    assert_eq!(verify(json!({ "alg": "HS256", "kid": "k1" }), claims()), Ok(()));
    for (name, value, expected) in [
        ("alg", json!("none"), TokenRefusal::Malformed),
        ("alg", json!("HS512"), TokenRefusal::Malformed),
        ("alg", json!("hs256"), TokenRefusal::Malformed),
        ("kid", json!("k2"), TokenRefusal::UnknownKey),
        ("kid", json!(null), TokenRefusal::Malformed),
        ("crit", json!(["exp"]), TokenRefusal::Malformed),
    ] {
        assert_eq!(verify(with(header(), name, value.clone()), claims()), Err(expected), "{name} {value}");
    }
    for (name, value, expected) in [
        ("sub", json!(""), TokenRefusal::Malformed),
        ("sub", json!(7), TokenRefusal::Malformed),
        ("sub", json!("a\u{0}b"), TokenRefusal::Malformed),
        ("aud", json!("shop"), TokenRefusal::Malformed),
        ("aud", json!(null), TokenRefusal::Malformed),
        ("iat", json!(null), TokenRefusal::Malformed),
        ("iat", json!(1_800_000_061), TokenRefusal::NotYetValid),
        ("nbf", json!(1_800_000_061), TokenRefusal::NotYetValid),
        ("nbf", json!("soon"), TokenRefusal::Malformed),
        ("iat", json!(1_799_990_000), TokenRefusal::TooLong),
        ("exp", json!(1_800_000_000), TokenRefusal::Expired),
        ("exp", json!(1_800_003_601), TokenRefusal::TooLong),
        ("exp", json!(i64::MAX), TokenRefusal::Malformed),
        ("exp", json!("soon"), TokenRefusal::Malformed),
        ("scope", json!("everything"), TokenRefusal::Malformed),
    ] {
        assert_eq!(verify(header(), with(claims(), name, value.clone())), Err(expected), "{name} {value}");
    }
    for text in ["", ".", "..", "a.b.c", "a.b", &"a".repeat(5_000)] {
        assert_eq!(keys.verify(text, at(0)), Err(TokenRefusal::Malformed), "{text}");
    }
}

#[test]
fn weak_secrets_and_strange_names_are_refused_and_secrets_are_never_shown() {
    let new = |name: &str, secret: &str| {
        TokenKeys::new([(name.to_owned(), secret.to_owned())], TimeDelta::hours(1))
    };
    let short = new("k1", &SECRET[1..]).unwrap_err().to_string();
    assert_eq!(short, "k1: expected a secret of at least 32 bytes, got 31 bytes");
    for name in ["", "a b", "a/b", &"k".repeat(65)] {
        assert_eq!(new(name, SECRET).unwrap_err(), TokenKeyError::Name(name.to_owned()));
    }
    assert_eq!(format!("{:?}", new("k1", SECRET).unwrap()), "{\"k1\"}");
}

proptest! {
    #[test]
    fn no_changed_token_is_verified(place: prop::sample::Index, byte in 33_u8..127) {
        let keys = keys(&[("k1", SECRET)]);
        let token = keys.sign(&ada(), &Permissions::all(), TimeDelta::minutes(1), at(0)).unwrap();
        let mut bytes = token.clone().into_bytes();
        let at_place = place.index(bytes.len());
        bytes[at_place] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(keys.verify(&changed, at(0)).is_ok(), changed == token);
    }

    #[test]
    fn no_text_makes_the_verification_panic(text: String) {
        let _refused = keys(&[("k1", SECRET)]).verify(&text, at(0)).is_err();
    }
}
