//! What a run does at this moment, on the last line of a terminal.

use std::time::Duration;

use gov_runtime::core::{CallId, Stage, State, Status};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::{self, Failure};

/// How often the line moves.
const TICK: Duration = Duration::from_millis(100);

/// A line on standard error that says what is under way; nothing where that is no terminal.
pub struct Live(ProgressBar);

impl Live {
    /// A line that says nothing yet.
    pub fn new() -> Live {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{elapsed_precise:>9}  {spinner} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(TICK);
        Live(bar)
    }

    /// Says what a run is at.
    pub fn show(&self, state: &State) {
        self.0.set_message(doing(state));
    }

    /// Writes lines above it.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        self.0.suspend(|| output::write(text))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// What a run is at, in words.
fn doing(state: &State) -> String {
    let calls = state.in_flight().into_iter().filter_map(|(id, attempt)| {
        let label = &state.statements.get(&id.place)?.label;
        let call = state.call(&id)?;
        let what = match (call.stage == Stage::Probing, id.undo) {
            (true, _) => "asks about",
            (false, true) => "undoes",
            (false, false) => "does",
        };
        let again = if attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
        Some(format!("{what} {label} ({}{again})", call.capability))
    });
    let mut doing: Vec<String> = calls.collect();
    let pauses = state.statements.iter().filter(|(place, _)| {
        let pausing = |id: CallId| state.call(&id).is_some_and(|call| call.stage == Stage::Pausing);
        pausing(CallId::forward(place)) || pausing(CallId::undo(place))
    });
    doing.extend(pauses.map(|(_, statement)| format!("{} is tried again soon", statement.label)));
    match (doing.is_empty(), state.status) {
        (true, Status::Waiting) => "waits".to_owned(),
        (true, status) => status.to_string(),
        (false, _) => doing.join(", "),
    }
}
