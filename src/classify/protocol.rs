//! What the server and a worker say to each other, as bytes.
//!
//! A message is its length (four bytes, little-endian), a head (postcard) and, behind it, whatever
//! bytes belong to it: a model's, a picture's. It runs over the pipes of a child process, and would
//! over any other line that keeps order.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::looking::Sight;
use super::settings::ModelSpec;
use crate::codec::VideoCodec;
use crate::limits::{MODEL_BYTES, PICTURE_BYTES};

/// Which protocol this is; both sides must speak the same.
pub const PROTOCOL: u16 = 2;

/// Longest message to a worker, in bytes.
pub const REQUEST_BYTES: usize = MODEL_BYTES + HEAD_BYTES;

/// Longest message of a worker, in bytes.
pub const REPLY_BYTES: usize = 16 * 1024;

/// Longest head, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

const _: () = assert!(PICTURE_BYTES < MODEL_BYTES && REPLY_BYTES < HEAD_BYTES);

/// What the server says.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
pub enum Request {
    /// First: which protocol it speaks.
    Hello {
        /// [`PROTOCOL`].
        protocol: u16,
    },
    /// Load this model; its bytes follow, but for a bundled one, which the worker has.
    Model(ModelSpec),
    /// That was the last model: say when you are ready.
    Begin,
    /// Look at a keyframe, whose bytes follow.
    Look {
        /// Names it in the reply.
        ticket: u64,
        /// How it is coded.
        codec: VideoCodec,
    },
}

/// What a worker says.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
pub enum Reply {
    /// To `Begin`: it will look.
    Ready {
        /// [`PROTOCOL`].
        protocol: u16,
        /// Which models it looks with.
        pipeline: String,
    },
    /// It cannot do what was asked of it at the start, and ends.
    Refused {
        /// Why, in words.
        reason: String,
    },
    /// To `Look`.
    Seen {
        /// The request's.
        ticket: u64,
        /// What there was to see.
        sight: Sight,
    },
}

/// Why bytes are no message.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error, Debug)]
pub enum ProtocolError {
    /// Longer than any message, or empty.
    #[error("a message of {length} bytes where 1 to {limit} may come")]
    Length {
        /// What it claims.
        length: usize,
        /// What it may.
        limit: usize,
    },
    /// Its head is none that we know.
    #[error("a message that is not of this protocol")]
    Head,
}

/// A message with its length before it.
pub fn encode(head: &impl Serialize, tail: &[u8]) -> Vec<u8> {
    let room = Vec::with_capacity(tail.len() + 64);
    let start = [room, vec![0; 4]].concat();
    let mut message = postcard::to_extend(head, start).unwrap_or_default();
    message.extend_from_slice(tail);
    let length = u32::try_from(message.len().saturating_sub(4)).unwrap_or(u32::MAX);
    if let Some(prefix) = message.first_chunk_mut::<4>() {
        *prefix = length.to_le_bytes();
    }
    message
}

/// How many bytes follow a length.
///
/// # Errors
/// None, or more than `limit`.
pub fn length(prefix: [u8; 4], limit: usize) -> Result<usize, ProtocolError> {
    let length = usize::try_from(u32::from_le_bytes(prefix)).unwrap_or(usize::MAX);
    match length {
        1.. if length <= limit => Ok(length),
        _ => Err(ProtocolError::Length { length, limit }),
    }
}

/// The head of a message, without its length, and what follows it.
///
/// # Errors
/// It is no message of this side.
pub fn decode<Head: DeserializeOwned>(message: &[u8]) -> Result<(Head, &[u8]), ProtocolError> {
    postcard::take_from_bytes(message).map_err(|_| ProtocolError::Head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::pdq::Fingerprint;

    #[test]
    fn a_message_comes_out_as_it_went_in() {
        let look = Request::Look {
            ticket: 7,
            codec: VideoCodec::Vp8,
        };
        let bytes = encode(&look, &[1, 2, 3]);
        let (prefix, message) = bytes.split_first_chunk().unwrap();
        assert_eq!(length(*prefix, REQUEST_BYTES), Ok(message.len()));
        assert_eq!(decode(message), Ok((look, &[1, 2, 3][..])));

        let seen = Reply::Seen {
            ticket: 7,
            sight: Sight::Seen {
                fingerprint: Fingerprint([7; 32]),
                quality: 90,
                scores: vec![("porn".to_owned(), 0.25)],
            },
        };
        assert_eq!(decode(&encode(&seen, &[])[4..]), Ok((seen, &[][..])));
        let spec = Request::Model(ModelSpec::bundled().remove(0));
        assert_eq!(decode(&encode(&spec, &[])[4..]), Ok((spec, &[][..])));
    }

    #[test]
    fn endless_empty_and_foreign_messages_are_refused() {
        assert!(length([0xff; 4], REQUEST_BYTES).is_err());
        assert!(length([0; 4], REPLY_BYTES).is_err());
        assert!(length(*b"HTTP", REPLY_BYTES).is_err());
        assert_eq!(length([0, 0x40, 0, 0], REPLY_BYTES), Ok(REPLY_BYTES));
        assert_eq!(decode::<Reply>(&[9, 9, 9]), Err(ProtocolError::Head));
        // A list that claims to be longer than the message.
        assert!(decode::<Reply>(&[2, 7, 2, 0xff, 0xff, 0xff, 0xff, 0xf]).is_err());
    }

    #[test]
    fn the_greeting_keeps_its_form_whatever_the_version() {
        assert_eq!(
            encode(&Request::Hello { protocol: 1 }, &[]),
            [2, 0, 0, 0, 0, 1]
        );
    }
}
