//! What the switchboard keeps of those who have gone.

use tokio::sync::mpsc;

use super::*;
use crate::age::AgeBand;
use crate::codec::VideoCodec;
use crate::direction::Direction;

fn offer() -> Private<String> {
    Private::new("an offer".to_owned())
}

fn video(adult: bool) -> Wish {
    Wish {
        door: Door::Video { offer: offer() },
        band: adult.then_some(AgeBand::Adult),
        interests: vec![],
        languages: vec![],
    }
}

/// Whatever way a stay ends, the last thing that happens is that its WebSocket goes.
#[tokio::test]
async fn nothing_is_kept_of_those_who_have_gone() {
    let now = tokio::time::Instant::now().into_std();
    let (asked, mut commands) = mpsc::unbounded_channel();
    let command = move |command| asked.send(command).unwrap();
    let config = config::Lobby::default();
    let mut board = Switchboard::new(&config, StdRng::seed_from_u64(7), command);
    let mut inboxes = Vec::new();
    for number in 0..6 {
        let socket = SocketId(number);
        let (outbox, inbox) = mpsc::channel(64);
        let (hold, held) = oneshot::channel();
        inboxes.push((inbox, held));
        board.handle_request(
            Request::Connect {
                socket,
                outbox,
                hold,
            },
            now,
        );
        let wish = video(number != 0);
        let marks = Marks::default();
        board.handle_request(
            Request::Join {
                socket,
                wish,
                marks,
            },
            now,
        );
    }
    while let Ok(command) = commands.try_recv() {
        let Command::Open { leg, .. } = command else {
            continue;
        };
        // The first of them is refused, the others connect.
        let reason = OfferError::Malformed;
        if leg == LegId(2) {
            board.handle_event(Event::Refused { leg, reason }, now);
            continue;
        }
        let answer = Private::new("an answer".to_owned());
        board.handle_event(
            Event::Answered {
                leg,
                answer,
                video: VideoCodec::Vp8,
            },
            now,
        );
        board.handle_event(Event::Connected { leg }, now);
    }
    assert_eq!((board.online(), board.sessions_by_match.len()), (4, 2));
    board.handle_event(Event::Closed { leg: LegId(3) }, now);
    board.handle_request(
        Request::Ask {
            socket: SocketId(3),
            ask: Ask::Leave,
        },
        now,
    );
    for number in 0..6 {
        board.handle_request(
            Request::Disconnect {
                socket: SocketId(number),
            },
            now,
        );
    }
    board.handle_time(now + board.grace);
    assert!(board.register.is_empty() && board.sessions_by_match.is_empty());
    assert_eq!((board.online(), board.next_deadline()), (0, None));
}

/// Whichever of the two goes first, nothing is kept of either, and both legs are closed.
#[tokio::test]
async fn a_player_goes_with_its_session_and_leaves_nothing_behind() {
    let now = tokio::time::Instant::now().into_std();
    for player_first in [true, false] {
        let (asked, mut commands) = mpsc::unbounded_channel();
        let command = move |command| asked.send(command).unwrap();
        let config = config::Lobby::default();
        let mut board = Switchboard::new(&config, StdRng::seed_from_u64(7), command);
        let [publisher, socket] = [0, 1].map(SocketId);
        let mut ears = Vec::new();
        for socket in [publisher, socket] {
            let (outbox, inbox) = mpsc::channel(64);
            let (hold, held) = oneshot::channel();
            ears.push((inbox, held));
            let connect = Request::Connect {
                socket,
                outbox,
                hold,
            };
            board.handle_request(connect, now);
        }
        let attend = |offer| Request::Attend {
            socket,
            publisher,
            offer,
        };
        board.handle_request(attend(offer()), now);
        assert!(board.players.is_empty(), "nobody is there yet");
        let mut wish = video(true);
        wish.door = Door::Led {
            offer: offer(),
            direction: Direction::SendOnly,
        };
        let join = Request::Join {
            socket: publisher,
            wish,
            marks: Marks::default(),
        };
        board.handle_request(join, now);
        let answered = |leg| Event::Answered {
            leg,
            answer: offer(),
            video: VideoCodec::H264,
        };
        board.handle_event(answered(LegId(1)), now);
        board.handle_request(attend(offer()), now);
        let opened = std::iter::from_fn(|| commands.try_recv().ok()).find_map(|it| match it {
            Command::Open { leg, codec, .. } => Some((leg, codec?)),
            _ => None,
        });
        let (player, codec) = opened.expect("the player is opened");
        assert_eq!(codec, VideoCodec::H264, "as its publisher");
        board.handle_event(answered(player), now);
        board.handle_event(Event::Connected { leg: player }, now);
        let order = if player_first {
            [socket, publisher]
        } else {
            [publisher, socket]
        };
        for socket in order {
            let ask = Ask::Leave;
            board.handle_request(Request::Ask { socket, ask }, now);
        }
        assert!(board.players.is_empty());
        for socket in order {
            board.handle_request(Request::Disconnect { socket }, now);
        }
        assert!(board.register.is_empty());
        let closed = std::iter::from_fn(|| commands.try_recv().ok());
        let closed = closed.filter(|it| matches!(it, Command::Close { .. }));
        assert_eq!(closed.count(), 2);
    }
}
