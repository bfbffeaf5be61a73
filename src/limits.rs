//! Every bound in one table: queues, maps and waits take theirs from here, and the relations
//! between them are asserted when the program is compiled.

use std::time::Duration;

/// Largest datagram that is received or sent, in bytes: an Ethernet frame's payload.
pub const DATAGRAM_BYTES: usize = 1500;

/// Largest datagram of a handshake that is not a browser's, in bytes: what every path carries.
pub const DTLS_RECORD_BYTES: u32 = 1_200;

/// Most bytes of one segmented send: the kernel's limit for UDP (65,535 less headers), rounded down.
pub const SEGMENTED_BYTES: usize = 60_000;

/// Packets of a sender whose arrival is remembered, for feedback: half a second at 8 Mbit/s.
pub const ARRIVALS: usize = 512;

/// Missing packets of a sender's picture that are asked for at a time.
pub const MISSING_PACKETS: usize = 128;

/// Packets of a picture that can be found again for resending: a second at 2.5 Mbit/s.
pub const RING_PACKETS: usize = 256;

/// How long a packet is kept for resending at least: two round trips around the world.
pub const KEPT_FOR: Duration = Duration::from_millis(600);

/// Bytes by which a shard's memory for resending grows and shrinks.
pub const REEL_BYTES: usize = 256 * 1024;

/// Most bytes that a shard keeps for resending: more than 600 ms of what one core can send.
pub const TAPE_BYTES: usize = 256 * 1024 * 1024;

/// Largest keyframe that is kept of somebody who waits, in bytes.
pub const FACE_BYTES: usize = 48 * 1024;

/// Largest compound RTCP packet that is sent, in bytes, unless one part alone is longer.
pub const RTCP_BYTES: usize = 1200;

/// Packets that a sender's sequence may jump ahead before the relay begins a new stretch.
pub const SEQUENCE_LEAP: u64 = 2048;

/// How long a sender that is new here probes for what its way carries: Chromium in bursts of 15 ms, one
/// after the other for a second at most. Meanwhile the shard tells it what arrives, whose clock no picture
/// keeps waiting.
pub const PROBING: Duration = Duration::from_secs(2);

/// Losses of one sender, each of packets side by side, that may be mended yet and are not told until then:
/// at 5 % of 500 packets a second, eight are open at a time.
pub const RUNS_IN_DOUBT: usize = 64;

/// Numbers that one transport-wide feedback packet may report on: 14 bytes can claim 65,535, and
/// each costs work. At 8 Mbit/s so many are sent in four seconds.
pub const FEEDBACK_NUMBERS: u16 = 4096;

/// Streams that are sent under one leg's keys: sound, picture and resending, with room to spare.
pub const SENT_STREAMS: usize = 8;

/// Senders of RTCP under one leg's keys: a browser has one per stream, four with resending.
pub const RTCP_SENDERS: usize = 8;

/// Sequence numbers of one NACK packet that are answered.
pub const NACK_SEQUENCES: usize = 256;

/// Media threads at most; more than this many cores is another program's problem.
pub const SHARDS: usize = 256;

/// Checks of visitors' ages that go on at the same time.
pub const AGE_CHECKS: usize = 10_000;

/// Of what a service says of an age.
pub const AGE_FOUND_BYTES: usize = 1024;

/// STUN and TURN servers that visitors are told of at most; browsers gather by each.
pub const ICE_SERVERS: usize = 8;

/// Addresses that an answer names at most.
pub const CANDIDATES: usize = 8;

/// Largest keyframe that is tapped, in bytes: many times what a camera's takes.
pub const TAP_FRAME_BYTES: usize = 256 * 1024;

/// Packets of a keyframe that is tapped.
pub const TAP_FRAME_PACKETS: usize = 512;

/// Pictures that may be a keyframe to be tapped, while their first packet is missing.
pub const TAP_CANDIDATES: usize = 4;

/// How long the packets of a keyframe may take to come: it is sent at the pace of the sender's
/// estimate, and what is lost of it is asked for again.
pub const TAP_FRAME_PATIENCE: Duration = Duration::from_secs(2);

/// How often a leg may be tapped at most: Chromium makes a keyframe in 300 ms.
pub const TAP_EVERY_MIN: Duration = Duration::from_millis(300);

/// How long a leg may be left untapped at most.
pub const TAP_EVERY_MAX: Duration = Duration::from_secs(3600);

/// Tapped frames that wait to be looked at.
pub const TAP_QUEUE_FRAMES: usize = 256;

/// Bytes of all tapped frames that wait to be looked at.
pub const TAP_QUEUE_BYTES: usize = 16 * 1024 * 1024;

/// Messages that wait for a media thread.
pub const MAIL: usize = 65_536;

/// Messages that a media thread keeps for others whose inbox is full.
pub const MAIL_KEPT: usize = 65_536;

/// Events that wait for the control plane.
pub const MEDIA_EVENTS: usize = 65_536;

/// What a media socket asks of the kernel for each direction, in bytes.
pub const SOCKET_BUFFER_BYTES: usize = 8 * 1024 * 1024;

/// Room for one coalesced read, in bytes: the largest UDP datagram.
pub const RECEIVE_BYTES: usize = 65_535;

/// Largest SDP that is read, in bytes. Chromium's offer with one camera is about 6,000.
pub const SDP_BYTES: usize = 32 * 1024;

/// Sections (`m=` lines) of an SDP that are read.
pub const SDP_SECTIONS: usize = 8;

/// Addresses that a leg may send from at a time.
pub const LEG_ADDRESSES: usize = 8;

/// Addresses that STUN checks of one leg may come from until its next ICE restart: each costs the
/// ICE agent memory.
pub const LEG_SOURCES: usize = 64;

/// Largest WebSocket message, in bytes: an SDP and what surrounds it.
pub const SIGNAL_MESSAGE_BYTES: usize = 64 * 1024;

/// Events of backends' legs that are kept for a backend that was away: a few minutes of a busy
/// server, a megabyte.
pub const BACKEND_EVENTS: usize = 4096;

/// Events that wait to be written down for webhooks, and requests to that table.
pub const WEBHOOK_ORDERS: usize = 4096;

/// How many of them are written at once.
pub const WEBHOOK_BATCH: usize = 256;

/// Events that are kept for webhooks, on disk: some 200 MiB.
pub const WEBHOOK_EVENTS: u32 = 1_000_000;

/// Targets of webhooks: each has a task and a connection.
pub const WEBHOOK_TARGETS: usize = 8;

/// Secrets that webhooks are signed with at a time: the new one and the old one.
pub const WEBHOOK_SECRETS: usize = 2;

/// How long a target may take for one event, the connection included.
pub const WEBHOOK_DEADLINE: Duration = Duration::from_secs(15);

/// Bytes of its answer that are read, for the sake of the connection.
pub const WEBHOOK_ANSWER_BYTES: usize = 16 * 1024;

/// How long that may take.
pub const WEBHOOK_ANSWER_TIME: Duration = Duration::from_secs(1);

/// How long a target rests that did not take an event; twice as long each time.
pub const WEBHOOK_REST: Duration = Duration::from_millis(500);

/// The longest rest.
pub const WEBHOOK_REST_MAX: Duration = Duration::from_secs(5 * 60);

/// How often the table is looked at when nothing happens.
pub const WEBHOOK_LOOK_EVERY: Duration = Duration::from_secs(60);

/// When a backend asks again that was told to come later.
pub const BACKEND_RETRY_AFTER: Duration = Duration::from_secs(5);

/// What a WebSocket reads at a time, in bytes: more than any message but an SDP, and held by every
/// visitor for the whole stay.
pub const SIGNAL_READ_BYTES: usize = 4 * 1024;

/// Messages that wait for a slow WebSocket before it is given up.
pub const SIGNAL_QUEUE: usize = 64;

/// Largest access token, in bytes: what a token of ours holds, ten times over.
pub const TOKEN_BYTES: usize = 4 * 1024;

/// Letters of the name of a key that signs access tokens.
pub const KEY_ID_BYTES: usize = 64;

/// Shortest secret that may sign access tokens, in bytes (RFC 7518, 3.2).
pub const SECRET_BYTES: usize = 32;

/// How far two clocks may be apart before a token counts as expired, or as from the future.
pub const TOKEN_LEEWAY: Duration = Duration::from_secs(30);

/// How long the answer to a challenge may take: a slow phone works long on many bits, and a person looks
/// long for traffic lights.
pub const CHALLENGE_OPEN: Duration = Duration::from_secs(180);

/// Bytes of the answer to a proof of work: more tries than anybody makes.
pub const WORK_ANSWER_BYTES: usize = 20;

/// Bytes of the answer of a captcha's widget.
pub const CAPTCHA_ANSWER_BYTES: usize = 8 * 1024;

/// Bytes that a captcha's service may answer with.
pub const CAPTCHA_VERDICT_BYTES: usize = 16 * 1024;

/// How long a captcha's service may take.
pub const CAPTCHA_DEADLINE: Duration = Duration::from_secs(5);

/// Requests to a captcha's service at once.
pub const CAPTCHA_AT_ONCE: usize = 64;

/// Wrong answers on one WebSocket before it is closed.
pub const CHALLENGE_TRIES: u32 = 3;

/// Single-use tokens that are remembered until they expire: about 20 MB. While it is full no other
/// single-use token is taken.
pub const SPENT_TOKENS: usize = 200_000;

/// How long a lobby may keep two sessions apart because of interests, at most.
pub const INTERESTS_PATIENCE_MAX: Duration = Duration::from_secs(600);

/// How often a WebSocket is pinged.
pub const SIGNAL_PING_EVERY: Duration = Duration::from_secs(15);

/// How long a WebSocket may say nothing, not even answer a ping, before it counts as lost.
pub const SIGNAL_SILENCE: Duration = Duration::from_secs(40);

/// How long one message may take to be sent.
pub const SIGNAL_SEND: Duration = Duration::from_secs(10);

/// How long a new WebSocket may take to say its first word.
pub const SIGNAL_FIRST: Duration = Duration::from_secs(15);

/// Requests of all WebSockets that wait for the control task.
pub const CONTROL_REQUESTS: usize = 1_024;

/// Partners that a session remembers within the rematch window; beyond it the oldest is forgotten.
pub const PARTNERS_REMEMBERED: usize = 256;

/// Sessions that a session blocks; beyond it the oldest may be met again.
pub const BLOCKS: usize = 256;

/// Waiting sessions that one decision looks at before it is put off, acquaintances not counted.
pub const MATCH_SCAN: usize = 64;

/// Fitting sessions among which chance decides.
pub const MATCH_CHOICE: usize = 8;

/// Sessions whose waits began so close together are equals, among which chance decides.
pub const EQUAL_WAIT: Duration = Duration::from_secs(1);

/// Waits that the usual wait is taken from.
pub const WAITS_REMEMBERED: usize = 63;

/// How long a leg may take to connect before the stay is given up.
pub const CONNECT_PATIENCE: Duration = Duration::from_secs(30);

/// Sessions that are woken before the lobby hears somebody else: about 10 ms of work.
pub const ALARMS_AT_ONCE: usize = 1_000;

/// Characters of a BCP 47 tag: the longest in use has 35 (RFC 5646, 4.4.1).
pub const LANGUAGE_CHARS: usize = 35;

/// Processes that judge pictures, at most.
pub const WORKERS: usize = 64;

/// Letters of a label, as in `known_picture`.
pub const LABEL_BYTES: usize = 32;

/// Letters of the version of a policy.
pub const VERSION_BYTES: usize = 64;

/// Rows of a policy.
pub const POLICY_ROWS: usize = 256;

/// Verdicts of one session that are remembered: the most that a row of a policy may count.
pub const VERDICTS_KEPT: usize = 16;

/// Reports about one session that are weighed; those beyond are only written down.
pub const REPORTS_KEPT: usize = 64;

/// Groups of audit lines that wait for the disk.
pub const AUDIT_BATCHES: usize = 16_384;

/// Audit lines that one transaction takes, about: what a sync to the disk costs is shared by them.
pub const AUDIT_LINES_AT_ONCE: usize = 1_024;

/// Pictures of which a service says more later.
pub const OPINIONS_AWAITED: usize = 20_000;

/// How long its later word is waited for.
pub const OPINION_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// How long the picture itself is kept in memory for that, to be put into a case.
pub const OPINION_PICTURE_TIME: Duration = Duration::from_secs(10 * 60);

/// All such pictures together, in bytes.
pub const OPINION_PICTURES_BYTES: usize = 64 * 1024 * 1024;

/// Networks that somebody was sent away from of late.
pub const NETWORKS_KEPT: usize = 20_000;

/// Devices that the desk remembers; beyond it the one that came first is forgotten.
pub const DEVICES_KEPT: usize = 100_000;

/// How long the desk remembers a device that is not kept out.
pub const DEVICE_MEMORY: Duration = Duration::from_secs(24 * 60 * 60);

/// People who may decide; each sign-in looks at all of them.
pub const MODERATORS: usize = 1_000;

/// Characters of such a person's name.
pub const MODERATOR_NAME_CHARS: usize = 64;

/// Bans that are listed at a time.
pub const BANS_LISTED: usize = 500;

/// Audit lines that are shown at a time.
pub const TRAIL_PAGE: u32 = 100;

/// Audit lines that one search looks at.
pub const TRAIL_SEARCHED: u32 = 200_000;

/// Days that figures are given for, at most.
pub const FIGURES_DAYS: u64 = 366;

/// Largest request to the console, in bytes.
pub const CONSOLE_REQUEST_BYTES: usize = 16 * 1024;

/// Characters of a note to a decision.
pub const DECISION_NOTE_CHARS: usize = 1_000;

/// Reasons for a decision on the operator's list.
pub const REASONS: usize = 64;

/// Characters of one of them.
pub const REASON_CHARS: usize = 64;

/// Tokens that are looked up in the list of moderators at a time: each reads the disk.
pub const SIGN_INS_AT_ONCE: usize = 4;

/// Networks whose new WebSockets are counted; beyond it all others share one count.
pub const ARRIVING_NETWORKS: usize = 16_384;

/// Holders of tokens whose requests are counted; beyond it all others share one count.
pub const ASKING_TOKENS: usize = 65_536;

/// Addresses whose attempts to sign in are counted; beyond it all others share one count.
pub const SIGN_IN_ADDRESSES: usize = 4_096;

/// Networks whose questions about cases are counted; beyond it all others share one count.
pub const APPEAL_NETWORKS: usize = 4_096;

/// Tokens that were good before and are looked up whatever else comes from their address.
pub const TOKENS_REMEMBERED: usize = 1_000;
/// Cases that wait for a person; beyond it a complaint is in the audit log alone.
pub const CASES_OPEN: usize = 100_000;

/// Cases that are shown at a time.
pub const CASES_SHOWN: usize = 200;

/// Cases that the disk did not take, kept in memory until it does.
pub const CASES_UNWRITTEN: usize = 1_000;

/// What waits for the table of cases.
pub const CASE_MAILS: usize = 1_024;

/// How long a person has a case before somebody else may.
pub const LEASE: Duration = Duration::from_secs(5 * 60);

/// How long what is decided waits for its case to be on disk; then it is done without.
pub const CASE_PATIENCE: Duration = Duration::from_millis(250);

/// Writings of cases that are late and still heard of.
pub const CASES_LATE: usize = 64;

/// Pictures of one case, of both sides together.
pub const CASE_PICTURES: usize = 24;

/// Bytes of pictures that wait to be put away.
pub const EVIDENCE_BYTES: usize = 64 * 1024 * 1024;

/// Largest sealed picture, in bytes: the picture, a nonce and a tag.
pub const SEALED_BYTES: u64 = PICTURE_BYTES as u64 + 12 + 16;

/// Largest file of evidence keys, in bytes.
pub const KEY_FILE_BYTES: u64 = 64 * 1024;

/// Patterns of an operator's that texts are looked at with.
pub const CHAT_PATTERNS: usize = 256;

/// Memory of one of them, in bytes.
pub const PATTERN_BYTES: usize = 256 * 1024;

/// Versions of classifiers and labels that verdicts are counted by.
pub const VERDICT_KINDS: usize = 256;

/// How long a picture is remembered before it is forgotten, in case somebody complains of it.
pub const ALBUM_TIME: Duration = Duration::from_secs(30);

/// Pictures of one session that are remembered.
pub const ALBUM_PICTURES: usize = 6;

/// Bytes of pictures that are remembered, of all sessions together.
pub const ALBUM_BYTES: usize = 64 * 1024 * 1024;

/// Characters of what a visitor says to a case.
pub const APPEAL_CHARS: usize = 2_000;

/// Samples of a load tester's run: an hour by the second; a longer run is sampled less often.
pub const LOAD_SAMPLES: usize = 3600;

/// Datagrams that a load tester's line holds, each way: what a visitor sends at 1 Mbit/s in ten
/// seconds, the longest delay.
pub const BAD_LINE_DATAGRAMS: usize = 2048;

/// Largest encoded keyframe that is looked at, in bytes.
pub const PICTURE_BYTES: usize = 256 * 1024;

/// Longest side of a picture that is looked at: a decoder takes memory and time for what a header
/// merely claims.
pub const PICTURE_SIDE: usize = 1920;

/// Longest side of an operator's own picture, before it is brought to the size of a video's.
pub const STILL_SIDE: usize = 16_384;

/// Pixels of an operator's own picture.
pub const STILL_PIXELS: usize = 100_000_000;

/// Bytes of a file with an operator's own picture.
pub const STILL_BYTES: u64 = 64 * 1024 * 1024;

/// Largest model, in bytes.
pub const MODEL_BYTES: usize = 256 * 1024 * 1024;

/// Picture models of an operator's own.
pub const OWN_MODELS: usize = 8;

/// Labels that they may give, all together.
pub const OWN_LABELS: usize = 32;

/// Width and height of the largest input of one.
pub const MODEL_SIDE: u16 = 1_024;

/// Scores of one verdict, all models together.
pub const SCORES: usize = 64;

/// Frames that wait for a worker; beyond it the oldest goes unseen. One worker sees about 30 a
/// second.
pub const CLASSIFY_LINE: usize = 64;

/// Frames on their way to the supervisor of the workers.
pub const CLASSIFY_INBOX: usize = 256;

/// Verdicts on their way from it.
pub const CLASSIFY_ANSWERS: usize = 256;

/// Messages on their way to a worker, and from all of them.
pub const WORKER_EVENTS: usize = 64;

/// What a worker process may take of memory, in bytes of address space.
pub const WORKER_MEMORY_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// How long a worker may take to load its models.
pub const WORKER_START: Duration = Duration::from_secs(30);

/// Deadlines that a worker may spend on one frame before it counts as hung.
pub const HANG_DEADLINES: u32 = 5;

/// How long a worker that died a second time without a verdict rests; twice as long each time.
pub const WORKER_REST: Duration = Duration::from_millis(100);

/// The longest rest.
pub const WORKER_REST_MAX: Duration = Duration::from_secs(10);

/// Workers' deaths that are remembered, with the leg they looked at.
pub const WORKER_DEATHS: usize = 256;

/// Worker machines that may be connected at a time.
pub const MACHINES: usize = 64;

/// Workers of one machine.
pub const MACHINE_LINES: usize = 256;

/// Workers altogether, those of this server among them.
pub const FAR_WORKERS: usize = 1024;

/// How often a server and a worker machine make sure of each other.
pub const MACHINE_PING_EVERY: Duration = Duration::from_secs(1);

/// How long either may say nothing before it counts as gone.
pub const MACHINE_SILENCE: Duration = Duration::from_secs(4);

/// How long a worker machine waits before it goes to a server again; twice as long each time.
pub const MACHINE_REST: Duration = Duration::from_millis(250);

/// The longest such wait.
pub const MACHINE_REST_MAX: Duration = Duration::from_secs(30);

/// Answer of a service that is asked about a picture, in bytes.
pub const SERVICE_ANSWER_BYTES: usize = 64 * 1024;

/// Pictures that such a service may have at the same time.
pub const SERVICE_AT_ONCE: usize = 1024;

/// Legs whose last pictures are remembered, to tell those that stand still.
pub const RECENT_LEGS: usize = 16_384;

/// Pictures of a leg that are remembered.
pub const RECENT_PICTURES: usize = 8;

const _: () = assert!(TAP_FRAME_BYTES <= TAP_QUEUE_BYTES);
const _: () = assert!(SDP_BYTES + TOKEN_BYTES < SIGNAL_MESSAGE_BYTES);
const _: () = assert!(LOAD_SAMPLES.is_multiple_of(2));
const _: () = assert!(LEG_ADDRESSES < LEG_SOURCES);
const _: () = assert!(DATAGRAM_BYTES < REEL_BYTES && REEL_BYTES < TAPE_BYTES);
const _: () = assert!(RTCP_BYTES < DATAGRAM_BYTES);
const _: () = assert!(MATCH_CHOICE < MATCH_SCAN);
const _: () = assert!(SIGNAL_PING_EVERY.as_secs() * 2 < SIGNAL_SILENCE.as_secs());
const _: () = assert!(TAP_FRAME_BYTES <= PICTURE_BYTES && PICTURE_BYTES < MODEL_BYTES);
const _: () = assert!(MODERATORS <= TOKENS_REMEMBERED);
const _: () = assert!(WORKERS + MACHINE_LINES <= FAR_WORKERS);
const _: () = assert!(MACHINE_PING_EVERY.as_millis() * 2 < MACHINE_SILENCE.as_millis());
const _: () = assert!(MACHINE_REST.as_millis() < MACHINE_REST_MAX.as_millis());
const _: () = assert!(WEBHOOK_ANSWER_TIME.as_millis() < WEBHOOK_DEADLINE.as_millis());
const _: () = assert!(WEBHOOK_BATCH <= WEBHOOK_ORDERS);
const _: () = assert!(WORKER_REST.as_millis() < WORKER_REST_MAX.as_millis());
