"""What the fuzzer of the HTTP API does not know by itself: SDP is text."""

import schemathesis

schemathesis.serializer.alias(["application/sdp", "application/trickle-ice-sdpfrag"], "text/plain")
