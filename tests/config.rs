//! The configuration: what wins, and what each mistake is told.

use visavis::codec::VideoCodec;
use visavis::config::{Config, KEYS, Loaded, Sources, TlsSource, document, effective, load};

fn from_file(text: &str) -> Result<Loaded, String> {
    let file = Some(("my.toml".to_owned(), text.to_owned()));
    load(&Sources {
        file,
        ..Sources::default()
    })
    .map_err(|error| error.to_string())
}

fn from_variable(name: &str, text: &str) -> Result<Loaded, String> {
    let variables = vec![(name.to_owned(), text.to_owned())];
    load(&Sources {
        variables,
        ..Sources::default()
    })
    .map_err(|error| error.to_string())
}

fn from_flag(path: &'static str, text: &str) -> Result<Loaded, String> {
    let flags = vec![(path, text.to_owned())];
    load(&Sources {
        flags,
        ..Sources::default()
    })
    .map_err(|error| error.to_string())
}

fn refusal(loaded: Result<Loaded, String>) -> String {
    let message = loaded.expect_err("it is wrong");
    assert!(!message.contains('\n'), "more than one line: {message}");
    message
}

#[test]
fn the_committed_file_is_the_defaults_of_the_code() {
    let committed = include_str!("../config/visavis.toml");
    assert_eq!(
        committed,
        document(),
        "config/visavis.toml differs from the code"
    );
    let loaded = from_file(committed).expect("it is a right one");
    assert_eq!(loaded.config, Config::default());
}

#[test]
fn every_row_is_a_key_of_its_own() {
    let mut names: Vec<_> = KEYS
        .iter()
        .flat_map(|key| [key.variable(), key.flag()])
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 2 * KEYS.len());
    for key in KEYS {
        assert!(
            !key.meaning.contains('\n') && key.meaning.ends_with('.'),
            "{}",
            key.path
        );
    }
}

#[test]
fn a_flag_wins_over_a_variable_over_a_file_over_a_default() {
    let mut sources = Sources::default();
    let shards = |sources: &Sources| {
        let loaded = load(sources).expect("it is right");
        (
            loaded.config.media.shards,
            loaded.origin("media.shards").to_string(),
        )
    };
    assert_eq!(shards(&sources), (0, "default".to_owned()));
    sources.file = Some((
        "my.toml".to_owned(),
        "# mine\n[media]\nshards = 1\n".to_owned(),
    ));
    assert_eq!(shards(&sources), (1, "my.toml, line 3".to_owned()));
    sources
        .variables
        .push(("VISAVIS_MEDIA_SHARDS".to_owned(), "2".to_owned()));
    let variable = "environment variable VISAVIS_MEDIA_SHARDS".to_owned();
    assert_eq!(shards(&sources), (2, variable));
    sources.flags.push(("media.shards", "3".to_owned()));
    assert_eq!(shards(&sources), (3, "flag --media-shards".to_owned()));
}

#[test]
fn an_unknown_key_is_told_the_nearest() {
    assert_eq!(
        refusal(from_file("[media]\nshard = 1")),
        "media.shard (my.toml, line 2) is not a key; did you mean media.shards?"
    );
    assert_eq!(
        refusal(from_file("[medai]\n")),
        "medai (my.toml, line 1) is not a key; did you mean media?"
    );
    assert_eq!(
        refusal(from_file("shards = 1")),
        "shards (my.toml, line 1) is not a key; did you mean media.shards?"
    );
    assert_eq!(
        refusal(from_variable("VISAVIS_MEDIA_SHARD", "1")),
        "VISAVIS_MEDIA_SHARD (environment variable VISAVIS_MEDIA_SHARD) is not a key; \
         did you mean VISAVIS_MEDIA_SHARDS?"
    );
}

#[test]
fn a_wrong_value_is_told_what_would_be_right_from_wherever_it_came() {
    let most = visavis::limits::SHARDS;
    let expected = format!("must be a whole number of threads from 0 to {most}");
    assert_eq!(
        refusal(from_file("\n[media]\nshards = \"many\"")),
        format!("media.shards = \"many\" (my.toml, line 3) {expected}")
    );
    assert_eq!(
        refusal(from_variable("VISAVIS_MEDIA_SHARDS", "-1")),
        format!("media.shards = -1 (environment variable VISAVIS_MEDIA_SHARDS) {expected}")
    );
    assert_eq!(
        refusal(from_flag("media.shards", &(most + 1).to_string())),
        format!(
            "media.shards = {} (flag --media-shards) {expected}",
            most + 1
        )
    );
    assert_eq!(
        refusal(from_flag("media.listen", "3478")),
        "media.listen = \"3478\" (flag --media-listen) must be \
         an IP address and a port, as 0.0.0.0:3478 or [::]:8080"
    );
    assert_eq!(
        refusal(from_flag("media.codecs", "vp8,theora")),
        "media.codecs = [\"vp8\", \"theora\"] (flag --media-codecs) must be \
         a list of codecs out of vp8, vp9 and h264, at least one and each once"
    );
    assert_eq!(
        refusal(from_variable("VISAVIS_TLS_SELF_SIGNED", "yes")),
        "tls.self_signed = \"yes\" (environment variable VISAVIS_TLS_SELF_SIGNED) \
         must be true or false"
    );
}

#[test]
fn a_file_that_is_not_toml_is_told_the_line() {
    let message = refusal(from_file("[media]\nshards = = 1\n"));
    assert!(
        message.starts_with("my.toml, line 2 is not TOML: "),
        "{message}"
    );
    let message = refusal(from_file("[media]\nshards = 1\nshards = 2\n"));
    assert!(
        message.starts_with("my.toml, line 3 is not TOML: "),
        "{message}"
    );
}

#[test]
fn combinations_that_cannot_work_are_refused() {
    assert!(
        refusal(from_flag("tls.cert", "a.pem")).starts_with("tls.key = \"\" (default) must be")
    );
    assert!(
        refusal(from_flag("tls.key", "a.pem")).starts_with("tls.cert = \"\" (default) must be")
    );
    let both = "[tls]\ncert = 'a'\nkey = 'b'\nself_signed = true";
    assert!(refusal(from_file(both)).starts_with("tls.self_signed = true (my.toml, line 4)"));
    assert_eq!(
        refusal(from_flag("media.close_after_ms", "6000")),
        "media.close_after_ms = 6000 (flag --media-close-after-ms) must be \
         more than media.silence_ms, which is 6000"
    );
    for codecs in ["", "vp8,vp8"] {
        let message = refusal(from_flag("media.codecs", codecs));
        assert!(message.ends_with("at least one and each once"), "{message}");
    }
}

#[test]
fn an_entrance_that_lets_nobody_in_is_refused() {
    let message = refusal(from_flag("access.guests", "false"));
    assert!(
        message.starts_with("access.keys = [] (default) must be"),
        "{message}"
    );
    let closed = "[access]\nguests = false\nkeys = ['a=HS256:x', 'b=EdDSA:y']";
    assert_eq!(
        from_file(closed)
            .expect("it is right")
            .config
            .access
            .keys
            .len(),
        2
    );
    for (key, bad) in [
        ("access.keys", "a=HS256:x,a=HS256:y"),
        ("access.keys", "a=none:x"),
        ("access.origins", "chat.example.org"),
        ("access.least_assurance", ""),
        ("access.least_assurance", "adult=sure"),
        ("access.least_assurance", "adult=verified,adult=estimated"),
    ] {
        let message = refusal(from_flag(key, bad));
        assert!(
            message.starts_with(key) && message.contains(" as "),
            "{message}"
        );
    }
}

#[test]
fn an_address_that_no_browser_can_reach_is_not_advertised() {
    for address in ["0.0.0.0", "224.0.0.1", "::1"] {
        let message = refusal(from_flag("media.advertise", address));
        assert!(message.starts_with("media.advertise = ["), "{message}");
    }
    let message = refusal(from_flag("media.advertise", &["10.0.0.1"; 9].join(",")));
    assert!(
        message.ends_with("must be at most 8 addresses"),
        "{message}"
    );
    let loaded = from_flag("media.advertise", "203.0.113.7, 127.0.0.1").expect("both are IPv4");
    assert_eq!(loaded.config.media.advertise.len(), 2);
    let both = "[media]\nlisten = '[::]:3478'\nadvertise = ['2001:db8::1', '203.0.113.7']";
    assert_eq!(
        from_file(both)
            .expect("[::] hears both")
            .config
            .media
            .advertise
            .len(),
        2
    );
}

#[test]
fn a_turn_server_needs_its_secret_and_a_url_that_a_browser_takes() {
    let message = refusal(from_flag("ice.urls", "turn:turn.example.org"));
    assert!(message.starts_with("ice.turn_secret = \"\" (default) must be set as well"));
    assert!(from_flag("ice.urls", "stun:stun.example.org").is_ok());
    let nine: Vec<_> = (0..9)
        .map(|one| format!("stun:s{one}.example.org"))
        .collect();
    for bad in ["https://turn.example.org", "stun:a,stun:a", &nine.join(",")] {
        let message = refusal(from_flag("ice.urls", bad));
        assert!(
            message.contains("must be a list of at most 8 URLs"),
            "{message}"
        );
    }
}

#[test]
fn lists_are_separated_by_commas_in_flags_and_variables() {
    let loaded = from_variable("VISAVIS_MEDIA_CODECS", "h264, vp8").expect("both are codecs");
    assert_eq!(
        loaded.config.media.codecs,
        [VideoCodec::H264, VideoCodec::Vp8]
    );
}

#[test]
fn a_certificate_of_its_own_opens_the_page_to_other_devices() {
    let loaded = from_flag("tls.self_signed", "true").expect("it is right");
    assert_eq!(loaded.config.http.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(loaded.config.tls.source(), TlsSource::SelfSigned);
    assert_eq!(
        loaded.origin("http.listen").to_string(),
        "default with tls.self_signed"
    );

    let told = "[http]\nlisten = '127.0.0.1:8443'\n[tls]\nself_signed = true";
    let loaded = from_file(told).expect("it is right");
    assert_eq!(loaded.config.http.listen.to_string(), "127.0.0.1:8443");
}

#[test]
fn variables_of_others_are_left_alone() {
    for name in [
        "VISAVIS_SERVICE_HOST",
        "VISAVIS_PORT_8080_TCP",
        "VISAVIS_CONFIG",
        "HOME",
    ] {
        assert_eq!(from_variable(name, "x"), Ok(Loaded::default()));
    }
}

#[test]
fn what_is_in_force_reads_back_as_itself() {
    let told = "[http]\nlisten = '127.0.0.1:0'\n[tls]\ncert = '/a/b.pem'\nkey = \"c\\\"d\"\n\
                [media]\nadvertise = ['127.0.0.1']\ncodecs = ['h264']";
    let loaded = from_file(told).expect("it is right");
    let again = from_file(&effective(&loaded)).expect("it is what we wrote");
    assert_eq!(again.config, loaded.config);
    assert!(effective(&loaded).contains("# my.toml, line 2\n"));
}
