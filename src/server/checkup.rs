//! [`examine`]: what of this machine and this configuration would stand in a service's way, with what
//! to change. `visavis doctor` shows it; nothing is started and nothing is changed.

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::thread::available_parallelism;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};

use super::passage::Said;
use super::{custody, descriptors, lookout, passage, ports};
use crate::config::{KeyAlgorithm, Loaded, TlsSource};
use crate::http::ice_servers::IceServers;
use crate::limits;

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How it is.
    pub state: State,
    /// What it is about.
    pub about: &'static str,
    /// What was found and, unless it is fine, what to change.
    pub words: String,
}

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    /// As it should be.
    Fine,
    /// It works here, and would not everywhere.
    Doubtful,
    /// It does not work.
    Wrong,
}

fn finding(state: State, about: &'static str, words: impl Into<String>) -> Finding {
    let words = words.into();
    Finding {
        state,
        about,
        words,
    }
}

/// Looks at everything.
pub fn examine(loaded: &Loaded) -> Vec<Finding> {
    let own = ports::own_addresses();
    vec![
        http_port(loaded),
        media_port(loaded),
        addresses(loaded, &own),
        ice_servers(loaded),
        tls(loaded, &own),
        access(loaded),
        moderation(loaded),
        store(&loaded.config.store.folder),
        evidence_key(loaded),
        clock(),
        files(loaded.config.http.max_connections),
        buffers(),
        processors(loaded),
    ]
}

fn http_port(loaded: &Loaded) -> Finding {
    let listen = loaded.config.http.listen;
    let bound = TcpListener::bind(listen).map(drop);
    port("http port", &format!("TCP {listen}"), bound)
}

fn media_port(loaded: &Loaded) -> Finding {
    let listen = loaded.config.media.listen;
    let udp = UdpSocket::bind(listen).map(drop);
    let (protocols, bound) = match loaded.config.media.tcp_connections {
        0 => ("UDP", udp),
        _ => (
            "UDP and TCP",
            udp.and_then(|()| TcpListener::bind(listen).map(drop)),
        ),
    };
    port("media port", &format!("{protocols} {listen}"), bound)
}

fn port(about: &'static str, port: &str, bound: std::io::Result<()>) -> Finding {
    let Err(error) = bound else {
        return finding(State::Fine, about, format!("{port} is free"));
    };
    let words = match error.kind() {
        ErrorKind::AddrInUse => {
            let words = format!("{port} is in use: by a running visavis, or stop what has it");
            return finding(State::Doubtful, about, words);
        }
        ErrorKind::PermissionDenied => format!(
            "{port} is not for this account: use one from 1024 on, or grant CAP_NET_BIND_SERVICE"
        ),
        ErrorKind::AddrNotAvailable => format!("{port} is no address of this machine"),
        _ => format!("{port} cannot be used: {error}"),
    };
    finding(State::Wrong, about, words)
}

/// Whether browsers elsewhere can send media to an address.
fn is_public(address: &IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || is_shared)
        }
        IpAddr::V6(address) => {
            !(address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_unspecified())
        }
    }
}

fn addresses(loaded: &Loaded, own: &[IpAddr]) -> Finding {
    let media = &loaded.config.media;
    let listed = |addresses: &[IpAddr]| {
        let words: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        words.join(", ")
    };
    let listen = media.listen.ip();
    let told = match media.advertise.as_slice() {
        [] if listen.is_unspecified() => own.to_vec(),
        [] => vec![listen],
        told => told.to_vec(),
    };
    let about = "media address";
    if told.is_empty() {
        let words = "the machine has no address: set media.advertise";
        return finding(State::Wrong, about, words);
    }
    if !told.iter().any(is_public) {
        let words = format!(
            "browsers are told {}, which the internet cannot reach: set media.advertise to the public \
             address, and forward UDP {} to this machine",
            listed(&told),
            media.listen.port()
        );
        return finding(State::Doubtful, about, words);
    }
    let elsewhere: Vec<_> = told
        .iter()
        .filter(|one| !own.contains(one))
        .copied()
        .collect();
    if elsewhere.is_empty() || (media.advertise.is_empty() && !listen.is_unspecified()) {
        let words = format!(
            "browsers are told {}, which the internet reaches",
            listed(&told)
        );
        return finding(State::Fine, about, words);
    }
    let words = format!(
        "{} is not on this machine: right behind NAT, if UDP {} is forwarded",
        listed(&elsewhere),
        media.listen.port()
    );
    finding(State::Doubtful, about, words)
}

fn ice_servers(loaded: &Loaded) -> Finding {
    let about = "ice servers";
    let urls = &loaded.config.ice.urls;
    if urls.is_empty() {
        let words = "none: whoever can reach neither UDP nor TCP of the media port stays outside";
        return finding(State::Fine, about, words);
    }
    let servers = match IceServers::read(&loaded.config.ice) {
        Ok(servers) => servers,
        Err(error) => return finding(State::Wrong, about, lookout::within_reach(&error)),
    };
    let user = servers.user("doctor", now_s());
    let (mut wrong, mut opening) = (Vec::new(), 0);
    for url in urls {
        let user = user.as_ref().filter(|_| url.is_turn());
        match passage::ask(url, user) {
            Ok(Said::Opens) => opening += 1,
            Ok(Said::Alive) => {}
            Ok(Said::Refuses) => wrong.push(format!(
                "{} does not open with ice.turn_secret: static-auth-secret is another one there",
                url.as_str()
            )),
            Err(error) => wrong.push(format!("no answer from here: {} ({error})", url.as_str())),
        }
    }
    if wrong.is_empty() {
        let words = format!("{} answer, {opening} open to a visitor", urls.len());
        return finding(State::Fine, about, words);
    }
    finding(State::Wrong, about, wrong.join("; "))
}

fn tls(loaded: &Loaded, own: &[IpAddr]) -> Finding {
    let about = "certificate";
    let listen = loaded.config.http.listen.ip();
    match (
        loaded.config.tls.source(),
        ports::certificate_of(loaded, own),
    ) {
        (_, Err(error)) => finding(State::Wrong, about, error.to_string()),
        (TlsSource::Off, _) if !listen.is_loopback() => finding(
            State::Doubtful,
            about,
            "plain HTTP beyond loopback: browsers give the camera to secure pages only. Set tls.cert \
             and tls.key, or let a proxy speak TLS",
        ),
        (TlsSource::Off, _) => finding(
            State::Fine,
            about,
            "plain HTTP on loopback: for this machine, or for a proxy that speaks TLS",
        ),
        (TlsSource::SelfSigned, _) => finding(
            State::Doubtful,
            about,
            "made at the start and known to nobody: browsers warn. Set tls.cert and tls.key",
        ),
        (TlsSource::Files { .. }, _) => finding(State::Fine, about, "it fits its key"),
    }
}

/// Policy, models and the list of known pictures, as the start would read them.
fn moderation(loaded: &Loaded) -> Finding {
    let about = "moderation";
    if !loaded.config.moderation.enabled {
        let words = "off: pictures reach strangers unseen. Set moderation.enabled";
        return finding(State::Doubtful, about, words);
    }
    match lookout::rehearse(loaded) {
        Ok(()) => finding(State::Fine, about, "policy, models and lists can be used"),
        Err(error) => finding(State::Wrong, about, error.to_string()),
    }
}

fn access(loaded: &Loaded) -> Finding {
    let (about, access) = ("access", &loaded.config.access);
    if let Err(error) = ports::entrance_of(loaded) {
        return finding(State::Wrong, about, error.to_string());
    }
    let secrets = access
        .keys
        .iter()
        .filter(|key| key.algorithm == KeyAlgorithm::Hs256);
    let open: Vec<_> = secrets
        .filter(|key| others_can_read(&key.file))
        .map(|key| key.file.display().to_string())
        .collect();
    if !open.is_empty() {
        let words = format!(
            "everybody on this machine can read {0}: chmod 600 {0}",
            open.join(" ")
        );
        return finding(State::Doubtful, about, words);
    }
    if access.guests {
        let words = "guests are let in on their own word: for a service, access.guests = false";
        return finding(State::Doubtful, about, words);
    }
    let words = format!("by token, {} keys", access.keys.len());
    finding(State::Fine, about, words)
}

fn others_can_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}

fn store(folder: &Path) -> Finding {
    let about = "store";
    let shown = folder.display();
    let probe = folder.join(".visavis-doctor");
    if !folder.exists() {
        let words = format!("{shown} is not there yet: it is made at the first start");
        return finding(State::Fine, about, words);
    }
    let written = fs::write(&probe, "").and_then(|()| fs::remove_file(&probe));
    match written {
        Ok(()) => finding(State::Fine, about, format!("{shown} can be written")),
        Err(error) => {
            let words = format!("{shown} cannot be written: {error}. Give it to this account");
            finding(State::Wrong, about, words)
        }
    }
}

/// Whoever has the data should not have the key to its pictures as well.
fn evidence_key(loaded: &Loaded) -> Finding {
    let about = "evidence key";
    let file = &loaded.config.cases.evidence_key;
    let shown = file.display();
    if !loaded.config.moderation.enabled {
        return finding(State::Fine, about, "moderation is off: no picture is kept");
    }
    if file.as_os_str().is_empty() {
        let words = "it lies beside the data that it protects: name a file in cases.evidence_key";
        return finding(State::Doubtful, about, words);
    }
    if let Err(error) = custody::read_key(file) {
        return finding(State::Wrong, about, format!("{shown}: {error}"));
    }
    if others_can_read(file) {
        let words = format!("everybody on this machine can read {shown}: chmod 600 {shown}");
        return finding(State::Doubtful, about, words);
    }
    finding(State::Fine, about, format!("{shown} is one"))
}

/// 26 November 2026, when this was written: no right clock is before it.
const WRITTEN_S: u64 = 1_795_651_200;

#[expect(clippy::disallowed_methods, reason = "the clock is what is looked at")]
fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn clock() -> Finding {
    let about = "clock";
    if now_s() < WRITTEN_S {
        let words = "the clock is in the past: tokens and certificates fail. Set it, by NTP";
        return finding(State::Wrong, about, words);
    }
    // Where systemd-timesyncd keeps time, it says so here.
    let kept = Path::new("/run/systemd/timesync");
    if kept.exists() && !kept.join("synchronized").exists() {
        let words = "not yet set by NTP: see timedatectl";
        return finding(State::Doubtful, about, words);
    }
    finding(State::Fine, about, "it is plausible")
}

fn files(connections: u32) -> Finding {
    let needed = descriptors::needed(connections);
    let most = getrlimit(Resource::Nofile).maximum;
    if most.is_none_or(|most| most >= needed) {
        let words = format!("enough for {connections} connections");
        return finding(State::Fine, "open files", words);
    }
    let words = format!(
        "{} allowed, {needed} needed for http.max_connections: raise LimitNOFILE or ulimit -n",
        most.unwrap_or_default()
    );
    finding(State::Doubtful, "open files", words)
}

fn buffers() -> Finding {
    let short: Vec<_> = ["rmem_max", "wmem_max"]
        .into_iter()
        .filter(|name| {
            let text = fs::read_to_string(format!("/proc/sys/net/core/{name}"));
            let bytes = text.ok().and_then(|text| text.trim().parse::<usize>().ok());
            bytes.is_some_and(|bytes| bytes < limits::SOCKET_BUFFER_BYTES)
        })
        .map(|name| format!("net.core.{name}={}", limits::SOCKET_BUFFER_BYTES))
        .collect();
    if short.is_empty() {
        return finding(
            State::Fine,
            "kernel buffers",
            "as large as the media port asks for",
        );
    }
    let words = format!(
        "smaller than the media port asks for, so bursts are lost: sysctl -w {}",
        short.join(" ")
    );
    finding(State::Doubtful, "kernel buffers", words)
}

fn processors(loaded: &Loaded) -> Finding {
    let cores = available_parallelism().map_or(1, Into::into);
    let config = &loaded.config;
    let shards = match config.media.shards {
        0 => cores,
        shards => shards,
    };
    let workers = if config.moderation.enabled {
        config.moderation.workers
    } else {
        0
    };
    let words = format!("{cores} cores, {shards} media threads, {workers} workers");
    if shards > cores || (workers > 0 && workers >= cores && cores > 1) {
        let words =
            format!("{words}: too little for all; lower media.shards or moderation.workers");
        return finding(State::Doubtful, "processors", words);
    }
    finding(State::Fine, "processors", words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    fn loaded(flags: &[(&'static str, &str)]) -> Loaded {
        let flags = flags.iter().map(|(key, text)| (*key, (*text).to_owned()));
        let sources = Sources {
            flags: flags.collect(),
            ..Sources::default()
        };
        load(&sources).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_fine_where_the_internet_reaches_it() {
        let (public, private) = (ip("203.0.113.7"), ip("10.0.0.5"));
        let of = |flags: &[(&'static str, &str)], own: &[IpAddr]| addresses(&loaded(flags), own);
        assert_eq!(of(&[], &[public]).state, State::Fine);
        assert_eq!(of(&[], &[]).state, State::Wrong);
        let behind = of(&[], &[private]);
        assert_eq!(behind.state, State::Doubtful);
        assert!(behind.words.contains("set media.advertise"), "{behind:?}");
        let told = of(&[("media.advertise", "203.0.113.7")], &[private]);
        assert!(told.words.contains("forwarded"), "{told:?}");
        for bad in [
            "100.64.1.1",
            "169.254.1.1",
            "fd00::1",
            "::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(&ip(bad)), "{bad}");
        }
        assert!(is_public(&ip("2001:db8::1")) && is_public(&ip("100.128.0.1")));
    }

    #[test]
    fn a_port_in_use_and_a_folder_that_is_a_file_are_told() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = socket.local_addr().unwrap().to_string();
        let found = http_port(&loaded(&[("http.listen", &taken)]));
        assert_eq!(found.state, State::Doubtful);
        assert!(found.words.contains("is in use"), "{found:?}");
        assert_eq!(store(Path::new("/dev/null")).state, State::Wrong);
    }

    #[test]
    fn plain_http_for_others_is_doubtful() {
        assert_eq!(tls(&loaded(&[]), &[]).state, State::Fine);
        let open = loaded(&[("http.listen", "0.0.0.0:8080")]);
        assert_eq!(tls(&open, &[]).state, State::Doubtful);
        let broken = loaded(&[("tls.cert", "/no/such"), ("tls.key", "/no/such")]);
        assert_eq!(tls(&broken, &[]).state, State::Wrong);
    }
}
