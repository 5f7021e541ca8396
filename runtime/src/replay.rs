//! A journal, folded again: the same events have to give the same commands.

use crate::core::{CallId, Command, EventKind, Place, State, step};
use crate::host::{Link, first_broken};
use crate::plan::Plan;
use serde::Serialize;
use std::fmt;

/// The first place where a journal and the interpreter differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// The entry, from 1.
    pub entry: u64,
    /// What differs, in words.
    pub what: String,
    /// Whether the journal is not what was written, whatever the plan.
    pub is_broken: bool,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at entry {}: {}", self.entry, self.what)
    }
}

/// Folds a run's journal with a plan, its own or another, and gives the first entry that goes another way.
pub fn first_deviation(plan: &Plan, run: &str, links: &[Link]) -> Option<Deviation> {
    if let Some(entry) = first_broken(run, links) {
        return Some(Deviation { entry, what: "the entry is not what was written".to_owned(), is_broken: true });
    }
    let mut state = State::default();
    for link in links {
        let deviation = |what: String| Some(Deviation { entry: link.sequence, what, is_broken: false });
        let body = match link.read() {
            Ok(body) => body,
            Err(error) => return deviation(format!("the entry cannot be read: {error}")),
        };
        let event = &body.entry.event;
        if !state.takes(&event.kind) {
            return deviation(format!("{} would change nothing here", name(&event.kind, &state)));
        }
        let (next, commands) = step(plan.package(), state, event);
        if let Some(what) = difference(&body.entry.commands, &commands) {
            return deviation(format!("after {}, {what}", name(&event.kind, &next)));
        }
        state = next;
    }
    None
}

fn difference(then: &[Command], now: &[Command]) -> Option<String> {
    let differs = |(a, b): &(&Command, &Command)| a != b;
    if let Some((then, now)) = then.iter().zip(now).find(differs) {
        return Some(format!("the run {}, and now it {}", said(then), said(now)));
    }
    match (then.get(now.len()), now.get(then.len())) {
        (Some(then), _) => Some(format!("the run {}, and now it does not", said(then))),
        (None, Some(now)) => Some(format!("the run now {}, and it did not", said(now))),
        (None, None) => None,
    }
}

/// An event in words; `state` knows the steps that it is about.
fn name(event: &EventKind, state: &State) -> String {
    let label = |place: &Place| state.statements.get(place).map_or_else(|| place.to_string(), |it| it.label.clone());
    let of = |step: &CallId| match step.undo {
        true => format!("the undo of `{}`", label(&step.place)),
        false => format!("`{}`", label(&step.place)),
    };
    match event {
        EventKind::Started(_) => "the start".to_owned(),
        EventKind::Outcome { step, .. } => format!("the answer of {}", of(step)),
        EventKind::Refused { step, .. } => format!("the gate's refusal of {}", of(step)),
        EventKind::Interrupted { step, .. } => format!("the interruption of {}", of(step)),
        EventKind::TimerFired { .. } => "a timer".to_owned(),
        EventKind::Decided(decided) => format!("the decision of {}", decided.by),
        EventKind::Resolved(resolved) => format!("what {} found out about `{}`", resolved.by, label(&resolved.place)),
        EventKind::Cancelled { by, .. } => format!("the cancellation by {by}"),
    }
}

fn said(command: &Command) -> String {
    match command {
        Command::RunEffect(effect) => {
            format!("calls `{}` {} for `{}`", effect.capability, effect.input, effect.label)
        }
        Command::Probe(effect) => format!("asks whether `{}` happened", effect.label),
        Command::Arm { at, .. } => format!("sets a timer for {}", gov_plan::text::time(*at)),
        Command::Disarm { .. } => "takes a timer back".to_owned(),
        Command::AwaitDecision(question) => {
            format!("asks {} about `{}`", question.approvers.join(", "), question.label)
        }
        Command::CloseGate { gate, .. } => format!("closes the gate `{gate}`"),
        Command::Reserve(spending) => format!("holds back {}", spent(spending)),
        Command::Settle(spending) => format!("spends {}", spent(spending)),
        Command::Mark(mark) => format!("says that `{}` is {}", mark.label, mark.became.as_str()),
        Command::Enter { status } => format!("is {status}"),
        Command::Finish(finish) => format!("ends as {}", finish.status),
    }
}

fn spent(spending: &crate::core::Spending) -> &str {
    spending.money.as_deref().unwrap_or("a call")
}
