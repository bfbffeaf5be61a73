//! One worker process from its start to its end: what is said to it, what it says, and its death.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};

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
    kill: Option<oneshot::Sender<()>>,
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
        let (kill, killed) = oneshot::channel();
        tokio::spawn(async move {
            let says = (at, life, &events);
            let farewell = match child(&starting) {
                Ok(child) => attend(child, &starting, asked, killed, says).await,
                Err(error) => Farewell::Unstarted(error),
            };
            // Nobody listens any more once the server ends.
            let _ = events.send((at, life, Event::Gone(farewell))).await;
        });
        Self {
            requests,
            kill: Some(kill),
        }
    }

    /// Sends it a message. One that does not read any more is found out by its silence.
    pub(super) fn ask(&self, request: Vec<u8>) {
        let _ = self.requests.try_send(request);
    }

    /// Ends it.
    pub(super) fn kill(&mut self) {
        if let Some(kill) = self.kill.take() {
            let _ = kill.send(());
        }
    }
}

/// A process of its own with two pipes and nothing else: no environment, no other descriptor.
fn child(starting: &Starting) -> io::Result<Child> {
    Command::new(&starting.program)
        .args(&starting.arguments)
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
    killed: oneshot::Receiver<()>,
    says: (WorkerIndex, Life, &Events),
) -> Farewell {
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Farewell::Told;
    };
    let farewell = tokio::select! {
        // Whichever is dropped first: the handle is, too, when the server ends.
        _ = killed => Farewell::Told,
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

async fn write(
    mut input: ChildStdin,
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
    mut output: ChildStdout,
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
