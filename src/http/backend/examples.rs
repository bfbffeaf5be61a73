//! What the API's description shows as bodies. A test sends the offer to a server.

/// A short offer: sound in Opus, a picture in VP8, both sent and received.
pub(super) const OFFER: &str = "v=0\r\n\
    o=- 4611686018427387904 2 IN IP4 127.0.0.1\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=group:BUNDLE 0 1\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=ice-ufrag:KeNy\r\n\
    a=ice-pwd:hehW2DmdmYSFQBCRk9fyi/ci\r\n\
    a=ice-options:trickle\r\n\
    a=fingerprint:sha-256 4C:4D:2D:04:44:10:BF:17:77:E2:C4:B1:71:68:EA:50:\
    EB:27:45:12:2A:8C:FF:B1:1C:86:53:BB:E4:E4:E4:68\r\n\
    a=setup:actpass\r\n\
    a=mid:0\r\n\
    a=sendrecv\r\n\
    a=rtcp-mux\r\n\
    a=rtpmap:111 opus/48000/2\r\n\
    a=rtcp-fb:111 transport-cc\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=ice-ufrag:KeNy\r\n\
    a=ice-pwd:hehW2DmdmYSFQBCRk9fyi/ci\r\n\
    a=ice-options:trickle\r\n\
    a=fingerprint:sha-256 4C:4D:2D:04:44:10:BF:17:77:E2:C4:B1:71:68:EA:50:\
    EB:27:45:12:2A:8C:FF:B1:1C:86:53:BB:E4:E4:E4:68\r\n\
    a=setup:actpass\r\n\
    a=mid:1\r\n\
    a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
    a=sendrecv\r\n\
    a=rtcp-mux\r\n\
    a=rtcp-rsize\r\n\
    a=rtpmap:96 VP8/90000\r\n\
    a=rtcp-fb:96 transport-cc\r\n\
    a=rtcp-fb:96 ccm fir\r\n\
    a=rtcp-fb:96 nack\r\n\
    a=rtcp-fb:96 nack pli\r\n\
    a=rtpmap:97 rtx/90000\r\n\
    a=fmtp:97 apt=96\r\n";

/// What a browser says to begin ICE anew.
pub(super) const RESTART: &str = "a=ice-options:trickle\r\n\
    a=group:BUNDLE 0 1\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
    a=mid:0\r\n\
    a=ice-ufrag:ysXw\r\n\
    a=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n";

/// What it is answered.
pub(super) const RESTARTED: &str = "a=ice-lite\r\n\
    a=group:BUNDLE 0 1\r\n\
    m=audio 3478 UDP/TLS/RTP/SAVPF 111\r\n\
    a=mid:0\r\n\
    a=ice-ufrag:8hhY\r\n\
    a=ice-pwd:asd88fgpdd777uzjYhagZg\r\n\
    a=candidate:1 1 udp 2130706431 203.0.113.7 3478 typ host\r\n\
    a=end-of-candidates\r\n";

/// Two events as they stand in the stream.
pub(super) const STREAM: &str = "id: 1870659584000001\n\
    event: connected\n\
    data: {\"leg\":\"5f0c8a52c7d94e0b9a3f1d6e8b7c4a20\",\"type\":\"connected\"}\n\
    \n\
    id: 1870659584000002\n\
    event: screened\n\
    data: {\"leg\":\"5f0c8a52c7d94e0b9a3f1d6e8b7c4a20\",\"type\":\"screened\"}\n\
    \n";
