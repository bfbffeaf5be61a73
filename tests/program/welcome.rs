//! What a started server says first.

use visavis::cli::welcome;
use visavis::config::{Sources, load};
use visavis::server::Places;

fn text(http: &str, flags: &[(&'static str, &str)]) -> String {
    let flags = flags
        .iter()
        .map(|(path, text)| (*path, (*text).to_owned()))
        .collect();
    let loaded = load(&Sources {
        flags,
        ..Sources::default()
    })
    .unwrap();
    let machine = vec!["192.0.2.2".parse().unwrap(), "2001:db8::2".parse().unwrap()];
    let media = vec![
        "192.0.2.2:3478".parse().unwrap(),
        "127.0.0.1:3478".parse().unwrap(),
    ];
    welcome::text(
        &loaded,
        &Places {
            http: http.parse().unwrap(),
            machine,
            media,
        },
    )
}

#[test]
fn the_first_lines_say_where_and_how_to_stop() {
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "visavis {version} is ready\n  \
           page   http://localhost:8080\n  \
           media  UDP and TCP, browsers are told 192.0.2.2:3478, 127.0.0.1:3478\n  \
           watch  pictures are looked at before a stranger sees them, and while\n  \
           stop   Ctrl-C: matches may go on for 10 s; once more ends at once\n"
    );
    assert_eq!(text("127.0.0.1:8080", &[]), expected);
}

#[test]
fn a_plain_page_beyond_loopback_is_warned_about() {
    let warning = "browsers give camera and microphone to localhost";
    assert!(text("0.0.0.0:8080", &[]).contains(warning));
    assert!(!text("127.0.0.1:8080", &[]).contains(warning));
    assert!(!text("0.0.0.0:8080", &[("tls.self_signed", "true")]).contains(warning));
}

#[test]
fn every_address_of_the_page_is_named() {
    let self_signed = [("tls.self_signed", "true")];
    assert!(
        text("[::]:8443", &self_signed).contains(
            "https://localhost:8443  https://192.0.2.2:8443  https://[2001:db8::2]:8443\n"
        )
    );
    assert!(text("0.0.0.0:1", &[]).contains("http://localhost:1  http://192.0.2.2:1\n"));
    assert!(text("192.0.2.2:80", &[]).contains("page   http://192.0.2.2:80\n"));
}
