//! How pictures are looked at: how many workers, how long they may take, which models.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::credentials::Credentials;
use super::listening::Listening;
use crate::config;

/// What the built-in classifier is given.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Worker processes of this machine.
    pub workers: usize,
    /// From handing a frame over to its verdict, at most.
    pub deadline: Duration,
    /// A file with the fingerprints of known pictures; none if not given.
    pub hash_list: Option<PathBuf>,
    /// A file that describes an operator's own models; none if not given.
    pub own_models: Option<PathBuf>,
    /// The models that look, in order; the operator's own come after them.
    pub models: Vec<ModelSpec>,
    /// Where worker machines come; they do not if not given.
    pub listening: Option<Listening>,
    /// The worker's program and what it is told; this program's own `worker` command if not given.
    pub command: Option<(PathBuf, Vec<OsString>)>,
}

impl From<&config::Config> for Settings {
    fn from(config: &config::Config) -> Self {
        let config::Config {
            moderation,
            classifier,
            ..
        } = config;
        let list = &moderation.hash_list;
        let listening = classifier.listen.address().map(|address| Listening {
            address,
            credentials: Credentials {
                certificate: classifier.certificate.clone(),
                key: classifier.key.clone(),
                authority: classifier.authority.clone(),
            },
        });
        Self {
            workers: moderation.workers,
            deadline: Duration::from_millis(moderation.deadline_ms),
            hash_list: (!list.as_os_str().is_empty()).then(|| list.clone()),
            own_models: (!classifier.models.as_os_str().is_empty())
                .then(|| classifier.models.clone()),
            listening,
            ..Self::default()
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 1,
            deadline: Duration::from_secs(1),
            hash_list: None,
            own_models: None,
            models: ModelSpec::bundled(),
            listening: None,
            command: None,
        }
    }
}

/// A model in ONNX that looks at one picture, and how to read what it says.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
pub struct ModelSpec {
    /// Names it in verdicts' versions: `nsfw_mobilenet_v2`.
    pub name: String,
    /// Where its bytes are.
    pub source: ModelSource,
    /// SHA-256 of its bytes in hexadecimal digits; not checked if not given.
    pub sha256: Option<String>,
    /// Width and height of its input.
    pub side: u16,
    /// The order of its input.
    pub layout: Layout,
    /// The order of colours.
    pub channels: Channels,
    /// What the values from black to white become.
    pub range: ValueRange,
    /// What is taken off those values, and by what they are divided then: for each colour, in the model's
    /// order.
    pub mean: [f32; 3],
    /// See `mean`.
    pub deviation: [f32; 3],
    /// What its output means.
    pub reading: Reading,
}

/// Where a model's bytes are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum ModelSource {
    /// In this program.
    Bundled(Bundled),
    /// In a file.
    File(PathBuf),
}

/// The models that come with the program.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum Bundled {
    /// MobileNetV2 of `nsfwjs`.
    Nsfw,
    /// BlazeFace of `@vladmandic/human`.
    Face,
}

/// The order of a model's input; one picture at a time.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum Layout {
    /// `[1, 3, side, side]`: one colour after the other.
    PlaneByPlane,
    /// `[1, side, side, 3]`: one pixel after the other.
    PixelByPixel,
}

/// The order of colours.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum Channels {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// What the values from black to white become.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum ValueRange {
    /// 0 to 1.
    UpToOne,
    /// -1 to 1.
    AroundZero,
    /// 0 to 255.
    Bytes,
}

/// What a model's output means.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub enum Reading {
    /// Its first output has one value from 0 to 1 for each of these labels; an empty label is left
    /// out.
    Classes(Vec<String>),
    /// The named outputs hold logits of finding something anywhere; the label says that it is
    /// nowhere.
    Absence {
        /// Its score is 1 less the best finding.
        label: String,
        /// Names of outputs.
        logits: Vec<String>,
    },
    /// As `Classes`, but of logits that exclude each other.
    Softmax(Vec<String>),
    /// As `Classes`, but of logits that each stand alone.
    Sigmoid(Vec<String>),
}

impl ModelSpec {
    /// The models that come with the program.
    pub fn bundled() -> Vec<Self> {
        let classes = ["drawing", "hentai", "neutral", "porn", "sexy"];
        vec![
            Self {
                name: "nsfw_mobilenet_v2".to_owned(),
                source: ModelSource::Bundled(Bundled::Nsfw),
                sha256: Some(NSFW_SHA256.to_owned()),
                side: 224,
                layout: Layout::PlaneByPlane,
                channels: Channels::Rgb,
                range: ValueRange::UpToOne,
                mean: [0.0; 3],
                deviation: [1.0; 3],
                reading: Reading::Classes(classes.map(str::to_owned).to_vec()),
            },
            Self {
                name: "blazeface".to_owned(),
                source: ModelSource::Bundled(Bundled::Face),
                sha256: Some(FACE_SHA256.to_owned()),
                side: 256,
                layout: Layout::PixelByPixel,
                channels: Channels::Rgb,
                range: ValueRange::AroundZero,
                mean: [0.0; 3],
                deviation: [1.0; 3],
                reading: Reading::Absence {
                    label: "no_face".to_owned(),
                    logits: vec!["out0".to_owned(), "out3".to_owned()],
                },
            },
        ]
    }
}

impl Bundled {
    /// Its bytes.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Nsfw => include_bytes!("../../models/nsfw_mobilenet_v2.onnx"),
            Self::Face => include_bytes!("../../models/blazeface.onnx"),
        }
    }
}

const NSFW_SHA256: &str = "f7a156d0c54408fbac73bc736d03e50b262d15ddda8704beb06b853b5b88f15c";
const FACE_SHA256: &str = "68af8a38c2817d997f5295ea66aaebb772676d302c6e0c65b351fec9045fdb95";
