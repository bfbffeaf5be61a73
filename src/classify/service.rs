//! The worker's side of the pipes: read a request, do it, reply; end when nobody asks any more.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::looking::{Eye, Sight};
use super::protocol::{
    PROTOCOL, ProtocolError, REQUEST_BYTES, Reply, Request, decode, encode, length,
};
use super::settings::ModelSource;

/// Why a worker ends before its server does.
#[derive(thiserror::Error, Debug)]
pub enum ServiceError {
    /// The pipes broke.
    #[error("the server's pipes")]
    Pipe(#[from] io::Error),
    /// The server says what a server does not say.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// It was asked for what it cannot do; the server has been told.
    #[error("{0}")]
    Refused(String),
}

/// Serves until the input ends, whatever it is doing then. `confine` is asked once the threads that
/// it needs are there, before the first byte is read.
///
/// # Errors
/// The pipes break, or the server asks for what cannot be done.
pub fn serve<Confined>(
    mut input: impl Read,
    output: impl Write + Send + 'static,
    confine: impl FnOnce() -> Result<Confined, ServiceError>,
) -> Result<(), ServiceError> {
    let eye = Eye::default();
    // The runtime makes a pool of its own beside ours: let it do so while it may.
    rten::thread_pool();
    let (requests, waiting) = sync_channel(1);
    let refusal = Arc::new(OnceLock::new());
    let refused = Arc::clone(&refusal);
    let looking = thread::Builder::new()
        .name("looking".to_owned())
        .spawn(move || look(eye, &waiting, output, &refused))?;
    confine()?;
    while let Some(message) = read(&mut input)? {
        if requests.send(message).is_err() {
            // It has ended by itself, and says why.
            return looking.join().unwrap_or(Ok(()));
        }
    }
    // Whoever is still looking ends with the process.
    let reason = refusal.get().cloned();
    reason.map_or(Ok(()), |reason| Err(ServiceError::Refused(reason)))
}

/// One message without its length; `None` at the end of the input.
fn read(input: &mut impl Read) -> Result<Option<Vec<u8>>, ServiceError> {
    let mut prefix = [0; 4];
    match input.read_exact(&mut prefix) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut message = vec![0; length(prefix, REQUEST_BYTES)?];
    input.read_exact(&mut message)?;
    Ok(Some(message))
}

fn look(
    mut eye: Eye,
    requests: &Receiver<Vec<u8>>,
    mut output: impl Write,
    refusal: &OnceLock<String>,
) -> Result<(), ServiceError> {
    while let Ok(message) = requests.recv() {
        let (request, tail) = decode(&message)?;
        let Some(reply) = answer(&mut eye, request, tail) else {
            continue;
        };
        if let Reply::Refused { reason } = &reply {
            refusal.get_or_init(|| reason.clone());
        }
        output.write_all(&encode(&reply, &[]))?;
        output.flush()?;
        if let Reply::Refused { reason } = reply {
            return Err(ServiceError::Refused(reason));
        }
    }
    Ok(())
}

fn answer(eye: &mut Eye, request: Request, tail: &[u8]) -> Option<Reply> {
    match request {
        Request::Hello { protocol: PROTOCOL } => None,
        Request::Hello { protocol } => Some(Reply::Refused {
            reason: format!("the server speaks protocol {protocol}, the worker {PROTOCOL}"),
        }),
        Request::Model(spec) => {
            let bytes = match spec.source {
                ModelSource::Bundled(bundled) => bundled.bytes().to_vec(),
                ModelSource::File(_) => tail.to_vec(),
            };
            let refused = eye.load(spec, bytes).err()?;
            let reason = refused.to_string().chars().take(1000).collect();
            Some(Reply::Refused { reason })
        }
        Request::Begin => Some(Reply::Ready {
            protocol: PROTOCOL,
            pipeline: eye.pipeline(),
        }),
        Request::Look { ticket, codec } => {
            // A decoder that panics has met bytes that make no picture.
            let see = AssertUnwindSafe(|| eye.see(codec, tail));
            let sight = catch_unwind(see).unwrap_or(Sight::Undecodable);
            Some(Reply::Seen { ticket, sight })
        }
    }
}
