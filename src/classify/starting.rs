//! What a worker is started with: its program, its models, and what is known of pictures. All files
//! are read here, by the server: a worker opens none.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::judgement::Judge;
use super::known::{KnownPictures, ListError};
use super::listening::ListenError;
use super::looking::{Eye, name, pipeline, sha256};
use super::model::ModelError;
use super::model_file::{ModelFileError, OwnModels};
use super::protocol::{PROTOCOL, Request, encode};
use super::settings::{ModelSource, ModelSpec, Settings};
use crate::limits::MODEL_BYTES;

/// Why nobody can be set to look.
#[derive(thiserror::Error, Debug)]
pub enum StartError {
    /// A file cannot be read.
    #[error("{}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The list of known pictures is wrong.
    #[error("{}", path.display())]
    List {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ListError,
    },
    /// The file that describes the operator's own models is wrong.
    #[error("{}", path.display())]
    OwnModels {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ModelFileError,
    },
    /// A model, or the description of the models, cannot be read.
    #[error("{what}: {}", path.display())]
    ReadModel {
        /// Which of these.
        what: String,
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A model's bytes are others than those that were meant.
    #[error("the model {name} has the hash {is} and not {expected}")]
    Hash {
        /// The model's.
        name: String,
        /// What it is.
        is: String,
        /// What it should be.
        expected: String,
    },
    /// Worker machines cannot come.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A model is not what its description says.
    #[error("the model {name}")]
    Model {
        /// The model's.
        name: String,
        /// What is wrong with it.
        #[source]
        source: ModelError,
    },
    /// A model is larger than any that is sent.
    #[error("the model {name} has more than {MODEL_BYTES} bytes")]
    TooLarge {
        /// The model's.
        name: String,
    },
}

/// What every worker of a server is started with.
#[derive(Debug)]
pub(super) struct Starting {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    /// What it is told first.
    pub(super) greeting: Vec<Vec<u8>>,
    /// What it has to call itself then.
    pub(super) pipeline: String,
}

impl Starting {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// A file is missing or wrong.
    pub(super) fn read(settings: &Settings) -> Result<Self, StartError> {
        let (program, arguments) = match settings.command.clone() {
            Some(command) => command,
            None => (OWN_PROGRAM.into(), vec!["worker".into()]),
        };
        let protocol = PROTOCOL;
        let mut greeting = vec![encode(&Request::Hello { protocol }, &[])];
        let mut names = Vec::new();
        for spec in &all_models(settings)? {
            let (bytes, tail) = model(spec)?;
            names.push(name(spec, &bytes));
            greeting.push(encode(&Request::Model(spec.clone()), &tail));
        }
        greeting.push(encode(&Request::Begin, &[]));
        Ok(Self {
            program,
            arguments,
            greeting,
            pipeline: pipeline(&names),
        })
    }
}

/// So many to look in this process and whoever makes verdicts of what they see, as the workers of a
/// server with these settings would: for pictures that are the operator's own.
///
/// # Errors
/// A file is missing or wrong.
pub fn look_here(settings: &Settings, many: usize) -> Result<Vec<(Eye, Judge)>, StartError> {
    let known = known_pictures(settings.hash_list.as_deref())?;
    let models = all_models(settings)?;
    let one = |_| {
        let mut eye = Eye::default();
        for spec in &models {
            let name = spec.name.clone();
            let (bytes, _) = model(spec)?;
            eye.load(spec.clone(), bytes)
                .map_err(|source| StartError::Model { name, source })?;
        }
        let judge = Judge::new(&eye.pipeline(), Arc::clone(&known));
        Ok((eye, judge))
    };
    (0..many).map(one).collect()
}

/// The program that runs, whatever an upgrade has put at its path meanwhile: a worker started anew later must
/// speak as this server does.
pub const OWN_PROGRAM: &str = "/proc/self/exe";

/// What the file of an operator's own models describes; nothing without a file.
///
/// # Errors
/// The file is missing or wrong.
pub fn own_models(file: Option<&Path>) -> Result<OwnModels, StartError> {
    let Some(path) = file else {
        return Ok(OwnModels::default());
    };
    let text = fs::read_to_string(path).map_err(|source| StartError::ReadModel {
        what: "the description of models".to_owned(),
        path: path.to_owned(),
        source,
    })?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    OwnModels::parse(&text, folder).map_err(|source| StartError::OwnModels {
        path: path.to_owned(),
        source,
    })
}

fn all_models(settings: &Settings) -> Result<Vec<ModelSpec>, StartError> {
    let own = own_models(settings.own_models.as_deref())?;
    Ok(settings.models.iter().cloned().chain(own.specs).collect())
}

/// One byte more than a model may have tells that it is too large.
fn read_model(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MODEL_BYTES as u64 + 1;
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A model's bytes, and what of them a worker has to be sent.
fn model(spec: &ModelSpec) -> Result<(Vec<u8>, Vec<u8>), StartError> {
    let (bytes, tail) = match &spec.source {
        ModelSource::Bundled(bundled) => (bundled.bytes().to_vec(), Vec::new()),
        ModelSource::File(path) => {
            let bytes = read_model(path).map_err(|source| StartError::ReadModel {
                what: format!("the model {}", spec.name),
                path: path.clone(),
                source,
            })?;
            (bytes.clone(), bytes)
        }
    };
    let name = spec.name.clone();
    if bytes.len() > MODEL_BYTES {
        return Err(StartError::TooLarge { name });
    }
    let is = sha256(&bytes);
    match &spec.sha256 {
        Some(expected) if !expected.eq_ignore_ascii_case(&is) => Err(StartError::Hash {
            name,
            is,
            expected: expected.clone(),
        }),
        _ => Ok((bytes, tail)),
    }
}

/// The list of known pictures; empty without a file.
///
/// # Errors
/// The file is missing or wrong.
pub(super) fn known_pictures(list: Option<&Path>) -> Result<Arc<KnownPictures>, StartError> {
    let Some(path) = list else {
        return Ok(Arc::default());
    };
    let text = fs::read_to_string(path).map_err(|source| unread(path, source))?;
    let list = KnownPictures::parse(&text).map_err(|source| StartError::List {
        path: path.to_owned(),
        source,
    })?;
    Ok(Arc::new(list))
}

fn unread(path: &Path, source: io::Error) -> StartError {
    let path = path.to_owned();
    StartError::Read { path, source }
}
