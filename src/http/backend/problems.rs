//! Every problem that a backend's request may be answered with, for the API's description: docs/api.md
//! has the same table. Which of them an operation knows stands at its handler, as `x-problems`.

use crate::http::description::Possible;

/// All of them.
pub(super) const PROBLEMS: [Possible; 26] = [
    Possible(400, "unreadable", "the request cannot be read"),
    Possible(
        400,
        "malformed_offer",
        "the body is not an SDP offer that can be read",
    ),
    Possible(
        400,
        "bad_name",
        "a match's name has 1 to 64 letters, digits, `-` and `_`",
    ),
    Possible(
        400,
        "bad_action",
        "the action, its label or how long it lasts is none that there is",
    ),
    Possible(401, "unauthorized", "there is no token, or not a good one"),
    Possible(403, "forbidden", "the token does not allow it"),
    Possible(
        403,
        "age_not_assured",
        "the age that the token says is not let in here",
    ),
    Possible(404, "no_such_leg", "there is no such leg, or it is over"),
    Possible(
        404,
        "no_such_match",
        "there is no such match, or it is over",
    ),
    Possible(
        409,
        "not_connected",
        "a leg is not connected yet, or silent, or only sends and has no player",
    ),
    Possible(409, "not_screened", "a leg's picture has not passed yet"),
    Possible(
        409,
        "no_publisher",
        "a leg that only receives comes after one that only sends, with the same `sub`",
    ),
    Possible(
        409,
        "apart",
        "the two never meet: their picture codings or age bands differ",
    ),
    Possible(
        409,
        "moved",
        "a newer server has taken over, and these legs stay with the older one until their match ends: open them anew",
    ),
    Possible(
        409,
        "not_now",
        "the leg is in a state in which this cannot be done",
    ),
    Possible(
        409,
        "nobody_to_report",
        "the leg has faced nobody, or has reported them already",
    ),
    Possible(
        409,
        "not_moderated",
        "`moderation.enabled` is off, so there is no log to write it down in",
    ),
    Possible(
        412,
        "another_ice_session",
        "`If-Match` names another ICE session than the leg's",
    ),
    Possible(413, "too_long", "the body is longer than 64 KiB"),
    Possible(415, "wrong_media_type", "the body is of another type"),
    Possible(
        422,
        "nothing_in_common",
        "the offer has no codec that this server speaks",
    ),
    Possible(422, "not_two", "these are not two legs that are here"),
    Possible(428, "no_if_match", "`If-Match` is missing"),
    Possible(
        429,
        "too_fast",
        "you ask more often than the configuration lets you, or restart a leg more than a few times a second",
    ),
    Possible(503, "full", "as many are here as the server can carry"),
    Possible(503, "draining", "the server is about to end"),
];
