//! What no single key shows: combinations that cannot work, told before anything is started.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::{ChallengeKind, ConfigError, IceUrl, Loaded};
use crate::codec::VideoCodec;
use crate::limits::{self, WEBHOOK_TARGETS};

/// Refuses a combination of values that cannot work.
///
/// # Errors
/// The first such combination, named by one of its keys.
pub fn check(loaded: &Loaded) -> Result<(), ConfigError> {
    check_tls(loaded)?;
    check_access(loaded)?;
    check_age_check(loaded)?;
    check_challenge(loaded)?;
    check_advertise(loaded)?;
    check_ice(loaded)?;
    check_codecs(loaded)?;
    check_media_tcp(loaded)?;
    let media = &loaded.config.media;
    if media.close_after_ms <= media.silence_ms {
        let expected = format!("more than media.silence_ms, which is {}", media.silence_ms);
        return Err(loaded.wrong("media.close_after_ms", expected));
    }
    check_workers(loaded)?;
    check_service(loaded)?;
    check_webhooks(loaded)?;
    check_sampling(loaded)?;
    check_reasons(loaded)
}

fn check_reasons(loaded: &Loaded) -> Result<(), ConfigError> {
    let reasons = &loaded.config.moderation.reasons;
    let distinct: BTreeSet<_> = reasons.iter().collect();
    let fits = |reason: &String| {
        (1..=limits::REASON_CHARS).contains(&reason.chars().count())
            && reason.trim() == reason
            && !reason.chars().any(char::is_control)
    };
    let is_right = (1..=limits::REASONS).contains(&reasons.len())
        && distinct.len() == reasons.len()
        && reasons.iter().all(fits);
    if is_right {
        return Ok(());
    }
    let expected = super::Key::find("moderation.reasons").map(|key| key.kind.expects());
    Err(loaded.wrong("moderation.reasons", expected.unwrap_or_default()))
}

fn check_access(loaded: &Loaded) -> Result<(), ConfigError> {
    let access = &loaded.config.access;
    let kind = |path| super::Key::find(path).map(|key| key.kind.expects());
    let ids: BTreeSet<_> = access.keys.iter().map(|key| &key.id).collect();
    if ids.len() != access.keys.len() {
        return Err(loaded.wrong("access.keys", kind("access.keys").unwrap_or_default()));
    }
    if !access.guests && access.keys.is_empty() {
        let expected = "set where access.guests is false: nobody could come in";
        return Err(loaded.wrong("access.keys", expected));
    }
    let demands = &access.least_assurance;
    let bands: BTreeSet<_> = demands.iter().map(|demand| demand.0.band).collect();
    if demands.is_empty() || bands.len() != demands.len() {
        let path = "access.least_assurance";
        return Err(loaded.wrong(path, kind(path).unwrap_or_default()));
    }
    Ok(())
}

fn check_age_check(loaded: &Loaded) -> Result<(), ConfigError> {
    let age_check = &loaded.config.age_check;
    let url = age_check.url.as_str();
    if url.is_empty() {
        return Ok(());
    }
    let is_page = url.starts_with("https://") || url.starts_with("http://");
    if !is_page || url.contains(['#', ' ']) {
        let expected = super::Key::find("age_check.url").map(|key| key.kind.expects());
        return Err(loaded.wrong("age_check.url", expected.unwrap_or_default()));
    }
    if age_check.secret.as_os_str().is_empty() {
        return Err(loaded.wrong("age_check.secret", "set as well: age_check.url is"));
    }
    Ok(())
}

fn check_challenge(loaded: &Loaded) -> Result<(), ConfigError> {
    let challenge = &loaded.config.challenge;
    if challenge.most_bits < challenge.least_bits {
        let expected = format!(
            "at least challenge.least_bits, which is {}",
            challenge.least_bits
        );
        return Err(loaded.wrong("challenge.most_bits", expected));
    }
    if challenge.kind != ChallengeKind::Captcha {
        return Ok(());
    }
    let needed = [
        ("challenge.captcha_url", challenge.captcha_url.is_empty()),
        (
            "challenge.captcha_site_key",
            challenge.captcha_site_key.is_empty(),
        ),
        (
            "challenge.captcha_secret",
            challenge.captcha_secret.as_os_str().is_empty(),
        ),
    ];
    match needed.iter().find(|(_, is_empty)| *is_empty) {
        Some((key, _)) => Err(loaded.wrong(key, "set as well: challenge.kind is captcha")),
        None => Ok(()),
    }
}

fn check_ice(loaded: &Loaded) -> Result<(), ConfigError> {
    let ice = &loaded.config.ice;
    let distinct: BTreeSet<_> = ice.urls.iter().map(IceUrl::as_str).collect();
    if ice.urls.len() > limits::ICE_SERVERS || distinct.len() < ice.urls.len() {
        let expected = super::Key::find("ice.urls").map(|key| key.kind.expects());
        return Err(loaded.wrong("ice.urls", expected.unwrap_or_default()));
    }
    if ice.turn_secret.as_os_str().is_empty() && ice.urls.iter().any(IceUrl::is_turn) {
        let expected = "set as well: ice.urls has a TURN server";
        return Err(loaded.wrong("ice.turn_secret", expected));
    }
    Ok(())
}

fn check_workers(loaded: &Loaded) -> Result<(), ConfigError> {
    let config = &loaded.config;
    let classifier = &config.classifier;
    if classifier.listen.address().is_none() {
        return match config.moderation.workers {
            0 => {
                let expected = "at least 1 where classifier.listen is empty";
                Err(loaded.wrong("moderation.workers", expected))
            }
            _ => Ok(()),
        };
    }
    let files = [
        ("classifier.certificate", &classifier.certificate),
        ("classifier.key", &classifier.key),
        ("classifier.authority", &classifier.authority),
    ];
    match files.iter().find(|(_, path)| path.as_os_str().is_empty()) {
        Some((key, _)) => Err(loaded.wrong(key, "set as well: classifier.listen is")),
        None => Ok(()),
    }
}

fn check_service(loaded: &Loaded) -> Result<(), ConfigError> {
    let classifier = &loaded.config.classifier;
    if classifier.service_url.is_empty() {
        return Ok(());
    }
    if classifier.service_secret.as_os_str().is_empty() {
        let expected = "set as well: classifier.service_url is";
        return Err(loaded.wrong("classifier.service_secret", expected));
    }
    if classifier.service_labels.is_empty() {
        let expected = "set as well: classifier.service_url is";
        return Err(loaded.wrong("classifier.service_labels", expected));
    }
    // Others would have to be coded anew, and the server decodes nothing.
    if loaded.config.media.codecs != [VideoCodec::Vp8] {
        let expected = "vp8 alone where classifier.service_url is set";
        return Err(loaded.wrong("media.codecs", expected));
    }
    Ok(())
}

fn check_webhooks(loaded: &Loaded) -> Result<(), ConfigError> {
    let webhooks = &loaded.config.webhooks;
    if webhooks.urls.len() > WEBHOOK_TARGETS {
        let expected = format!("{WEBHOOK_TARGETS} URLs at most");
        return Err(loaded.wrong("webhooks.urls", expected));
    }
    let distinct: BTreeSet<_> = webhooks.urls.iter().collect();
    if distinct.len() < webhooks.urls.len() {
        return Err(loaded.wrong("webhooks.urls", "different URLs"));
    }
    if !webhooks.urls.is_empty() && webhooks.secret.as_os_str().is_empty() {
        let expected = "set as well: webhooks.urls is";
        return Err(loaded.wrong("webhooks.secret", expected));
    }
    Ok(())
}

fn check_sampling(loaded: &Loaded) -> Result<(), ConfigError> {
    let moderation = &loaded.config.moderation;
    if moderation.steady_every_ms < moderation.first_every_ms {
        let first = moderation.first_every_ms;
        let expected = format!("at least moderation.first_every_ms, which is {first}");
        return Err(loaded.wrong("moderation.steady_every_ms", expected));
    }
    Ok(())
}

fn check_tls(loaded: &Loaded) -> Result<(), ConfigError> {
    let tls = &loaded.config.tls;
    let (cert, key) = (
        !tls.cert.as_os_str().is_empty(),
        !tls.key.as_os_str().is_empty(),
    );
    match (cert, key) {
        (true, false) => {
            Err(loaded.wrong("tls.key", "set as well: tls.cert is, and they go together"))
        }
        (false, true) => {
            Err(loaded.wrong("tls.cert", "set as well: tls.key is, and they go together"))
        }
        (true, true) if tls.self_signed => Err(loaded.wrong(
            "tls.self_signed",
            "false where tls.cert and tls.key are set",
        )),
        _ => Ok(()),
    }
}

/// One port of TCP cannot have two tenants.
fn check_media_tcp(loaded: &Loaded) -> Result<(), ConfigError> {
    let (http, media) = (loaded.config.http.listen, &loaded.config.media);
    let is_shared = media.listen.port() != 0
        && media.listen.port() == http.port()
        && (media.listen.ip() == http.ip()
            || media.listen.ip().is_unspecified()
            || http.ip().is_unspecified());
    if is_shared && media.tcp_connections > 0 {
        let expected = "0 where http.listen has the port of media.listen";
        return Err(loaded.wrong("media.tcp_connections", expected));
    }
    Ok(())
}

fn check_advertise(loaded: &Loaded) -> Result<(), ConfigError> {
    let media = &loaded.config.media;
    if media.advertise.len() > limits::CANDIDATES {
        let expected = format!("at most {} addresses", limits::CANDIDATES);
        return Err(loaded.wrong("media.advertise", expected));
    }
    for address in &media.advertise {
        if address.is_unspecified() || address.is_multicast() {
            return Err(loaded.wrong(
                "media.advertise",
                "addresses of machines, not 0.0.0.0 or a group",
            ));
        }
        if !reaches(media.listen, *address) {
            let expected = format!("of the family of media.listen, which is {}", media.listen);
            return Err(loaded.wrong("media.advertise", expected));
        }
    }
    Ok(())
}

/// Whether a socket that listens there can hear what is sent to an address of this family.
fn reaches(listen: SocketAddr, address: IpAddr) -> bool {
    // A socket on [::] hears both families.
    address.is_ipv4() == listen.is_ipv4()
        || listen.ip() == IpAddr::from(std::net::Ipv6Addr::UNSPECIFIED)
}

fn check_codecs(loaded: &Loaded) -> Result<(), ConfigError> {
    let codecs = &loaded.config.media.codecs;
    let distinct: BTreeSet<_> = codecs.iter().collect();
    if codecs.is_empty() || distinct.len() != codecs.len() {
        let expected = super::Key::find("media.codecs").map(|key| key.kind.expects());
        return Err(loaded.wrong("media.codecs", expected.unwrap_or_default()));
    }
    Ok(())
}
