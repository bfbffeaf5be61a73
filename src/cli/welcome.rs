//! What a started server says: where the page is, where media is, how to stop it.

use std::fmt::Write;
use std::net::SocketAddr;

use serde_json::json;

use crate::config::{Loaded, LogFormat, TlsSource};
use crate::server::Places;

/// A few lines for a person, or one JSON object for a machine.
pub fn text(loaded: &Loaded, places: &Places) -> String {
    match loaded.config.log.format {
        LogFormat::Text => lines(loaded, places),
        LogFormat::Json => object(loaded, places),
    }
}

fn lines(loaded: &Loaded, places: &Places) -> String {
    let mut text = format!("visavis {} is ready\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "  page   {}", pages(loaded, places).join("  "));
    let media: Vec<_> = places.media.iter().map(ToString::to_string).collect();
    let protocols = match loaded.config.media.tcp_connections {
        0 => "UDP",
        _ => "UDP and TCP",
    };
    let media = media.join(", ");
    let _ = writeln!(text, "  media  {protocols}, browsers are told {media}");
    let watch = if loaded.config.moderation.enabled {
        "pictures are looked at before a stranger sees them, and while"
    } else {
        "off: pictures reach strangers unseen (moderation.enabled)"
    };
    let _ = writeln!(text, "  watch  {watch}");
    let drain_s = loaded.config.server.drain().as_secs_f32();
    let _ = writeln!(
        text,
        "  stop   Ctrl-C: matches may go on for {drain_s} s; once more ends at once"
    );
    match loaded.config.tls.source() {
        TlsSource::SelfSigned => text.push_str(SELF_SIGNED),
        TlsSource::Off if !places.http.ip().is_loopback() => text.push_str(PLAIN),
        TlsSource::Off | TlsSource::Files { .. } => {}
    }
    if loaded.config.access.guests && !places.http.ip().is_loopback() {
        text.push_str(GUESTS);
    }
    text
}

const SELF_SIGNED: &str = "
The certificate is made anew at every start and known to nobody: the browser will warn, and for a
trial that is all right.
";

const PLAIN: &str = "
Other machines can reach the page, but without TLS browsers give camera and microphone to localhost
only. Set tls.cert and tls.key, try --self-signed, or let a proxy in front speak TLS.
";

const GUESTS: &str = "
Whoever reaches the page is let in on their own word: for a service, see access.guests.
";

fn object(loaded: &Loaded, places: &Places) -> String {
    let pages = pages(loaded, places);
    format!(
        "{}\n",
        json!({ "ready": true, "page": pages, "media": places.media })
    )
}

/// The addresses of the page, the one for a browser on this machine first.
fn pages(loaded: &Loaded, places: &Places) -> Vec<String> {
    let scheme = match loaded.config.tls.source() {
        TlsSource::Off => "http",
        TlsSource::Files { .. } | TlsSource::SelfSigned => "https",
    };
    let (ip, port) = (places.http.ip(), places.http.port());
    if !ip.is_unspecified() && !ip.is_loopback() {
        return vec![format!("{scheme}://{}", places.http)];
    }
    let mut pages = vec![format!("{scheme}://localhost:{port}")];
    if ip.is_unspecified() {
        let heard = places
            .machine
            .iter()
            .filter(|own| ip.is_ipv6() || own.is_ipv4());
        pages.extend(heard.map(|own| format!("{scheme}://{}", SocketAddr::from((*own, port)))));
    }
    pages
}
