//! Everything that is seen in one keyframe: this runs in the worker, on a stranger's bytes.

use std::sync::Arc;

use rten::ThreadPool;
use serde::{Deserialize, Serialize};

use super::decode::decode;
use super::model::{Model, ModelError, Score};
use super::pdq::{Fingerprint, fingerprint};
use super::picture::Picture;
use super::settings::ModelSpec;
use super::unusable::is_unusable;
use crate::codec::VideoCodec;

/// What there was to see.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
pub enum Sight {
    /// The bytes make no picture, or one larger than we look at.
    Undecodable,
    /// A picture that shows nothing; no model was asked.
    Unusable,
    /// A picture.
    Seen {
        /// What it is recognised by.
        fingerprint: Fingerprint,
        /// How much there is in it to tell, 0 to 100.
        quality: u8,
        /// What the models say.
        scores: Vec<Score>,
    },
    /// A model failed at it: nothing is known about the picture.
    Failed {
        /// Why, in words.
        reason: String,
    },
}

/// The models, ready to look.
pub struct Eye {
    pool: Arc<ThreadPool>,
    models: Vec<Model>,
    names: Vec<String>,
}

impl Default for Eye {
    fn default() -> Self {
        Self {
            pool: Arc::new(ThreadPool::with_num_threads(1)),
            models: Vec::new(),
            names: Vec::new(),
        }
    }
}

impl Eye {
    /// Adds a model. A bundled one's bytes are our own; others come with it.
    ///
    /// # Errors
    /// It cannot be loaded, or is not as its description says.
    pub fn load(&mut self, spec: ModelSpec, bytes: Vec<u8>) -> Result<(), ModelError> {
        let name = name(&spec, &bytes);
        let pool = Arc::clone(&self.pool);
        // On the pool's thread: nothing may start another one.
        let model = self.pool.run(|| Model::load(spec, bytes, &pool))?;
        self.models.push(model);
        self.names.push(name);
        Ok(())
    }

    /// Which models look: a verdict says so.
    pub fn pipeline(&self) -> String {
        pipeline(&self.names)
    }

    /// Looks at one keyframe.
    pub fn see(&self, codec: VideoCodec, data: &[u8]) -> Sight {
        match decode(codec, data) {
            Some(picture) => self.look(&picture),
            None => Sight::Undecodable,
        }
    }

    /// Looks at a picture that is decoded already.
    pub fn look(&self, picture: &Picture) -> Sight {
        let Some((fingerprint, quality)) = fingerprint(&picture.luma) else {
            return Sight::Undecodable;
        };
        if is_unusable(&picture.luma) {
            return Sight::Unusable;
        }
        let mut scores = Vec::new();
        for model in &self.models {
            match model.look(picture) {
                Ok(said) => scores.extend(said),
                Err(error) => {
                    let reason = error.to_string().chars().take(200).collect();
                    return Sight::Failed { reason };
                }
            }
        }
        Sight::Seen {
            fingerprint,
            quality,
            scores,
        }
    }
}

/// A model's name with the beginning of its hash.
pub fn name(spec: &ModelSpec, bytes: &[u8]) -> String {
    let hash = sha256(bytes);
    format!("{}@{}", spec.name, hash.get(..8).unwrap_or_default())
}

/// Which models look, by their names.
pub fn pipeline(names: &[String]) -> String {
    [concat!("visavis-", env!("CARGO_PKG_VERSION"))]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
