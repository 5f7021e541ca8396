//! A run, told line by line.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use gov_plan::text;
use gov_runtime::account::{self, Account, Moment, Tone};
use gov_runtime::core::{State, Status};
use gov_runtime::host::Entry;

/// The columns of the step's name, where it is not longer.
const LABEL: usize = 14;

/// Tells what happens, each line with the time since the beginning.
pub struct Story {
    begun: Option<i64>,
    color: bool,
}

impl Story {
    /// A story that has not begun.
    pub fn new(color: bool) -> Self {
        Self { begun: None, color }
    }

    /// The lines of an entry, each with its end; `state` is the state after it.
    pub fn entry(&mut self, entry: &Entry, state: &State) -> String {
        let begun = *self.begun.get_or_insert(entry.event.at);
        let mut lines = String::new();
        for moment in account::moments(entry, state) {
            lines.push_str(&self.line(&moment, begun));
        }
        lines
    }

    fn line(&self, moment: &Moment, begun: i64) -> String {
        let since = since(moment.at.saturating_sub(begun));
        let label = moment.step.as_deref().unwrap_or_default();
        let dim = paint(self.color, Style::new().dimmed(), &format!("{since:>9}"));
        let text = paint(self.color, style(moment.tone), &moment.text);
        format!("{dim}  {label:<LABEL$}  {text}\n")
    }
}

/// How a run stands: its state, its steps, what it cost, and what a person may do now.
pub fn summary(account: &Account, state: &State, color: bool) -> String {
    let mut out = String::new();
    let took = since(state.now.saturating_sub(state.started_at));
    let head = paint(color, status_style(account.state).bold(), account.state.as_str());
    // Writing into a string cannot fail.
    let _ = writeln!(out, "\nrun {}  {head}", account.run);
    let _ = writeln!(out, "    workflow {}, {took}, cost {}", account.workflow, account.cost);
    if let Some(error) = &account.error {
        let _ = writeln!(out, "    {}", paint(color, Style::new().fg_color(Some(AnsiColor::Red.into())), error));
    }
    if let Some(result) = account.output.as_ref().filter(|output| **output != serde_json::json!({})) {
        let _ = writeln!(out, "    result {result}");
    }
    let width = account.steps.iter().map(|step| step.step.chars().count()).max().unwrap_or(0).max(4);
    for step in &account.steps {
        let padded = format!("{:<11}", step.state.replace('_', " "));
        let word = paint(color, step_style(step.state), &padded);
        let capability = step.capability.as_deref().unwrap_or("approval");
        let attempts = if step.attempts > 1 { format!(", {} attempts", step.attempts) } else { String::new() };
        let _ = writeln!(out, "    {word} {:<width$}  {capability}{attempts}", step.step);
        if let Some(reason) = step.reason.as_ref().filter(|_| step.state == "needs_human") {
            let _ = writeln!(out, "                {reason}");
        }
    }
    out.push_str(&next(account, state));
    out
}

/// What a person may do now.
fn next(account: &Account, state: &State) -> String {
    let run: String = account.run.chars().take(13).collect();
    let mut out = String::new();
    for (id, gate) in state.gates.iter().filter(|(_, gate)| gate.end.is_none()) {
        let label = state.statements.get(&gate.place).map_or(id.0.as_str(), |statement| &statement.label);
        let until = gate.expiry.map(|at| format!(" until {}", text::time(at))).unwrap_or_default();
        let who: Vec<String> = gate.approvers.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "  waits for {}{until}:\n    gov approve {run} {label} --as user:YOU", who.join(", "));
    }
    if account.state == Status::Stuck {
        for step in account.steps.iter().filter(|step| matches!(step.state, "in_doubt" | "needs_human" | "kept")) {
            let how = match step.state {
                "in_doubt" => "--happened JSON, or --did-not-happen",
                "needs_human" => "--undone, or --retry",
                _ => "--undone, where it may stay",
            };
            let _ = writeln!(out, "  look at `{}`, then say what you found:", step.step);
            let _ = writeln!(out, "    gov resolve {run} {} --as user:YOU {how}", step.place);
        }
    }
    out
}

/// A duration for people: `12 ms`, `1.25 s`, `3m 5s`.
fn since(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{:02} s", milliseconds / 1_000, milliseconds % 1_000 / 10),
        60_000..3_600_000 => format!("{}m {}s", milliseconds / 60_000, milliseconds % 60_000 / 1_000),
        3_600_000..86_400_000 => format!("{}h {}m", milliseconds / 3_600_000, milliseconds % 3_600_000 / 60_000),
        _ => format!("{}d {}h", milliseconds / 86_400_000, milliseconds % 86_400_000 / 3_600_000),
    }
}

/// How a state is colored.
pub fn status_style(status: Status) -> Style {
    let color = match status {
        Status::Completed => AnsiColor::Green,
        Status::Failed | Status::Stuck => AnsiColor::Red,
        Status::Compensated | Status::Compensating | Status::Cancelled => AnsiColor::Yellow,
        Status::Pending | Status::Running | Status::Waiting => AnsiColor::Cyan,
    };
    Style::new().fg_color(Some(color.into()))
}

fn step_style(state: &str) -> Style {
    let color = match state {
        "done" => AnsiColor::Green,
        "undone" => AnsiColor::Yellow,
        "failed" | "in_doubt" | "needs_human" | "kept" => AnsiColor::Red,
        "waiting" | "running" => AnsiColor::Cyan,
        _ => return Style::new().dimmed(),
    };
    Style::new().fg_color(Some(color.into()))
}

fn style(tone: Tone) -> Style {
    let color = match tone {
        Tone::Plain => return Style::new(),
        Tone::Good => AnsiColor::Green,
        Tone::Bad => AnsiColor::Red,
        Tone::Undo => AnsiColor::Yellow,
        Tone::Human => AnsiColor::Cyan,
    };
    Style::new().fg_color(Some(color.into()))
}

/// A text in a style, where color is wanted.
pub fn paint(color: bool, style: Style, text: &str) -> String {
    if color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_at_a_glance() {
        let shown: Vec<String> = [0, 999, 1_250, 59_999, 65_000, 3_660_000, 90_000_000].map(since).into();
        assert_eq!(shown, ["0 ms", "999 ms", "1.25 s", "59.99 s", "1m 5s", "1h 1m", "1d 1h"]);
    }
}
