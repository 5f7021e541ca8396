//! The account of a run: what became of each step, and what happened when, for people and for tools.

use crate::core::{
    Became, CallId, Command, End, EventKind, Finding, Outcome, Place, Refusal, Stage, State, Status, Step, Timer,
    Undoing, Verdict, Work,
};
use crate::host::Entry;
use gov_plan::text;
use serde::Serialize;
use serde_json::Value as Json;

/// What is told of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// Its id.
    pub run: String,
    /// The workflow.
    pub workflow: String,
    /// Its state.
    pub state: Status,
    /// Its result, where it completed.
    pub output: Option<Json>,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// Its steps, in the order in which they began.
    pub steps: Vec<StepAccount>,
    /// What its calls have cost: `0.01 USD`.
    pub cost: String,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepAccount {
    /// Its name, with the rounds and workflows around it.
    pub step: String,
    /// Where it stands in the workflow: what a human names to resolve it.
    pub place: String,
    /// The capability that was called, the last one where there were several.
    pub capability: Option<String>,
    /// `done`, `failed`, `undone`, `skipped`, `in_doubt`, `running`, `waiting`, `kept` or `needs_human`.
    pub state: &'static str,
    /// Attempts so far.
    pub attempts: u32,
    /// Whether the call was not made, because the deployment has calls to the outside stubbed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stubbed: bool,
    /// How the call was decided.
    pub decision: Option<String>,
    /// Why it failed, or needs a human.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The step, where it is about one.
    pub step: Option<String>,
    /// In words.
    pub text: String,
    /// Of which kind.
    pub tone: Tone,
}

/// How a moment reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Something goes on.
    Plain,
    /// Something worked.
    Good,
    /// Something failed.
    Bad,
    /// Something was undone.
    Undo,
    /// A human is asked, or spoke.
    Human,
}

/// Tells of a run by its state.
pub fn of(state: &State) -> Account {
    let mut steps: Vec<(&Place, StepAccount)> = state
        .statements
        .iter()
        .filter_map(|(place, statement)| match &statement.work {
            Work::Step(step) => Some((place, step_account(place, &statement.label, step, statement.end.as_ref()))),
            Work::Approval(gate) => {
                let open = state.gates.get(gate).is_some_and(|gate| gate.end.is_none());
                Some((place, approval_account(place, &statement.label, statement.end.as_ref(), open)))
            }
            Work::Wait => None,
        })
        .collect();
    steps.sort_by_key(|(place, _)| numbers(place));
    Account {
        run: state.run().to_owned(),
        workflow: state.start.as_ref().map(|start| start.workflow.clone()).unwrap_or_default(),
        state: state.status,
        output: state.output().map(gov_plan::value::Value::to_json),
        error: state.failure().map(|failure| failure.message.clone()),
        steps: steps.into_iter().map(|(_, step)| step).collect(),
        cost: cost(state),
    }
}

/// The numbers of a place: `10` comes after `9`.
fn numbers(place: &Place) -> Vec<u32> {
    place.0.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

fn step_account(place: &Place, label: &str, step: &Step, end: Option<&End>) -> StepAccount {
    let doubt = |call: &Option<crate::core::Call>| call.as_ref().is_some_and(|call| call.stage == Stage::InDoubt);
    let approving =
        |call: &Option<crate::core::Call>| call.as_ref().is_some_and(|call| matches!(call.stage, Stage::Approving(_)));
    let state = match (end, &step.undoing) {
        (_, Undoing::Undone) => "undone",
        (_, Undoing::Kept) => "kept",
        (_, Undoing::NeedsHuman(_)) => "needs_human",
        _ if doubt(&step.call) || doubt(&step.undo_call) => "in_doubt",
        (_, Undoing::Active) => "running",
        (Some(End::Done(_)), _) => "done",
        (Some(End::Failed(_)), _) => "failed",
        (Some(End::Abandoned), _) => "skipped",
        (None, _) if approving(&step.call) => "waiting",
        (None, _) => "running",
    };
    let reason = match (&step.undoing, end) {
        (Undoing::NeedsHuman(why), _) => Some(why.clone()),
        (_, Some(End::Failed(failure))) => Some(failure.message.clone()),
        _ => None,
    };
    StepAccount {
        step: label.to_owned(),
        place: place.0.clone(),
        capability: step.call.as_ref().map(|call| call.capability.clone()),
        state,
        attempts: step.attempts,
        stubbed: step.call.as_ref().is_some_and(|call| call.stubbed),
        decision: step.call.as_ref().map(|call| call.ruling.decision.clone()),
        reason,
    }
}

fn approval_account(place: &Place, label: &str, end: Option<&End>, open: bool) -> StepAccount {
    let (state, reason) = match end {
        Some(End::Done(_)) => ("done", None),
        Some(End::Failed(failure)) => ("failed", Some(failure.message.clone())),
        Some(End::Abandoned) => ("skipped", None),
        None if open => ("waiting", None),
        None => ("running", None),
    };
    StepAccount {
        step: label.to_owned(),
        place: place.0.clone(),
        capability: None,
        state,
        attempts: 0,
        stubbed: false,
        decision: None,
        reason,
    }
}

/// What was spent, in each currency.
fn cost(state: &State) -> String {
    let spent = state.spent().map(|spent| &spent.money).into_iter().flatten();
    let amounts: Vec<String> = spent.map(|(currency, amount)| text::money(*amount, *currency)).collect();
    if amounts.is_empty() { "0".to_owned() } else { amounts.join(" + ") }
}

/// Tells what an entry of the journal means, in the order in which it happened.
///
/// `state` is the state after it.
pub fn moments(entry: &Entry, state: &State) -> Vec<Moment> {
    let at = entry.event.at;
    let mut moments = Vec::new();
    let mut say = |step: Option<String>, tone: Tone, text: String| moments.push(Moment { at, step, text, tone });
    let label = |place: &Place| state.statements.get(place).map(|statement| statement.label.clone());
    if let Some((step, tone, text)) = of_event(&entry.event.kind, state) {
        say(step, tone, text);
    }
    for command in &entry.commands {
        match command {
            Command::RunEffect(effect) => {
                let again = if effect.attempt > 1 { format!(", attempt {}", effect.attempt) } else { String::new() };
                let call = format!("{}{}", effect.capability, short(&effect.input));
                let text = match effect.step.undo {
                    true => format!("undo: {call}{again}"),
                    false => format!("{call}{again}, {}", ruled(effect)),
                };
                say(Some(effect.label.clone()), if effect.step.undo { Tone::Undo } else { Tone::Plain }, text);
            }
            Command::Probe(effect) => {
                say(Some(effect.label.clone()), Tone::Plain, "asks its handler whether it happened".to_owned());
            }
            Command::AwaitDecision(question) => {
                let quorum = if question.quorum > 1 { format!("{} of ", question.quorum) } else { String::new() };
                let until = question.expiry.map(|at| format!(" until {}", text::time(at))).unwrap_or_default();
                let what = if question.capability.is_some() { short(&question.input) } else { String::new() };
                let asked = question.approvers.join(", ");
                let text = format!("waits for {quorum}{asked}{until}: {}{what}", question.question);
                say(Some(question.label.clone()), Tone::Human, text);
            }
            Command::Arm { timer: Timer::Retry { step, .. }, at: due } => {
                let pause = text::duration(due.saturating_sub(at));
                say(label(&step.place), Tone::Plain, format!("tries again in {pause}"));
            }
            Command::Arm { timer: Timer::Wait { .. }, at: due } => {
                say(None, Tone::Plain, format!("waits until {}", text::time(*due)));
            }
            Command::Mark(mark) => {
                let because = if mark.message.is_empty() { String::new() } else { format!(": {}", mark.message) };
                let (tone, text) = match mark.became {
                    Became::Done => (Tone::Good, "done".to_owned()),
                    Became::Failed => (Tone::Bad, format!("failed{because}")),
                    Became::Refused => (Tone::Bad, format!("refused{because}")),
                    Became::InDoubt => (Tone::Human, format!("nobody knows whether it happened{because}")),
                    Became::Undone => (Tone::Undo, "undone".to_owned()),
                    Became::Kept => (Tone::Human, format!("cannot be undone, and stays{because}")),
                    Became::NeedsHuman => (Tone::Human, format!("has to be undone by a human{because}")),
                    Became::Abandoned => (Tone::Plain, "given up".to_owned()),
                };
                say(Some(mark.label.clone()), tone, text);
            }
            Command::Enter { status: Status::Compensating } => {
                let why = state.failure().map(|failure| failure.message.clone()).unwrap_or_default();
                say(None, Tone::Bad, format!("undoes what was done: {why}"));
            }
            Command::Enter { status: Status::Stuck } => {
                say(None, Tone::Human, "stuck: a human has to say how to go on".to_owned());
            }
            Command::Finish(finish) => {
                let tone = if finish.status == Status::Completed { Tone::Good } else { Tone::Bad };
                say(None, tone, finish.status.to_string());
            }
            _ => {}
        }
    }
    // That the way back begins is said before its first step.
    let turn = entry.commands.iter().any(|command| matches!(command, Command::Enter { status: Status::Compensating }));
    if turn
        && let Some(first) = moments.iter().position(|moment| moment.tone == Tone::Undo)
        && let Some(said) = moments.iter().position(|moment| moment.step.is_none() && moment.tone == Tone::Bad)
        && first < said
    {
        let turn = moments.remove(said);
        moments.insert(first, turn);
    }
    moments
}

fn of_event(event: &EventKind, state: &State) -> Option<(Option<String>, Tone, String)> {
    let label = |id: &CallId| state.statements.get(&id.place).map(|statement| statement.label.clone());
    Some(match event {
        EventKind::Started(start) => {
            let by = start.caller.as_ref().map(|caller| format!(" for {caller}")).unwrap_or_default();
            (None, Tone::Plain, format!("starts `{}`{by}{}", start.workflow, short(&start.input)))
        }
        EventKind::Outcome { step, outcome, .. } => match outcome {
            // What a call that is not tried again came to is said of the step.
            Outcome::Ok { .. } => return None,
            Outcome::Stubbed { .. } => {
                (label(step), Tone::Plain, "stubbed: this deployment makes no calls to the outside".to_owned())
            }
            Outcome::Err { message, .. } if is_retried(step, state) => (label(step), Tone::Bad, message.clone()),
            Outcome::Err { .. } | Outcome::Misfit { .. } => return None,
            Outcome::Unknown { message } => (label(step), Tone::Bad, message.clone()),
        },
        EventKind::Refused { step, refusal, message, .. } => match refusal {
            Refusal::CircuitOpen => (label(step), Tone::Bad, message.clone()),
            Refusal::Unavailable | Refusal::ExternalForbidden => return None,
            Refusal::Contradiction => (label(step), Tone::Bad, format!("internal contradiction: {message}")),
        },
        EventKind::Interrupted { step, .. } => {
            (label(step), Tone::Bad, "the process ended while this was under way".to_owned())
        }
        EventKind::Decided(decided) => {
            let gate = state.gates.get(&decided.gate)?;
            let step = state.statements.get(&gate.place).map(|statement| statement.label.clone());
            let verb = match decided.verdict {
                Verdict::Approved => "approves",
                Verdict::Rejected => "rejects",
            };
            (step, Tone::Human, format!("{} {verb}{}", decided.by, said(&decided.comment)))
        }
        EventKind::Resolved(resolved) => {
            let step = state.statements.get(&resolved.place).map(|statement| statement.label.clone());
            let finding = match resolved.finding {
                Finding::Happened { .. } => "says that it happened",
                Finding::DidNotHappen => "says that it did not happen",
                Finding::Undone => "says that it is undone, or may stay",
                Finding::Retry => "wants the undo to be tried again",
            };
            (step, Tone::Human, format!("{} {finding}{}", resolved.by, said(&resolved.comment)))
        }
        EventKind::Cancelled { by, reason } => (None, Tone::Human, format!("{by} cancels{}", said(reason))),
        EventKind::TimerFired { timer: Timer::Gate { gate } } => {
            let place = &state.gates.get(gate)?.place;
            let step = state.statements.get(place).map(|statement| statement.label.clone());
            (step, Tone::Bad, "the time to decide is over".to_owned())
        }
        EventKind::TimerFired { .. } => return None,
    })
}

fn is_retried(id: &CallId, state: &State) -> bool {
    state.call(id).is_some_and(|call| matches!(call.stage, Stage::Pausing | Stage::Flying | Stage::Probing))
}

fn ruled(effect: &crate::core::Effect) -> String {
    if !effect.approved_by.is_empty() {
        return format!("approved by {}", effect.approved_by.join(", "));
    }
    match (&effect.ruling.rule, effect.ruling.index) {
        (Some(rule), _) => format!("allowed by rule `{rule}` of `{}`", effect.ruling.policy),
        (None, Some(index)) => format!("allowed by rule {index} of `{}`", effect.ruling.policy),
        (None, None) => format!("allowed by the default of `{}`", effect.ruling.policy),
    }
}

fn said(comment: &str) -> String {
    if comment.is_empty() { String::new() } else { format!(": {comment}") }
}

/// Arguments on one line, long ones cut short.
fn short(json: &Json) -> String {
    const MOST: usize = 48;
    let Json::Object(object) = json else { return format!(" {json}") };
    let shown: Vec<String> = object
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Json::String(text) => text::quoted(text),
                other => other.to_string(),
            };
            let cut = match value.char_indices().nth(MOST) {
                Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
                None => value,
            };
            format!("{name}: {cut}")
        })
        .collect();
    if shown.is_empty() { String::new() } else { format!(" {{ {} }}", shown.join(", ")) }
}
