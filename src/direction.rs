//! Which way the media of a leg flows, as its visitor's offer says it.

/// The direction attribute of an offer (RFC 8866, 6.7). The answer says the reverse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// Both ways: one leg is all that a session needs.
    SendRecv,
    /// The visitor only sends, as a publisher by WHIP does.
    SendOnly,
    /// The visitor only receives, as a player by WHEP does.
    RecvOnly,
}

impl Direction {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
        }
    }

    /// What an offer asks for: the first that it says, or both ways where it says none. Whether all of
    /// it goes that way is for whoever answers it.
    pub fn of_offer(offer: &str) -> Self {
        let all = [Self::SendRecv, Self::SendOnly, Self::RecvOnly];
        let mut lines = offer
            .lines()
            .filter_map(|line| line.trim_end().strip_prefix("a="));
        lines
            .find_map(|line| all.into_iter().find(|direction| direction.word() == line))
            .unwrap_or(Self::SendRecv)
    }

    /// The same as the other side says it.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_goes_the_way_that_it_says_first() {
        let offer = "v=0\r\nm=audio 9 X 0\r\na=recvonly\r\nm=video 9 X 0\r\na=sendrecv\r\n";
        assert_eq!(Direction::of_offer(offer), Direction::RecvOnly);
        assert_eq!(Direction::of_offer("a=sendonly\n"), Direction::SendOnly);
        assert_eq!(
            Direction::of_offer("a=sendonlyish\r\n"),
            Direction::SendRecv
        );
        assert_eq!(Direction::of_offer(""), Direction::SendRecv);
    }
}
