//! What a measurement gives, so that all of them can be kept in one file, put in a table and drawn.

use serde::{Deserialize, Serialize};

use crate::measure::Times;

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What is measured: `decision`. Rows of one name are compared, and drawn as one chart.
    pub name: String,
    /// Whose figure it is: `gov`, or a peer with its version.
    pub who: String,
    /// How large the input is, in `of`.
    pub size: f64,
    /// What the size counts: `rules`.
    pub of: String,
    /// The figure: nanoseconds, unless the unit says otherwise.
    pub times: Times,
    /// `ns`, `bytes`, or what the figure counts in a second.
    pub unit: String,
    /// What else a reader has to know; empty where there is nothing.
    #[serde(default)]
    pub note: String,
    /// Whether it was ended before it was done: the figure is the least that it can be.
    #[serde(default)]
    pub cut_off: bool,
}

impl Row {
    /// A row in nanoseconds.
    pub fn time(name: &str, who: &str, size: usize, of: &str, times: Times) -> Row {
        Row {
            name: name.to_owned(),
            who: who.to_owned(),
            size: size as f64,
            of: of.to_owned(),
            times,
            unit: "ns".to_owned(),
            note: String::new(),
            cut_off: false,
        }
    }

    /// A row with one figure in a unit of its own.
    pub fn figure(name: &str, who: &str, size: usize, of: &str, figure: f64, unit: &str) -> Row {
        let times = Times { least: figure, median: figure, p99: figure };
        Row { unit: unit.to_owned(), ..Row::time(name, who, size, of, times) }
    }

    /// With a note.
    pub fn noting(self, note: impl Into<String>) -> Row {
        Row { note: note.into(), ..self }
    }
}
