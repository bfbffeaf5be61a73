//! The table of keys: one row gives the key in the file, its variable, its flag, its meaning and
//! what it takes, so that the five cannot drift apart.

use toml::Value;

use super::Config;
use super::kind::Kind;
use crate::limits;

/// One key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// Its path in the file, as `media.listen`.
    pub path: &'static str,
    /// The table that it stands in, as `media`.
    pub section: &'static str,
    /// Its name there, as `listen`.
    pub name: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
    /// What it takes.
    pub kind: Kind,
    read: fn(&Config) -> Value,
    write: fn(&mut Config, Value) -> bool,
}

macro_rules! key {
    ($section:ident . $name:ident, $kind:expr, $meaning:literal) => {
        Key {
            path: concat!(stringify!($section), ".", stringify!($name)),
            section: stringify!($section),
            name: stringify!($name),
            meaning: $meaning,
            kind: $kind,
            read: |config| {
                Value::try_from(&config.$section.$name).expect("a setting is one TOML value")
            },
            write: |config, value| match value.try_into() {
                Ok(value) => {
                    config.$section.$name = value;
                    true
                }
                Err(_) => false,
            },
        }
    };
}

const PEM: Kind = Kind::Text("the path of a PEM file, or empty for none");
const ADDRESS: Kind = Kind::Text("an IP address and a port, as 0.0.0.0:3478 or [::]:8080");
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const fn milliseconds(from: u64, to: u64) -> Kind {
    Kind::Whole {
        of: "milliseconds",
        from,
        to,
    }
}

const fn count(of: &'static str, from: u64, to: u64) -> Kind {
    Kind::Whole { of, from, to }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "600 seconds are few milliseconds"
)]
const PATIENCE_MAX_MS: u64 = limits::INTERESTS_PATIENCE_MAX.as_millis() as u64;

/// Every key, in the order of the file.
pub static KEYS: &[Key] = &[
    key!(
        http.listen,
        ADDRESS,
        "Where the page, the signaling and the health pages listen (TCP). Beyond loopback needs TLS: browsers give the camera to secure pages only. With self_signed the default is 0.0.0.0:8080."
    ),
    key!(
        http.max_connections,
        count("connections", 1, 1_000_000),
        "HTTP connections held open at once, WebSockets included; those beyond are closed at once."
    ),
    key!(
        http.header_timeout_ms,
        milliseconds(100, 600_000),
        "How long a client may take for the head of a request, or for the TLS handshake."
    ),
    key!(
        http.websocket_burst,
        count("WebSockets", 1, 1_000_000),
        "WebSockets that one network (an IPv4 address, a /64 of IPv6) may open at once; others get 429. From this machine and private networks X-Forwarded-For counts, and without it nothing is counted."
    ),
    key!(
        http.websocket_every_ms,
        milliseconds(1, 600_000),
        "After such a burst, one more WebSocket per this time."
    ),
    key!(
        http.token_burst,
        count("requests", 1, 1_000_000),
        "Requests of the HTTP API that one visitor may make at once, known by the sub of their token or else by the token; others get 429."
    ),
    key!(
        http.token_every_ms,
        milliseconds(1, 600_000),
        "After such a burst, one more request per this time."
    ),
    key!(
        http.backend_burst,
        count("requests", 1, 1_000_000),
        "The same, by one whose token has the grant backend, moderate or admin."
    ),
    key!(
        http.backend_every_ms,
        milliseconds(1, 600_000),
        "After such a burst, one more request per this time."
    ),
    key!(
        tls.cert,
        Kind::Text("the path of a PEM file, or empty for none"),
        "Certificate chain of the HTTP side, a PEM file; empty for plain HTTP. Goes with tls.key."
    ),
    key!(
        tls.key,
        Kind::Text("the path of a PEM file, or empty for none"),
        "Private key of the certificate, a PEM file. Goes with tls.cert."
    ),
    key!(
        tls.self_signed,
        Kind::Switch,
        "Make a certificate at every start and keep it in memory: for trying the page from another device."
    ),
    key!(
        access.guests,
        Kind::Switch,
        "Whether visitors are let in without an access token, on their own word of being of age. false for a service on the open internet."
    ),
    key!(
        access.keys,
        Kind::List("keys as ID=HS256:FILE, ID=ES256:FILE or ID=EdDSA:FILE, each ID once"),
        "Keys that access tokens may be signed by, each as ID=ALGORITHM:FILE; several at once, so that they can be changed. The file holds a secret of 32 characters or more (HS256), or a public key in PEM (ES256, EdDSA)."
    ),
    key!(
        access.origins,
        Kind::List("origins as https://chat.example.org, or *"),
        "Origins whose pages may use the server besides its own page, as https://chat.example.org; * for all."
    ),
    key!(
        access.least_assurance,
        Kind::List(
            "age bands out of 13-15, 16-17 and adult with self-declared, estimated or verified, as adult=verified, at least one and each band once"
        ),
        "Bands of ages that are let in, each with the least assurance that its visitors must have; bands never meet each other. Without a token a visitor's age is adult=self-declared."
    ),
    key!(
        age_check.url,
        Kind::Text("an http or https URL without a fragment, or empty for none"),
        "A page of yours, or of a service that you trust, where a visitor's age is checked that is not assured as well as access.least_assurance demands. It gets check=NAME and says by POST /v1/age-checks/NAME what it has found."
    ),
    key!(
        age_check.secret,
        Kind::Text("the path of a file, or empty for none"),
        "File with the secret that it signs what it has found with, as `visavis webhooks secret` prints; a second line while it is being changed."
    ),
    key!(
        age_check.wait_ms,
        milliseconds(1_000, DAY_MS),
        "How long a visitor may take for it."
    ),
    key!(
        challenge.kind,
        Kind::Text("none, work or captcha"),
        "What visitors without an access token do before they are let in: nothing, a proof of work that their browser finds by itself, or a captcha of yours. It keeps bots out, or makes them dear."
    ),
    key!(
        challenge.free_joins,
        count("visitors", 0, 1_000_000),
        "So many visitors of one network (an IPv4 address, a /64 of IPv6) are asked for nothing; 0 to ask everybody. Whose network is unknown, as behind a proxy without X-Forwarded-For, is asked only where it is 0."
    ),
    key!(
        challenge.half_life_ms,
        milliseconds(1_000, DAY_MS),
        "In this time half of those who have come from a network are forgotten."
    ),
    key!(
        challenge.least_bits,
        count("bits", 1, 32),
        "Zero bits of a proof of work, each of which doubles it, for the first who is asked. A desktop's browser tries some 500,000 a second, a phone fewer."
    ),
    key!(
        challenge.most_bits,
        count("bits", 1, 32),
        "Each time that as many more come from one network, the proof of work has one bit more, up to this."
    ),
    key!(
        challenge.captcha_url,
        Kind::Text("an http or https URL, or empty for none"),
        "Where the captcha's answers are checked, by POST of secret and response as a form: the siteverify of its service."
    ),
    key!(
        challenge.captcha_site_key,
        Kind::Text("the site key of the captcha, or empty for none"),
        "What the captcha's widget is told; visitors see it."
    ),
    key!(
        challenge.captcha_secret,
        Kind::Text("the path of a file, or empty for none"),
        "A file with the secret that the captcha's service knows you by."
    ),
    key!(
        media.listen,
        ADDRESS,
        "The one port of all media, UDP and TCP."
    ),
    key!(
        media.tcp_connections,
        count("connections", 0, 100_000),
        "Connections over TCP at once, on the port number of media.listen, for visitors whose network lets no UDP through; one network has an eighth of them at most. 0 for none."
    ),
    key!(
        media.advertise,
        Kind::List("IP addresses that browsers can reach, as 203.0.113.7"),
        "Addresses that browsers are told to send media to, for a server behind NAT; empty for the machine's own, loopback included."
    ),
    key!(
        media.shards,
        count("threads", 0, limits::SHARDS as u64),
        "Media threads; 0 for one per core but one."
    ),
    key!(
        media.rest_us,
        Kind::Whole {
            of: "microseconds",
            from: 0,
            to: 5_000
        },
        "Where packets come densely, a media thread rests for so long and reads them together: being woken costs more than a packet does. What is relayed is later by at most that; 0 for never."
    ),
    key!(
        media.pin,
        Kind::Switch,
        "Keep each media thread on a core of its own, the first on the first: for a machine that does nothing else."
    ),
    key!(
        media.codecs,
        Kind::List("codecs out of vp8, vp9 and h264, at least one and each once"),
        "Picture codings in order of preference. Every browser has vp8."
    ),
    key!(
        media.max_legs,
        count("legs", 2, 1_000_000),
        "Video connections held at once; visitors beyond are told that the server is full."
    ),
    key!(
        media.silence_ms,
        milliseconds(1_000, DAY_MS),
        "A connection that nothing was heard from for so long is silent: its partner is told and looks again."
    ),
    key!(
        media.close_after_ms,
        milliseconds(2_000, DAY_MS),
        "A connection that nothing was heard from for so long is closed (RFC 7675 says 30 seconds)."
    ),
    key!(
        ice.urls,
        Kind::List(
            "at most 8 URLs as stun:stun.example.org, turn:turn.example.org:3478?transport=udp or turns:turn.example.org:443?transport=tcp"
        ),
        "STUN and TURN servers of yours that visitors are told of. The media port needs none; a TURN server at TCP 443 with TLS is for networks that let nothing else through. Browsers use it only where no other way is open."
    ),
    key!(
        ice.turn_secret,
        Kind::Text("the path of a file, or empty for none"),
        "File with the secret that visavis shares with the TURN servers: static-auth-secret of coturn, with use-auth-secret. Each visitor gets a user name and a password of their own made of it."
    ),
    key!(
        ice.lifetime_ms,
        milliseconds(60_000, 7 * DAY_MS),
        "For so long such a user name opens a TURN server. What is connected by then stays connected."
    ),
    key!(
        lobby.max_sessions,
        count("sessions", 2, 10_000_000),
        "Visitors at once, by video or text; those beyond are told that the server is full."
    ),
    key!(
        lobby.full_at_load_percent,
        count("percent", 1, 101),
        "When a media thread is busy for so much of its time, visitors who come by video are told that the server is full: before those inside suffer. 101 for never."
    ),
    key!(
        lobby.retry_after_ms,
        milliseconds(1, DAY_MS),
        "What a visitor who finds the server full is told to wait."
    ),
    key!(
        lobby.rematch_window_ms,
        milliseconds(0, DAY_MS),
        "Two who have met are not paired again for so long."
    ),
    key!(
        lobby.requeue_ms,
        milliseconds(0, 600_000),
        "After the partner has left, the one who stays looks again after so long."
    ),
    key!(
        lobby.grace_ms,
        milliseconds(0, 600_000),
        "How long a visitor whose WebSocket is lost keeps their place."
    ),
    key!(
        lobby.interests_patience_ms,
        milliseconds(0, PATIENCE_MAX_MS),
        "For so long a visitor with interests is paired only over a common one; later common ones are preferred."
    ),
    key!(
        lobby.languages_patience_ms,
        milliseconds(0, PATIENCE_MAX_MS),
        "For so long a visitor with languages is paired only over a common one; later common ones are preferred."
    ),
    key!(
        lobby.waiting_every_ms,
        milliseconds(500, 600_000),
        "How often a waiting visitor is told how many are online."
    ),
    key!(
        lobby.max_interests,
        count("interests", 0, 64),
        "Interests that one visitor may name."
    ),
    key!(
        lobby.max_interest_chars,
        count("characters", 1, 256),
        "Characters of one interest."
    ),
    key!(
        lobby.max_languages,
        count("languages", 0, 64),
        "Languages that one visitor may name."
    ),
    key!(
        lobby.max_chat_chars,
        count("characters", 1, 8_000),
        "Characters of one chat message."
    ),
    key!(
        lobby.max_note_chars,
        count("characters", 0, 8_000),
        "Characters of the note to a report."
    ),
    key!(
        lobby.chat_burst,
        count("messages", 1, 10_000),
        "Chat messages that one visitor may send at once."
    ),
    key!(
        lobby.chat_every_ms,
        milliseconds(1, 600_000),
        "After such a burst, one more chat message per this time."
    ),
    key!(
        lobby.typing_burst,
        count("messages", 1, 10_000),
        "Typing notices that one visitor may send at once."
    ),
    key!(
        lobby.typing_every_ms,
        milliseconds(1, 600_000),
        "After such a burst, one more typing notice per this time."
    ),
    key!(
        lobby.next_burst,
        count("messages", 1, 10_000),
        "Other requests (next, stop, offer, report) that one visitor may send at once."
    ),
    key!(
        lobby.next_every_ms,
        milliseconds(1, 600_000),
        "After such a burst, one more of these per this time."
    ),
    key!(
        moderation.enabled,
        Kind::Switch,
        "Whether pictures are looked at before and while a stranger sees them. false is for trying things out alone."
    ),
    key!(
        moderation.policy,
        Kind::Text("the path of a policy file, or empty for the built-in policy"),
        "What happens when something is seen: a policy file like config/policy.toml in the source; empty for that one."
    ),
    key!(
        moderation.hash_list,
        Kind::Text("the path of a file with PDQ hashes, or empty for none"),
        "PDQ hashes of known pictures, a file with one per line; empty for none."
    ),
    key!(
        moderation.workers,
        count("processes", 0, limits::WORKERS as u64),
        "Processes that judge pictures, each with about one core's work."
    ),
    key!(
        moderation.deadline_ms,
        milliseconds(100, 60_000),
        "A picture that is not judged within it counts as not judged (no_verdict in the policy)."
    ),
    key!(
        moderation.first_every_ms,
        milliseconds(100, 60_000),
        "From one looked-at picture to the next while a visitor is new, reported or near to a threshold."
    ),
    key!(
        moderation.steady_every_ms,
        milliseconds(100, 600_000),
        "From one looked-at picture to the next of a visitor whom nothing speaks against."
    ),
    key!(
        moderation.network_out_ms,
        milliseconds(0, DAY_MS),
        "Where a cooldown or a ban begins, new browsers of the same network (an IPv4 address, a /64 of IPv6) stay outside for so long, and twice as long with each further one, a day at most and never longer than whom it is for; 0 for never. Who was here before, or has an account, is not affected. A network is kept as a number, under a key of the day, in memory."
    ),
    key!(
        moderation.reasons,
        Kind::List("reasons, at least one and each once, of 1 to 64 characters"),
        "What moderators choose from as the reason for a decision. The console translates these; others it shows as they are."
    ),
    key!(
        moderation.chat_patterns,
        Kind::List("patterns, as text_elsewhere=whats ?app"),
        "Labels and regular expressions for what visitors write to each other, beside the built-in list of words; the policy says what follows."
    ),
    key!(
        classifier.listen,
        Kind::Text("an IP address and a port, as 0.0.0.0:4433, or empty for none"),
        "Where workers of other machines come (UDP, QUIC); empty for none. With them moderation.workers may be 0."
    ),
    key!(
        classifier.certificate,
        PEM,
        "This server's certificate to them, a PEM file: visavis worker certificates FOLDER makes one."
    ),
    key!(classifier.key, PEM, "Its private key, a PEM file."),
    key!(
        classifier.authority,
        PEM,
        "Certificate of the authority that theirs have to come from, a PEM file."
    ),
    key!(
        classifier.models,
        Kind::Text("the path of a file that describes models, or empty for none"),
        "Picture models of your own beside the bundled ones: a file as in docs/classifiers.md; empty for none."
    ),
    key!(
        classifier.service_url,
        Kind::Text("an http or https URL, or empty for none"),
        "A service that is asked about every picture as well, by POST of a WebP; empty for none. Needs media.codecs = [\"vp8\"]."
    ),
    key!(
        classifier.service_secret,
        Kind::Text("the path of a file, or empty for none"),
        "A file with the secret that requests to the service are signed with, 16 bytes or more."
    ),
    key!(
        classifier.service_labels,
        Kind::List("words of the service and labels, as nudity=porn"),
        "What the service's words mean; others are not heard."
    ),
    key!(
        classifier.service_deadline_ms,
        milliseconds(50, 60_000),
        "How long the service may take; without an answer the picture counts as not judged."
    ),
    key!(
        classifier.service_at_once,
        count("pictures", 1, limits::SERVICE_AT_ONCE as u64),
        "Pictures that the service may have at the same time; those beyond count as not judged."
    ),
    key!(
        cases.keep_days,
        count("days", 1, 3_650),
        "Days that a case is kept from its opening; longer only while it is open or on legal hold. EU law (DSA, article 20) gives a visitor six months to appeal."
    ),
    key!(
        cases.keep_child_safety_days,
        count("days", 1, 3_650),
        "The same for what may show a child: US law (18 USC 2258A) asks for a year."
    ),
    key!(
        cases.evidence,
        Kind::Text("a folder, or s3://BUCKET/PREFIX, or empty"),
        "Where the sealed pictures of cases lie: a folder, or s3://BUCKET/PREFIX with the AWS_ variables of any S3 client; empty for evidence in store.folder."
    ),
    key!(
        cases.evidence_key,
        Kind::Text("the path of a file, or empty"),
        "A file with the key that they are sealed with: 64 hexadecimal digits as `visavis token secret` prints, the newest of several lines first. Empty for evidence.key in store.folder, made at the first start: whoever has that folder then has both."
    ),
    key!(
        webhooks.urls,
        Kind::List("http or https URLs, 8 at most"),
        "Where events of a backend's legs are posted to; empty for nowhere. See docs/api.md."
    ),
    key!(
        webhooks.secret,
        Kind::Text("the path of a file, or empty for none"),
        "A file with the secret that they are signed with, as whsec_BASE64; a second line while it is changed."
    ),
    key!(
        webhooks.events,
        Kind::List("names of events, as connected"),
        "The events that are sent; empty for all."
    ),
    key!(
        webhooks.keep_hours,
        count("hours", 1, 720),
        "Hours that an event is kept for a target that does not take it."
    ),
    key!(
        store.folder,
        Kind::Text("the path of a folder"),
        "Folder of what outlives the process, made at the start: audit.db, the log of every decision."
    ),
    key!(
        log.format,
        Kind::Text("text or json"),
        "Shape of the log lines: text for people, json for machines."
    ),
    key!(
        log.level,
        Kind::Text("error, warn, info, debug or trace"),
        "The least important line that is still written. debug and trace may show addresses."
    ),
    key!(
        traces.url,
        Kind::Text("an http or https URL, as http://127.0.0.1:4318/v1/traces, or empty for none"),
        "An OpenTelemetry collector that is told how long each step of a stay and each request of a backend took, by OTLP over HTTP; nothing of a visitor is in it. OTEL_EXPORTER_OTLP_HEADERS may hold what it asks for."
    ),
    key!(
        traces.sample_percent,
        count("stays of a hundred", 0, 100),
        "Of so many stays of a hundred it is told; of a backend's request as its traceparent says."
    ),
    key!(
        server.drain_ms,
        milliseconds(0, DAY_MS),
        "How long matches may go on after SIGTERM or Ctrl-C."
    ),
];

impl Key {
    /// The row of a path.
    pub fn find(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The environment variable that sets it, as `VISAVIS_MEDIA_LISTEN`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}_{}", self.section, self.name).to_uppercase()
    }

    /// The flag that sets it, without the dashes, as `media-listen`.
    pub fn flag(&self) -> String {
        // The one that is typed by hand on a first try; `tls` would only be in the way.
        if self.path == "tls.self_signed" {
            return "self-signed".to_owned();
        }
        self.path.replace(['.', '_'], "-")
    }

    /// Its value in a configuration.
    pub fn read(&self, config: &Config) -> Value {
        (self.read)(config)
    }

    /// Puts a value into a configuration; false if it is not what the key takes.
    pub(super) fn write(&self, config: &mut Config, value: Value) -> bool {
        self.kind.admits(&value) && (self.write)(config, value)
    }
}

/// What every variable of ours begins with.
pub(super) const VARIABLE_PREFIX: &str = "VISAVIS_";
