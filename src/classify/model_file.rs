//! An operator's own picture models, described in TOML: refused whole where anything in it is wrong,
//! with line and reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::settings::{Channels, Layout, ModelSource, ModelSpec, Reading, ValueRange};
use crate::limits::{MODEL_SIDE, OWN_LABELS, OWN_MODELS};
use crate::moderation::Label;

/// An operator's own models.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct OwnModels {
    /// The models, in the order of the file.
    pub specs: Vec<ModelSpec>,
    /// Labels that are a guess about age from how somebody looks.
    pub of_age: BTreeSet<Label>,
}

/// Why a file of models is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ModelFileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, in one line.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    model: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    file: PathBuf,
    sha256: Spanned<String>,
    side: Spanned<u16>,
    layout: WrittenLayout,
    colours: WrittenColours,
    range: WrittenRange,
    #[serde(default)]
    mean: Option<Spanned<[f32; 3]>>,
    #[serde(default)]
    std: Option<Spanned<[f32; 3]>>,
    labels: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    output: WrittenOutput,
    #[serde(default)]
    age: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenLayout {
    Nchw,
    Nhwc,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenColours {
    Rgb,
    Bgr,
}

#[derive(Deserialize)]
enum WrittenRange {
    #[serde(rename = "0..1")]
    UpToOne,
    #[serde(rename = "-1..1")]
    AroundZero,
    #[serde(rename = "0..255")]
    Bytes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenOutput {
    #[default]
    Raw,
    Softmax,
    Sigmoid,
}

/// A reason and the byte it is about.
type Fault = (usize, String);

impl OwnModels {
    /// Reads a description; the models' files are relative to `folder`, and not read yet.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ModelFileError> {
        let refused = |(at, reason): Fault| ModelFileError {
            line: text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1,
            reason: reason.replace('\n', ", "),
        };
        let written: Written = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            refused((at, error.message().to_owned()))
        })?;
        if written.model.is_empty() || written.model.len() > OWN_MODELS {
            let reason = format!("there must be 1 to {OWN_MODELS} [[model]]");
            return Err(refused((0, reason)));
        }
        let mut own = Self::default();
        let mut taken = Taken::default();
        for entry in written.model {
            own.add(entry.into_inner(), folder, &mut taken)
                .map_err(refused)?;
        }
        Ok(own)
    }

    fn add(&mut self, entry: Entry, folder: &Path, taken: &mut Taken) -> Result<(), Fault> {
        taken.name(&entry.name)?;
        let hash = entry.sha256.get_ref();
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let reason = "sha256 must be 64 hexadecimal digits";
            return Err((entry.sha256.span().start, reason.to_owned()));
        }
        let side = *entry.side.get_ref();
        if !(1..=MODEL_SIDE).contains(&side) {
            let reason = format!("side must be from 1 to {MODEL_SIDE}");
            return Err((entry.side.span().start, reason));
        }
        let mean = three(entry.mean.as_ref(), 0.0, |_| true)
            .map_err(|at| (at, "mean must be three numbers".to_owned()))?;
        let deviation = three(entry.std.as_ref(), 1.0, |value| value > 0.0)
            .map_err(|at| (at, "std must be three numbers above 0".to_owned()))?;
        let labels = taken.labels(&entry.labels)?;
        if entry.age {
            let named = labels.iter().filter(|label| !label.is_empty());
            self.of_age
                .extend(named.filter_map(|label| Label::new(label).ok()));
        }
        self.specs.push(ModelSpec {
            name: entry.name.into_inner(),
            source: ModelSource::File(folder.join(entry.file)),
            sha256: Some(entry.sha256.into_inner()),
            side,
            layout: match entry.layout {
                WrittenLayout::Nchw => Layout::PlaneByPlane,
                WrittenLayout::Nhwc => Layout::PixelByPixel,
            },
            channels: match entry.colours {
                WrittenColours::Rgb => Channels::Rgb,
                WrittenColours::Bgr => Channels::Bgr,
            },
            range: match entry.range {
                WrittenRange::UpToOne => ValueRange::UpToOne,
                WrittenRange::AroundZero => ValueRange::AroundZero,
                WrittenRange::Bytes => ValueRange::Bytes,
            },
            mean,
            deviation,
            reading: match entry.output {
                WrittenOutput::Raw => Reading::Classes(labels),
                WrittenOutput::Softmax => Reading::Softmax(labels),
                WrittenOutput::Sigmoid => Reading::Sigmoid(labels),
            },
        });
        Ok(())
    }
}

/// A number for each colour, or the same for all where none is written; the byte where one is not good.
fn three(
    written: Option<&Spanned<[f32; 3]>>,
    without: f32,
    is_good: impl Fn(f32) -> bool,
) -> Result<[f32; 3], usize> {
    let Some(written) = written else {
        return Ok([without; 3]);
    };
    let values = *written.get_ref();
    let all_good = values
        .iter()
        .all(|value| value.is_finite() && is_good(*value));
    all_good
        .then_some(values)
        .ok_or_else(|| written.span().start)
}

/// What no later model may be called, or say.
struct Taken {
    names: BTreeSet<String>,
    labels: BTreeSet<String>,
}

impl Default for Taken {
    fn default() -> Self {
        let names = ModelSpec::bundled().into_iter().map(|spec| spec.name);
        Self {
            names: names.collect(),
            labels: BTreeSet::new(),
        }
    }
}

impl Taken {
    fn name(&mut self, name: &Spanned<String>) -> Result<(), Fault> {
        let written = name.get_ref();
        let reason = match Label::new(written) {
            Err(error) => format!("name: {error}"),
            Ok(_) if !self.names.insert(written.clone()) => {
                format!("another model is called {written}")
            }
            Ok(_) => return Ok(()),
        };
        Err((name.span().start, reason))
    }

    fn labels(&mut self, list: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<String>, Fault> {
        let mut labels = Vec::new();
        for written in list.get_ref() {
            let label = written.get_ref();
            if !label.is_empty() {
                self.label(label)
                    .map_err(|reason| (written.span().start, reason))?;
            }
            labels.push(label.clone());
        }
        if labels.iter().all(String::is_empty) || self.labels.len() > OWN_LABELS {
            let reason = format!("there must be 1 to {OWN_LABELS} labels, all models together");
            return Err((list.span().start, reason));
        }
        Ok(labels)
    }

    fn label(&mut self, word: &str) -> Result<(), String> {
        let label = Label::new(word).map_err(|error| error.to_string())?;
        if label.is_built_in() {
            return Err(format!("{word} is a label of visavis itself"));
        }
        match self.labels.insert(word.to_owned()) {
            true => Ok(()),
            false => Err(format!("{word} is said twice")),
        }
    }
}
