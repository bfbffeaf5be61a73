//! `visavis top`: how a running server fares, from what it says of itself. A core: the texts of `/metrics`
//! and their times come in as arguments.
//!
//! 1. [`reading`] keeps of such a text what is shown, and no more of it than is bounded.
//! 2. [`trend`] makes rates of two of them, and remembers how the main ones went.
//! 3. [`rows`] says it in words, for a terminal and for a script.
//! 4. [`screen`] draws it.

pub mod reading;
pub mod rows;
pub mod screen;
pub mod trend;

pub use reading::Reading;
pub use screen::{Link, View};
pub use trend::Trend;
