//! The gate, as an honest backend and as an attacker would meet it.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;
use crate::access::{BadKey, SigningKey};
use crate::config::{AgeDemand, KeyAlgorithm};

const NOW_S: u64 = 1_800_000_000;
const SECRET: &[u8] = b"a secret of more than thirty-two characters\n";

/// Two halves of a key in PEM.
struct Pair {
    public: String,
    private: String,
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn es256() -> Pair {
    let random = SystemRandom::new();
    let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref()).unwrap();
    let public = pair.public_key().as_der().unwrap();
    Pair {
        public: pem("PUBLIC KEY", public.as_ref()),
        private: pem("PRIVATE KEY", private.as_ref()),
    }
}

fn eddsa() -> Pair {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap();
    let public = pair.public_key().as_der().unwrap();
    Pair {
        public: pem("PUBLIC KEY", public.as_ref()),
        private: pem("PRIVATE KEY", private.as_ref()),
    }
}

fn gate_with(keyring: Keyring, least: &[&str]) -> Gate {
    let demand = |text: &&str| text.parse::<AgeDemand>().unwrap();
    let config = config::Access {
        guests: false,
        least_assurance: least.iter().map(demand).collect(),
        ..config::Access::default()
    };
    Gate::new(&config, keyring)
}

/// A gate with one secret.
fn gate() -> Gate {
    let mut keyring = Keyring::default();
    keyring.add("main", KeyAlgorithm::Hs256, SECRET).unwrap();
    gate_with(keyring, &["adult=self-declared"])
}

fn claims() -> Value {
    json!({ "sub": "ada", "grants": ["visit"], "exp": NOW_S + 600,
            "age": { "band": "adult", "assurance": "verified" } })
}

fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token with any header, under any secret.
fn forged(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn honest(claims: &Value) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": "main" });
    forged(&header, claims, SECRET.trim_ascii())
}

fn admit(gate: &Gate, token: &str) -> Result<Pass, Refusal> {
    gate.admit(Some(&Private::new(token.to_owned())), (false, None), NOW_S)
}

/// The claims with one of them changed, or taken out by null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    let fields = claims.as_object_mut().unwrap();
    fields.retain(|_, value| !value.is_null());
    claims
}

#[test]
fn a_good_token_is_taken_for_what_it_says() {
    let mut said = claims();
    said["attributes"] = json!({ "interests": ["chess"], "languages": ["fr"] });
    said["aud"] = json!(["another", "visavis"]);
    said["email"] = json!("not ours");
    let pass = admit(&gate(), &honest(&said)).unwrap();
    assert_eq!(pass.band, Some(AgeBand::Adult));
    assert_eq!(pass.subject.unwrap().reveal(), "ada");
    assert_eq!(pass.attributes.interests.unwrap(), ["chess"]);
    assert_eq!(pass.attributes.languages.unwrap(), ["fr"]);
}

#[test]
fn every_kind_of_key_checks_what_its_other_half_signs() {
    let (es256, eddsa) = (es256(), eddsa());
    let mut keyring = Keyring::default();
    let kinds = [
        (
            "es",
            KeyAlgorithm::Es256,
            &es256.public,
            es256.private.as_bytes(),
        ),
        (
            "ed",
            KeyAlgorithm::EdDsa,
            &eddsa.public,
            eddsa.private.as_bytes(),
        ),
    ];
    for (id, algorithm, public, _) in kinds {
        keyring.add(id, algorithm, public.as_bytes()).unwrap();
    }
    keyring.add("hs", KeyAlgorithm::Hs256, SECRET).unwrap();
    let gate = gate_with(keyring, &["adult=verified"]);
    let secret = String::new();
    let all = kinds
        .into_iter()
        .chain([("hs", KeyAlgorithm::Hs256, &secret, SECRET)]);
    for (id, algorithm, _, private) in all {
        let signing = SigningKey::read(id, algorithm, private).unwrap();
        let token = signing.sign(&claims()).unwrap();
        assert!(admit(&gate, &token).is_ok(), "{id}");
        let mut changed = token.clone().into_bytes();
        let last_but_one = changed.len() - 2;
        changed[last_but_one] = if changed[last_but_one] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(admit(&gate, &changed), Err(Refusal::Unauthorized), "{id}");
    }
}

#[test]
fn no_trick_with_the_header_gets_a_token_in() {
    let pair = es256();
    let mut keyring = Keyring::default();
    keyring.add("main", KeyAlgorithm::Hs256, SECRET).unwrap();
    let public = pair.public.as_bytes();
    keyring.add("es", KeyAlgorithm::Es256, public).unwrap();
    let gate = gate_with(keyring, &["adult=verified"]);
    let secret = SECRET.trim_ascii();
    let jwk = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode("x") });
    for (header, secret) in [
        // No signature at all, in every spelling.
        (json!({ "alg": "none", "kid": "main" }), secret),
        (json!({ "alg": "None", "kid": "main" }), secret),
        (json!({ "alg": "", "kid": "main" }), secret),
        (json!({ "kid": "main" }), secret),
        // The public key taken for a secret.
        (json!({ "alg": "HS256", "kid": "es" }), public),
        (json!({ "alg": "HS256", "kid": "es" }), public.trim_ascii()),
        (json!({ "alg": "ES256", "kid": "es" }), public),
        // Another algorithm than the key's.
        (json!({ "alg": "HS512", "kid": "main" }), secret),
        (json!({ "alg": "RS256", "kid": "main" }), secret),
        (json!({ "alg": "ES256", "kid": "main" }), secret),
        // A key that is none of ours.
        (json!({ "alg": "HS256" }), secret),
        (json!({ "alg": "HS256", "kid": "" }), b"".as_slice()),
        (
            json!({ "alg": "HS256", "kid": "../../../../dev/null" }),
            b"",
        ),
        (json!({ "alg": "HS256", "kid": "main\0" }), secret),
        (json!({ "alg": "HS256", "kid": ["main"] }), secret),
        (json!({ "alg": "HS256", "kid": "x' UNION SELECT 'x" }), b"x"),
        (json!({ "alg": "HS256", "kid": "main", "jwk": jwk }), b"x"),
        (
            json!({ "alg": "HS256", "kid": "main", "jku": "https://evil.example" }),
            b"x",
        ),
        // Something that must be understood.
        (
            json!({ "alg": "HS256", "kid": "main", "crit": ["exp"] }),
            secret,
        ),
    ] {
        let token = forged(&header, &claims(), secret);
        assert_eq!(admit(&gate, &token), Err(Refusal::Unauthorized), "{header}");
        // The same without a signature.
        let cut = token.rsplit_once('.').unwrap().0.to_owned() + ".";
        assert_eq!(admit(&gate, &cut), Err(Refusal::Unauthorized), "{header}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let good = honest(&claims());
    let huge = honest(&with("sub", json!("a".repeat(limits::TOKEN_BYTES))));
    let padded = format!("{good}=");
    let four = format!("{good}.AA");
    let spaced = format!(" {good}");
    for bad in [
        "", ".", "..", "...", "a.b.c", "null", "é.é.é", &huge, &padded, &four, &spaced,
    ] {
        assert_eq!(admit(&gate(), bad), Err(Refusal::Unauthorized), "{bad:.20}");
    }
    let twice = encoded(&json!({ "alg": "HS256", "kid": "main" }));
    let claims = r#"{"grants":["visit"],"exp":1,"exp":9000000000}"#;
    let message = format!("{twice}.{}", URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(HMAC_SHA256, SECRET.trim_ascii());
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    let said_twice = admit(&gate(), &format!("{message}.{tag}"));
    assert_eq!(said_twice, Err(Refusal::Unauthorized), "a claim said twice");
}

#[test]
fn a_token_holds_between_its_times_and_a_little_around() {
    let leeway = limits::TOKEN_LEEWAY.as_secs();
    let at = |claims: &Value| admit(&gate(), &honest(claims)).is_ok();
    assert!(at(&with("exp", json!(NOW_S - leeway + 1))));
    assert!(!at(&with("exp", json!(NOW_S - leeway))));
    assert!(at(&with("nbf", json!(NOW_S + leeway))));
    assert!(!at(&with("nbf", json!(NOW_S + leeway + 1))));
    assert!(!at(&with("iat", json!(NOW_S + leeway + 1))));
    assert!(at(&with("exp", json!(NOW_S as f64 + 0.5))));
    for bad in [
        json!(null),
        json!("soon"),
        json!(-1),
        json!(-1.5),
        json!([9_000_000_000_u64]),
    ] {
        assert!(!at(&with("exp", bad.clone())), "{bad}");
    }
}

#[test]
fn a_token_for_one_use_is_good_for_one_use() {
    let gate = gate();
    let token = honest(&with("jti", json!("one")));
    assert!(admit(&gate, &token).is_ok());
    assert_eq!(admit(&gate, &token), Err(Refusal::Unauthorized));
    assert!(admit(&gate, &honest(&with("jti", json!("two")))).is_ok());
    let for_many = honest(&claims());
    assert!(admit(&gate, &for_many).is_ok() && admit(&gate, &for_many).is_ok());
}

#[test]
fn whoever_is_refused_has_not_used_up_their_token() {
    let gate = gate();
    let mut said = with("jti", json!("one"));
    said["grants"] = json!(["publish", "visits", "VISIT"]);
    assert_eq!(admit(&gate, &honest(&said)), Err(Refusal::Forbidden));
    said["grants"] = json!(["visit"]);
    said["age"] = json!({ "band": "16-17", "assurance": "verified" });
    assert_eq!(admit(&gate, &honest(&said)), Err(Refusal::AgeNotAssured));
    said["age"] = claims()["age"].clone();
    assert!(admit(&gate, &honest(&said)).is_ok());
}

#[test]
fn a_token_for_another_service_is_not_for_us() {
    for aud in [json!("shop"), json!([]), json!(["shop", "visavis2"])] {
        let token = honest(&with("aud", aud.clone()));
        assert_eq!(admit(&gate(), &token), Err(Refusal::Unauthorized), "{aud}");
    }
    assert!(admit(&gate(), &honest(&with("aud", json!("visavis")))).is_ok());
}

#[test]
fn a_band_is_let_in_with_the_assurance_that_is_asked_of_it() {
    let mut keyring = Keyring::default();
    keyring.add("main", KeyAlgorithm::Hs256, SECRET).unwrap();
    let gate = gate_with(keyring, &["16-17=verified", "adult=estimated"]);
    let as_what = |band, assurance| {
        let age = json!({ "band": band, "assurance": assurance });
        admit(&gate, &honest(&with("age", age))).map(|pass| pass.band)
    };
    let late = Err(Refusal::AgeNotAssured);
    assert_eq!(as_what("16-17", "verified"), Ok(Some(AgeBand::From16)));
    assert_eq!(as_what("16-17", "estimated"), late);
    assert_eq!(as_what("adult", "verified"), Ok(Some(AgeBand::Adult)));
    assert_eq!(as_what("adult", "estimated"), Ok(Some(AgeBand::Adult)));
    assert_eq!(as_what("adult", "self-declared"), late);
    assert_eq!(as_what("13-15", "verified"), late);
    assert_eq!(as_what("adults", "verified"), Err(Refusal::Unauthorized));

    // Without an age in the token the visitor's own word is what there is.
    let silent = Private::new(honest(&with("age", Value::Null)));
    let own_word = gate.admit(Some(&silent), (true, None), NOW_S);
    assert_eq!(own_word, Err(Refusal::AgeNotAssured));
    let band = |adult| {
        Gate::default()
            .admit(None, (adult, None), NOW_S)
            .unwrap()
            .band
    };
    assert_eq!((band(true), band(false)), (Some(AgeBand::Adult), None));
}

#[test]
fn without_a_token_nobody_but_a_guest_is_let_in() {
    assert_eq!(
        gate().admit(None, (true, None), NOW_S),
        Err(Refusal::Unauthorized)
    );
    assert!(Gate::default().admit(None, (true, None), NOW_S).is_ok());
    // A token that is not good is no better where guests are let in.
    assert_eq!(admit(&Gate::default(), "a.b.c"), Err(Refusal::Unauthorized));
}

#[test]
fn a_key_that_is_none_is_named() {
    let mut keyring = Keyring::default();
    let mut add = |algorithm, file: &str| keyring.add("main", algorithm, file.as_bytes());
    let short = "a".repeat(limits::SECRET_BYTES - 1) + "\n";
    assert_eq!(add(KeyAlgorithm::Hs256, &short), Err(BadKey::ShortSecret));
    let (es256, eddsa) = (es256(), eddsa());
    for (algorithm, bad) in [
        (KeyAlgorithm::Es256, eddsa.public.as_str()),
        (KeyAlgorithm::EdDsa, es256.public.as_str()),
        (KeyAlgorithm::Es256, es256.private.as_str()),
        (KeyAlgorithm::EdDsa, "nonsense"),
    ] {
        assert_eq!(add(algorithm, bad), Err(BadKey::NoPublicKey));
    }
}
