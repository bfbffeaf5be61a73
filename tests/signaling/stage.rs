//! [`Stage`]: a real HTTP server on loopback with the real control task, and a media plane that
//! plays by a script. [`Visitor`]: a real WebSocket to it.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as Refused, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use visavis::codec::VideoCodec;
use visavis::config;
use visavis::control::{self, Handle};
use visavis::http::age_checks;
use visavis::http::entrance::Entrance;
use visavis::http::signal::{self, Patience};
use visavis::id::LegId;
use visavis::media::{Command, Event};
use visavis::private::Private;

/// Long enough for a busy machine; nothing waits for it unless something is wrong.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A media plane that answers every offer and connects every leg at once.
pub(crate) fn willing(command: &Command) -> Vec<Event> {
    let answer = || Private::new("the answer".to_owned());
    match command {
        Command::Open { leg, .. } => vec![
            Event::Answered {
                leg: *leg,
                answer: answer(),
                video: VideoCodec::Vp8,
            },
            Event::Connected { leg: *leg },
        ],
        Command::Restart { leg, .. } => {
            vec![Event::Answered {
                leg: *leg,
                answer: answer(),
                video: VideoCodec::Vp8,
            }]
        }
        Command::Close { leg } => vec![Event::Closed { leg: *leg }],
        _ => vec![],
    }
}

/// A server, and the media plane's side of control.
pub(crate) struct Stage {
    address: SocketAddr,
    pub(crate) control: Handle,
    /// What the media plane was asked for.
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<Event>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(config::Lobby::default()).await
    }

    pub(crate) async fn with(config: config::Lobby) -> Self {
        Self::set(config, Patience::default(), willing).await
    }

    /// Behind an entrance of its own.
    pub(crate) async fn behind(config: config::Lobby, entrance: Entrance) -> Self {
        Self::build(config, entrance, Patience::default(), willing).await
    }

    pub(crate) async fn set(
        config: config::Lobby,
        patience: Patience,
        script: impl FnMut(&Command) -> Vec<Event> + Send + 'static,
    ) -> Self {
        Self::build(config, Entrance::default(), patience, script).await
    }

    async fn build(
        config: config::Lobby,
        entrance: Entrance,
        patience: Patience,
        mut script: impl FnMut(&Command) -> Vec<Event> + Send + 'static,
    ) -> Self {
        let (events, heard) = mpsc::channel(1_000);
        let (asked, commands) = mpsc::unbounded_channel();
        let stage_events = events.clone();
        let command = move |command: Command| {
            for event in script(&command) {
                events.try_send(event).unwrap();
            }
            // The stage is gone at the end of a test.
            let _ = asked.send(command);
        };
        let control = control::start(&config, command, heard, None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = signal::routes(control.clone(), entrance.clone(), patience)
            .merge(age_checks::routes(entrance));
        let router = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            control,
            commands,
            events: stage_events,
        }
    }

    pub(crate) async fn visitor(&self) -> Visitor {
        let (socket, _) = connect_async(format!("ws://{}/v1/signal", self.address))
            .await
            .unwrap();
        Visitor { socket }
    }

    /// From a page of this origin: a visitor, or the status that the WebSocket is refused with.
    pub(crate) async fn visitor_from(&self, origin: &str) -> Result<Visitor, u16> {
        let url = format!("ws://{}/v1/signal", self.address);
        let mut request = url.into_client_request().unwrap();
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Visitor { socket }),
            Err(Refused::Http(answer)) => Err(answer.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }

    /// Behind a proxy that says this of where they come from.
    pub(crate) async fn visitor_behind(&self, address: &str) -> Visitor {
        let url = format!("ws://{}/v1/signal", self.address);
        let mut request = url.into_client_request().unwrap();
        request
            .headers_mut()
            .insert("x-forwarded-for", address.parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        Visitor { socket }
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody by text, who is waiting.
    pub(crate) async fn by_text(&self) -> Visitor {
        let mut visitor = self.visitor().await;
        visitor
            .say(json!({"type": "join", "mode": "text", "adult": true}))
            .await;
        visitor.hears("joined").await;
        visitor
    }

    /// Somebody by video, who is waiting.
    pub(crate) async fn by_video(&self) -> Visitor {
        let mut visitor = self.visitor().await;
        visitor.say(video_join()).await;
        for kind in ["joined", "answer", "connection"] {
            visitor.hears(kind).await;
        }
        visitor
    }

    /// Two by text who face each other.
    pub(crate) async fn text_pair(&self) -> [Visitor; 2] {
        let mut one = self.by_text().await;
        one.hears("waiting").await;
        let mut other = self.by_text().await;
        one.hears("matched").await;
        other.hears("matched").await;
        [one, other]
    }

    /// Two by video who face each other.
    pub(crate) async fn video_pair(&self) -> [Visitor; 2] {
        let mut one = self.by_video().await;
        one.hears("waiting").await;
        let mut other = self.by_video().await;
        one.hears("matched").await;
        other.hears("matched").await;
        [one, other]
    }

    /// The media plane tells something.
    pub(crate) async fn tell(&self, event: Event) {
        self.events.send(event).await.unwrap();
    }

    /// What the media plane is asked for next.
    pub(crate) async fn asked(&mut self) -> Command {
        timeout(LONG, self.commands.recv()).await.unwrap().unwrap()
    }

    /// The leg of the next offer that the media plane is given.
    pub(crate) async fn opened(&mut self) -> LegId {
        match self.asked().await {
            Command::Open { leg, .. } => leg,
            other => panic!("{other:?}"),
        }
    }

    /// The answer to a plain HTTP request.
    pub(crate) async fn get(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

pub(crate) fn video_join() -> Value {
    json!({"type": "join", "mode": "video", "offer": "an offer", "adult": true})
}

/// A browser's side of one WebSocket.
pub(crate) struct Visitor {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Visitor {
    pub(crate) async fn say(&mut self, message: Value) {
        self.send(Frame::text(message.to_string())).await;
    }

    pub(crate) async fn send(&mut self, frame: Frame) {
        self.socket.send(frame).await.unwrap();
    }

    /// The next message, whatever it is.
    pub(crate) async fn hear(&mut self) -> Value {
        timeout(LONG, self.next_text())
            .await
            .expect("a message in time")
    }

    async fn next_text(&mut self) -> Value {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Frame::Text(text) => return serde_json::from_str(&text).unwrap(),
                Frame::Ping(_) | Frame::Pong(_) => {}
                other => panic!("not a message: {other:?}"),
            }
        }
    }

    /// The next message, which must be of this type.
    pub(crate) async fn hears(&mut self, kind: &str) -> Value {
        let message = self.hear().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// The next message, which must be this error.
    pub(crate) async fn hears_error(&mut self, code: &str) -> Value {
        let message = self.hears("error").await;
        assert_eq!(message["code"], code, "{message}");
        message
    }

    /// The next message of this type; those before it do not matter.
    pub(crate) async fn hears_in_time(&mut self, kind: &str) -> Value {
        loop {
            let message = self.hear().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// A message that has come already, if there is one.
    pub(crate) async fn heard_already(&mut self) -> Option<Value> {
        match timeout(Duration::from_millis(1), self.socket.next()).await {
            Ok(Some(Ok(Frame::Text(text)))) => Some(serde_json::from_str(&text).unwrap()),
            Ok(Some(Ok(_))) | Err(_) => None,
            Ok(other) => panic!("{other:?}"),
        }
    }

    /// How the server closes; messages before it do not matter.
    pub(crate) async fn closed(&mut self) -> Option<CloseCode> {
        timeout(LONG, self.next_close())
            .await
            .expect("a close in time")
    }

    async fn next_close(&mut self) -> Option<CloseCode> {
        loop {
            match self.socket.next().await {
                Some(Ok(Frame::Close(frame))) => return frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}
