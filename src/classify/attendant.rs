//! One worker from its start to its end: what is said to it, what it says, and its death. It is a
//! process of this server, or one elsewhere at the end of a line: the words are the same.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

use super::listening::{Close, Line};
use super::protocol::{ProtocolError, REPLY_BYTES, Reply, decode, length};
use super::starting::Starting;
use super::supervisor::{Life, WorkerIndex};
use crate::limits::WORKER_EVENTS;

/// What a worker's process does.
#[derive(Debug)]
pub(super) enum Event {
    /// It says something.
    Says(Reply),
    /// It is gone.
    Gone(Farewell),
}

/// How a process ended.
#[derive(thiserror::Error, Debug)]
pub(super) enum Farewell {
    /// It was not there to begin with.
    #[error("it cannot be started: {0}")]
    Unstarted(#[source] io::Error),
    /// By itself, or killed by somebody else.
    #[error("it ended by itself: {0}")]
    Ended(ExitStatus),
    /// Its pipes broke, or it stopped reading.
    #[error("its pipes: {0}")]
    Pipe(#[source] io::Error),
    /// The connection to its machine is no more.
    #[error("its machine is gone: {0}")]
    Lost(#[source] io::Error),
    /// It spoke what is not the protocol, and was killed.
    #[error("it spoke rubbish: {0}")]
    Rubbish(#[source] ProtocolError),
    /// It was killed on our word.
    #[error("it was told to end")]
    Told,
}

/// The way to a process that is attended to.
pub(super) struct Attendant {
    requests: mpsc::Sender<Vec<u8>>,
    end: Option<oneshot::Sender<Ending>>,
}

/// How a worker is to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// It alone.
    Kill,
    /// With everybody else of its machine, if that is another.
    Dismiss,
}

/// Where events go: with the process they are about.
pub(super) type Events = mpsc::Sender<(WorkerIndex, Life, Event)>;

impl Attendant {
    /// Starts a process and attends to it until it is gone.
    pub(super) fn start(
        starting: Arc<Starting>,
        at: WorkerIndex,
        life: Life,
        events: Events,
    ) -> Self {
        let (requests, asked) = mpsc::channel(WORKER_EVENTS);
        let (end, ended) = oneshot::channel();
        tokio::spawn(async move {
            let says = (at, life, &events);
            let farewell = match child(&starting.program, &starting.arguments) {
                Ok(child) => attend(child, &starting, asked, ended, says).await,
                Err(error) => Farewell::Unstarted(error),
            };
            // Nobody listens any more once the server ends.
            let _ = events.send((at, life, Event::Gone(farewell))).await;
        });
        Self {
            requests,
            end: Some(end),
        }
    }

    /// Attends to a worker elsewhere until it or the line to it is gone.
    pub(super) fn over(
        line: Line,
        starting: Arc<Starting>,
        (at, life): (WorkerIndex, Life),
        events: Events,
    ) -> Self {
        let (requests, asked) = mpsc::channel(WORKER_EVENTS);
        let (end, ended) = oneshot::channel();
        tokio::spawn(async move {
            let says = (at, life, &events);
            let farewell = attend_far(line, &starting, asked, ended, says).await;
            // Nobody listens any more once the server ends.
            let _ = events.send((at, life, Event::Gone(farewell))).await;
        });
        Self {
            requests,
            end: Some(end),
        }
    }

    /// Sends it a message. One that does not read any more is found out by its silence.
    pub(super) fn ask(&self, request: Vec<u8>) {
        let _ = self.requests.try_send(request);
    }

    /// Ends it.
    pub(super) fn end(&mut self, ending: Ending) {
        if let Some(end) = self.end.take() {
            let _ = end.send(ending);
        }
    }
}

/// A process of its own with two pipes and nothing else: no environment, no other descriptor.
pub(super) fn child(program: &Path, arguments: &[OsString]) -> io::Result<Child> {
    Command::new(program)
        .args(arguments)
        .env_clear()
        // The runtime's own pool, which is not used, gets one thread.
        .env("RTEN_NUM_THREADS", "1")
        .current_dir("/")
        // A Ctrl-C in a terminal is for the server; its worker ends with it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

async fn attend(
    mut child: Child,
    starting: &Starting,
    asked: mpsc::Receiver<Vec<u8>>,
    ended: oneshot::Receiver<Ending>,
    says: (WorkerIndex, Life, &Events),
) -> Farewell {
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Farewell::Told;
    };
    let farewell = tokio::select! {
        // Whichever is dropped first: the handle is, too, when the server ends.
        _ = ended => Farewell::Told,
        error = write(input, starting, asked) => error,
        error = read(output, says) => error,
    };
    let ended_by_itself = child.try_wait().ok().flatten();
    // It may be gone already.
    let _ = child.kill().await;
    match (farewell, ended_by_itself) {
        (Farewell::Pipe(_), Some(status)) => Farewell::Ended(status),
        (farewell, _) => farewell,
    }
}

async fn attend_far(
    mut line: Line,
    starting: &Starting,
    asked: mpsc::Receiver<Vec<u8>>,
    ended: oneshot::Receiver<Ending>,
    says: (WorkerIndex, Life, &Events),
) -> Farewell {
    let farewell = tokio::select! {
        ending = ended => {
            if ending == Ok(Ending::Dismiss) {
                line.dismiss(Close::Nonsense);
            }
            Farewell::Told
        }
        error = write(&mut line.send, starting, asked) => error,
        error = read(&mut line.receive, says) => error,
    };
    if matches!(farewell, Farewell::Rubbish(_)) {
        line.dismiss(Close::Nonsense);
    }
    line.end();
    match farewell {
        Farewell::Pipe(error) if error.kind() == io::ErrorKind::NotConnected => {
            Farewell::Lost(error)
        }
        other => other,
    }
}

async fn write(
    mut input: impl AsyncWrite + Unpin,
    starting: &Starting,
    mut asked: mpsc::Receiver<Vec<u8>>,
) -> Farewell {
    for message in &starting.greeting {
        if let Err(error) = input.write_all(message).await {
            return Farewell::Pipe(error);
        }
    }
    while let Some(message) = asked.recv().await {
        if let Err(error) = input.write_all(&message).await {
            return Farewell::Pipe(error);
        }
    }
    Farewell::Told
}

async fn read(
    mut output: impl AsyncRead + Unpin,
    (at, life, events): (WorkerIndex, Life, &Events),
) -> Farewell {
    let mut message = Vec::with_capacity(REPLY_BYTES);
    loop {
        let mut prefix = [0; 4];
        if let Err(error) = output.read_exact(&mut prefix).await {
            return Farewell::Pipe(error);
        }
        let length = match length(prefix, REPLY_BYTES) {
            Ok(length) => length,
            Err(error) => return Farewell::Rubbish(error),
        };
        message.resize(length, 0);
        if let Err(error) = output.read_exact(&mut message).await {
            return Farewell::Pipe(error);
        }
        match decode(&message) {
            Ok((reply, [])) => {
                // Nobody listens any more once the server ends.
                let _ = events.send((at, life, Event::Says(reply))).await;
            }
            Ok(_) => return Farewell::Rubbish(ProtocolError::Head),
            Err(error) => return Farewell::Rubbish(error),
        }
    }
}
