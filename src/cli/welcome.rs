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
    let pages = pages(loaded, places.http);
    let _ = writeln!(text, "  page   {}", pages.join("  "));
    let addresses: Vec<_> = places.advertised.iter().map(ToString::to_string).collect();
    let addresses = addresses.join(", ");
    let _ = writeln!(
        text,
        "  media  UDP {}, told to browsers as {addresses}",
        places.media
    );
    let drain_s = loaded.config.server.drain().as_secs_f32();
    let _ = writeln!(
        text,
        "  stop   Ctrl-C; matches may go on for {drain_s} s, a second Ctrl-C ends at once"
    );
    match loaded.config.tls.source() {
        TlsSource::SelfSigned => text.push_str(SELF_SIGNED),
        TlsSource::Off if !places.http.ip().is_loopback() => text.push_str(PLAIN),
        TlsSource::Off | TlsSource::Files { .. } => {}
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

fn object(loaded: &Loaded, places: &Places) -> String {
    let ready = json!({
        "ready": true,
        "page": pages(loaded, places.http),
        "media": places.media,
        "advertised": places.advertised,
    });
    format!("{ready}\n")
}

/// The addresses of the page, the one for a browser on this machine first.
fn pages(loaded: &Loaded, http: SocketAddr) -> Vec<String> {
    let (scheme, port) = match loaded.config.tls.source() {
        TlsSource::Off => ("http", http.port()),
        TlsSource::Files { .. } | TlsSource::SelfSigned => ("https", http.port()),
    };
    if http.ip().is_loopback() {
        return vec![format!("{scheme}://localhost:{port}")];
    }
    if !http.ip().is_unspecified() {
        return vec![format!("{scheme}://{http}")];
    }
    let mut pages = vec![format!("{scheme}://localhost:{port}")];
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let others = interfaces
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(|ip| !ip.is_loopback());
    let heard = others.filter(|ip| http.is_ipv6() || ip.is_ipv4());
    pages.extend(heard.map(|ip| format!("{scheme}://{}", SocketAddr::from((ip, port)))));
    pages
}
