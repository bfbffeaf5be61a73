//! A visitor's WebSocket: read, parse, ask control; hear, write, send. It decides nothing, and
//! nothing of what passes through it is ever logged.

use std::error::Error;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{FromRef, State};
use axum::http::{Extensions, HeaderMap};
use axum::middleware;
use axum::response::Response;
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tungstenite::error::{CapacityError, Error as WebSocketError};
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use super::description::{Possible, refuse};
use super::entrance::{self, Entrance, LetIn};
use super::interpret::{self, Joining, Wanted};
use super::message::{ErrorCode, FromServer};
use super::prefixes::origin_address;
use super::problem_json::tell_all_alike;
use crate::control::{Handle, Line, Message};
use crate::limits;
use crate::metrics;

/// How patient a WebSocket is with its visitor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// How often it sends a ping.
    pub ping_every: Duration,
    /// How long it may hear nothing, pongs included.
    pub silence: Duration,
    /// How long one message may take to be sent.
    pub send: Duration,
    /// How long it waits for the first message.
    pub first: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            ping_every: limits::SIGNAL_PING_EVERY,
            silence: limits::SIGNAL_SILENCE,
            send: limits::SIGNAL_SEND,
            first: limits::SIGNAL_FIRST,
        }
    }
}

/// What the routes work on.
#[derive(Clone)]
struct Porch {
    control: Handle,
    entrance: Entrance,
    patience: Patience,
}

/// The routes of a visitor: `/v1/signal` and `/v1/online`.
pub fn routes(control: Handle, entrance: Entrance, patience: Patience) -> Router {
    let guard = |route: UtoipaMethodRouter<Porch>| {
        route.layer(middleware::from_fn_with_state(
            entrance.clone(),
            entrance::guard,
        ))
    };
    let (router, _) = table(guard).split_for_parts();
    router
        .layer(middleware::map_response(tell_all_alike))
        .with_state(Porch {
            control,
            entrance,
            patience,
        })
}

/// The same, described.
pub(super) fn described() -> OpenApi {
    let mut api = table(|route| route).into_openapi();
    refuse(&mut api, &PROBLEMS, &[]);
    api
}

fn table(
    guarded: impl Fn(UtoipaMethodRouter<Porch>) -> UtoipaMethodRouter<Porch>,
) -> OpenApiRouter<Porch> {
    OpenApiRouter::default()
        .routes(guarded(routes!(connect)))
        .routes(routes!(online))
}

/// Why no WebSocket is opened.
const PROBLEMS: [Possible; 3] = [
    Possible(400, "unreadable", "the request asks for no WebSocket"),
    Possible(
        403,
        "origin",
        "the page that asks may not use the server (`access.origins`)",
    ),
    Possible(
        429,
        "too_fast",
        "too many connections come from this network",
    ),
];

impl FromRef<Porch> for Handle {
    fn from_ref(porch: &Porch) -> Self {
        porch.control.clone()
    }
}

/// How many are here.
#[derive(Serialize, ToSchema)]
struct Online {
    /// Visitors who are here now.
    #[schema(example = 12)]
    online: usize,
}

/// How many are here
#[utoipa::path(
    get,
    path = "/v1/online",
    tag = "Visitors",
    operation_id = "getOnline",
    responses((status = 200, description = "How many visitors are here now.", body = Online)),
)]
async fn online(State(control): State<Handle>) -> Json<Online> {
    let online = control.online();
    Json(Online { online })
}

/// Come in as a visitor
///
/// A WebSocket of JSON messages, which docs/signaling.md describes: `join` brings an offer and perhaps an
/// access token, and the server pairs those who wait.
#[utoipa::path(
    get,
    path = "/v1/signal",
    tag = "Visitors",
    operation_id = "openSignaling",
    responses((status = 101, description = "The WebSocket is open.")),
    extensions(("x-problems" = json!(["unreadable", "origin", "too_fast"]))),
)]
async fn connect(
    upgrade: WebSocketUpgrade,
    State(porch): State<Porch>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Response {
    let address = origin_address(&extensions, &headers);
    let Porch {
        control,
        entrance,
        patience,
    } = porch;
    upgrade
        .read_buffer_size(limits::SIGNAL_READ_BYTES)
        .max_message_size(limits::SIGNAL_MESSAGE_BYTES)
        .max_frame_size(limits::SIGNAL_MESSAGE_BYTES)
        .on_upgrade(move |socket| async move {
            let Some(mut line) = control.connect().await else {
                return;
            };
            let mut visit = Visit {
                socket,
                control,
                entrance,
                let_in: LetIn::new(address),
                patience,
            };
            visit.converse(&mut line).await;
            line.hang_up().await;
        })
}

/// One WebSocket, from its opening to its close.
struct Visit {
    socket: WebSocket,
    control: Handle,
    entrance: Entrance,
    let_in: LetIn,
    patience: Patience,
}

/// The conversation is over.
struct Over;

/// What comes next.
enum Next {
    Frame(Option<Result<Frame, axum::Error>>),
    Message(Option<Message>),
    Ping,
    AgeChecked,
    GivenUp,
    Silence,
}

impl Visit {
    /// Carries words both ways until one side is done.
    async fn converse(&mut self, line: &mut Line) {
        let mut pings = interval_at(
            Instant::now() + self.patience.ping_every,
            self.patience.ping_every,
        );
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_at = Instant::now() + self.patience.first;
        loop {
            let (inbox, held) = line.ears();
            let next = tokio::select! {
                // What control says comes first, so that a flood from the visitor cannot delay it.
                biased;
                _ = &mut *held => Next::GivenUp,
                message = inbox.recv() => Next::Message(message),
                frame = self.socket.recv() => Next::Frame(frame),
                _ = pings.tick() => Next::Ping,
                () = self.let_in.checked() => Next::AgeChecked,
                () = sleep_until(silent_at) => Next::Silence,
            };
            let gone_on = match next {
                Next::Frame(frame) => {
                    silent_at = Instant::now() + self.patience.silence;
                    self.handle_frame(frame, line).await
                }
                Next::Message(Some(message)) => self.tell(message, held).await,
                Next::AgeChecked => self.say(&FromServer::AgeChecked {}, held).await,
                Next::Ping => self.send(Frame::Ping(bytes::Bytes::new()), held).await,
                Next::Message(None) | Next::GivenUp => self.close(close_code::AGAIN).await,
                Next::Silence => self.close(close_code::POLICY).await,
            };
            if gone_on.is_err() {
                return;
            }
        }
    }

    async fn handle_frame(
        &mut self,
        frame: Option<Result<Frame, axum::Error>>,
        line: &mut Line,
    ) -> Result<(), Over> {
        match frame {
            Some(Ok(Frame::Text(text))) => match interpret::read(&text) {
                Ok(Wanted::Join(joining)) => return self.join(joining, line).await,
                Ok(Wanted::Resume { token, offer }) => line.resume(token, offer).await,
                Ok(Wanted::Ask(ask)) => line.ask(ask).await,
                Err(code) => return self.refuse(code, line).await,
            },
            Some(Ok(Frame::Binary(_))) => return self.close(close_code::UNSUPPORTED).await,
            // The library answers pings by itself.
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
            Some(Err(error)) if is_too_large(&error) => return self.close(close_code::SIZE).await,
            Some(Ok(Frame::Close(_)) | Err(_)) | None => return Err(Over),
        }
        Ok(())
    }

    /// Asks to begin a stay, unless something else comes first.
    async fn join(&mut self, joining: Joining, line: &mut Line) -> Result<(), Over> {
        match self.entrance.admit(joining, &mut self.let_in).await {
            Ok((wish, marks)) => line.join(wish, marks).await,
            Err(words) => {
                let (_, held) = line.ears();
                self.say(&words, held).await?;
                if self.let_in.is_given_up() {
                    return self.close(close_code::POLICY).await;
                }
            }
        }
        Ok(())
    }

    async fn refuse(&mut self, code: ErrorCode, line: &mut Line) -> Result<(), Over> {
        let (_, held) = line.ears();
        self.say(&FromServer::error(code, None), held).await
    }

    /// Tells the visitor what control says; a farewell closes the WebSocket.
    async fn tell(
        &mut self,
        message: Message,
        held: &mut oneshot::Receiver<()>,
    ) -> Result<(), Over> {
        let Some(said) = interpret::write(message, self.control.rules()) else {
            return Ok(());
        };
        self.say(&said, held).await?;
        match said {
            FromServer::Bye { .. } => self.close(close_code::NORMAL).await,
            _ => Ok(()),
        }
    }

    async fn say(
        &mut self,
        message: &FromServer,
        held: &mut oneshot::Receiver<()>,
    ) -> Result<(), Over> {
        if let FromServer::Error { code, .. } = message {
            metrics::REFUSALS.counter_of(code.word()).increment(1);
        }
        // Every message is a plain struct: there is nothing in it that JSON cannot say.
        let text = serde_json::to_string(message).map_err(|_| Over)?;
        self.send(Frame::Text(text.into()), held).await
    }

    /// Sends a frame, unless it takes too long or the visitor is given up meanwhile.
    async fn send(&mut self, frame: Frame, held: &mut oneshot::Receiver<()>) -> Result<(), Over> {
        tokio::select! {
            sent = timeout(self.patience.send, self.socket.send(frame)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(Over),
            },
            _ = held => Err(Over),
        }
    }

    /// Says why and ends.
    async fn close(&mut self, code: u16) -> Result<(), Over> {
        let frame = Frame::Close(Some(CloseFrame {
            code,
            reason: "".into(),
        }));
        // A visitor who cannot be told will find out.
        let _ = timeout(self.patience.send, self.socket.send(frame)).await;
        Err(Over)
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    matches!(
        cause,
        Some(WebSocketError::Capacity(
            CapacityError::MessageTooLong { .. }
        ))
    )
}
