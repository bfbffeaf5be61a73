//! One model: a picture in, scores out. It runs in the worker, on the thread that asks.

use std::sync::Arc;

use rten::{Dimension, Model as Graph, NodeId, RunOptions, ThreadPool};
use rten_tensor::{Tensor, TensorView};

use super::picture::{Colours, Picture};
use super::settings::{Channels, Layout, ModelSpec, Reading, ValueRange};

/// A model that is loaded and has been tried.
pub struct Model {
    spec: ModelSpec,
    graph: Graph,
    input: NodeId,
    outputs: Vec<NodeId>,
    options: RunOptions,
}

/// A label and how much it fits, from 0 to 1.
pub type Score = (String, f32);

/// Why a model is of no use.
#[derive(Clone, PartialEq, Eq, thiserror::Error, Debug)]
pub enum ModelError {
    /// The runtime cannot read it.
    #[error("{name}: cannot be loaded: {reason}")]
    Load {
        /// The model's.
        name: String,
        /// The runtime's words.
        reason: String,
    },
    /// Its input is of another shape.
    #[error("{name}: takes {takes} and not one picture of {expected}")]
    Input {
        /// The model's.
        name: String,
        /// What it says itself.
        takes: String,
        /// What its description says.
        expected: String,
    },
    /// An output that is to be read is missing.
    #[error("{name}: has no output {output}")]
    Output {
        /// The model's.
        name: String,
        /// The missing one.
        output: String,
    },
    /// It fails, or says something that its description does not fit.
    #[error("{name}: {reason}")]
    Run {
        /// The model's.
        name: String,
        /// What was wrong.
        reason: String,
    },
}

impl Model {
    /// Loads a model and lets it look at a grey picture.
    ///
    /// # Errors
    /// It cannot be loaded or run, or is not as its description says.
    pub fn load(
        spec: ModelSpec,
        bytes: Vec<u8>,
        pool: &Arc<ThreadPool>,
    ) -> Result<Self, ModelError> {
        let name = || spec.name.clone();
        let graph = Graph::load(bytes).map_err(|error| ModelError::Load {
            name: name(),
            reason: error.to_string(),
        })?;
        let input = check_input(&graph, &spec)?;
        let named: &[String] = match &spec.reading {
            Reading::Classes(_) | Reading::Softmax(_) | Reading::Sigmoid(_) => &[],
            Reading::Absence { logits, .. } => logits,
        };
        let mut outputs = Vec::new();
        for output in named {
            let missing = |_| ModelError::Output {
                name: name(),
                output: output.clone(),
            };
            outputs.push(graph.node_id(output).map_err(missing)?);
        }
        if named.is_empty() {
            outputs.extend(graph.output_ids().first());
        }
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let model = Self {
            spec,
            graph,
            input,
            outputs,
            options,
        };
        let side = usize::from(model.spec.side);
        let grey = [const { Vec::new() }; 3].map(|_: Vec<f32>| vec![127.0; side * side]);
        model.scores_of(&Colours { planes: grey })?;
        Ok(model)
    }

    /// What it says about a picture.
    ///
    /// # Errors
    /// It fails, or says something that is no score.
    pub fn look(&self, picture: &Picture) -> Result<Vec<Score>, ModelError> {
        let side = usize::from(self.spec.side);
        self.scores_of(&picture.colours(side, side))
    }

    /// What it says about a picture of just its size.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub fn scores_of(&self, colours: &Colours) -> Result<Vec<Score>, ModelError> {
        let input = Tensor::try_from_data(&shape(&self.spec), arranged(colours, &self.spec))
            .map_err(|error| self.wrong(&error))?;
        let inputs = vec![(self.input, input.into())];
        let options = Some(self.options.clone());
        let said = self
            .graph
            .run(inputs, &self.outputs, options)
            .map_err(|error| self.wrong(&error))?;
        let mut values = Vec::new();
        for value in &said {
            let view: TensorView<'_, f32> = value.try_into().map_err(|error| self.wrong(&error))?;
            values.extend(view.iter().copied());
        }
        self.read(&values)
    }

    fn read(&self, values: &[f32]) -> Result<Vec<Score>, ModelError> {
        if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
            return Err(self.wrong(&"it says what is no number"));
        }
        match &self.spec.reading {
            Reading::Classes(labels) => self.named(labels, values.to_vec()),
            Reading::Sigmoid(labels) => {
                let logistic = values.iter().map(|value| 1.0 / (1.0 + (-value).exp()));
                self.named(labels, logistic.collect())
            }
            Reading::Softmax(labels) => {
                let best = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let parts: Vec<f32> = values.iter().map(|value| (value - best).exp()).collect();
                let whole: f32 = parts.iter().sum();
                self.named(labels, parts.iter().map(|part| part / whole).collect())
            }
            Reading::Absence { label, .. } => {
                let best = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                // 1 less the logistic function, without losing small values.
                Ok(vec![(label.clone(), 1.0 / (1.0 + best.exp()))])
            }
        }
    }

    fn named(&self, labels: &[String], values: Vec<f32>) -> Result<Vec<Score>, ModelError> {
        if labels.len() != values.len() {
            let (values, labels) = (values.len(), labels.len());
            return Err(self.wrong(&format!("it says {values} values for {labels} labels")));
        }
        let scores = labels.iter().zip(values);
        Ok(scores
            .filter(|(label, _)| !label.is_empty())
            .map(|(label, value)| (label.clone(), value.clamp(0.0, 1.0)))
            .collect())
    }

    fn wrong(&self, reason: &dyn ToString) -> ModelError {
        ModelError::Run {
            name: self.spec.name.clone(),
            reason: reason.to_string(),
        }
    }
}

fn shape(spec: &ModelSpec) -> [usize; 4] {
    let side = usize::from(spec.side);
    match spec.layout {
        Layout::PlaneByPlane => [1, 3, side, side],
        Layout::PixelByPixel => [1, side, side, 3],
    }
}

/// Dimensions without a fixed size take any.
fn check_input(graph: &Graph, spec: &ModelSpec) -> Result<NodeId, ModelError> {
    let expected = shape(spec);
    let takes = graph.input_shape(0).unwrap_or_default();
    let fits = |(dimension, size): (&Dimension, &usize)| match dimension {
        Dimension::Fixed(fixed) => fixed == size,
        Dimension::Symbolic(_) => true,
    };
    match graph.input_ids() {
        [input] if takes.len() == 4 && takes.iter().zip(&expected).all(fits) => Ok(*input),
        _ => Err(ModelError::Input {
            name: spec.name.clone(),
            takes: format!("{takes:?}"),
            expected: format!("{expected:?}"),
        }),
    }
}

/// A picture's values in a model's range and order.
fn arranged(colours: &Colours, spec: &ModelSpec) -> Vec<f32> {
    let (scale, offset) = match spec.range {
        ValueRange::UpToOne => (1.0 / 255.0, 0.0),
        ValueRange::AroundZero => (2.0 / 255.0, -1.0),
        ValueRange::Bytes => (1.0, 0.0),
    };
    let [red, green, blue] = &colours.planes;
    let planes = match spec.channels {
        Channels::Rgb => [red, green, blue],
        Channels::Bgr => [blue, green, red],
    };
    let (mean, deviation) = (spec.mean, spec.deviation);
    let value = |colour: usize, value: &f32| {
        let in_range = value * scale + offset;
        let (mean, deviation) = (mean.get(colour), deviation.get(colour));
        (in_range - mean.unwrap_or(&0.0)) / deviation.unwrap_or(&1.0)
    };
    match spec.layout {
        Layout::PlaneByPlane => {
            let planes = planes.into_iter().enumerate();
            let values =
                planes.flat_map(|(colour, plane)| plane.iter().map(move |of| (colour, of)));
            values.map(|(colour, of)| value(colour, of)).collect()
        }
        Layout::PixelByPixel => {
            let [first, second, third] = planes;
            let pixels = first.iter().zip(second).zip(third);
            pixels
                .flat_map(|((a, b), c)| [value(0, a), value(1, b), value(2, c)])
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One pixel of red 255, green 51 and blue 0.
    fn of_one_pixel(layout: Layout, channels: Channels, mean: [f32; 3]) -> Vec<f32> {
        let [spec, _] = ModelSpec::bundled().try_into().expect("there are two");
        let spec = ModelSpec {
            side: 1,
            layout,
            channels,
            mean,
            deviation: [0.5, 0.25, 1.0],
            ..spec
        };
        let planes = [vec![255.0], vec![51.0], vec![0.0]];
        arranged(&Colours { planes }, &spec)
    }

    #[test]
    fn a_colour_is_set_against_its_own_mean_in_the_order_of_the_model() {
        let mean = [0.5, 0.1, 0.0];
        for layout in [Layout::PlaneByPlane, Layout::PixelByPixel] {
            let rgb = of_one_pixel(layout, Channels::Rgb, mean);
            let bgr = of_one_pixel(layout, Channels::Bgr, mean);
            for (found, expected) in [(rgb, [1.0, 0.4, 0.0]), (bgr, [-1.0, 0.4, 1.0])] {
                let near = |(one, other): (&f32, f32)| (one - other).abs() < 1e-6;
                assert!(found.iter().zip(expected).all(near), "{found:?}");
            }
        }
    }
}
