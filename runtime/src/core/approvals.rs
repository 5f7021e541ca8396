//! Questions to humans: who may answer, what an answer is bound to, and when it is too late.

use super::command::{self, Command, GateEnd};
use super::digest;
use super::event::{Decided, Verdict};
use super::failure::Failure;
use super::ids::{CallId, GateId, Place, Timer};
use super::machine::Machine;
use super::scope::Roles;
use super::state::{Answer, End, Gate, Stage, State};
use gov_plan::model::{Approval, Package};
use gov_plan::value::Value;
use serde_json::{Value as Json, json};
use std::fmt;

/// Why a decision does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// There is no such gate.
    Unknown,
    /// It was settled before.
    Settled(GateEnd),
    /// The time to decide is over.
    Late,
    /// Whoever asks cannot answer.
    OwnRequest,
    /// Not one of those who may answer.
    NotAnApprover(Vec<String>),
    /// The same person has said yes already, and it takes several.
    SaidAlready,
    /// What they were shown is not what is asked.
    OtherArguments,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Unknown => f.write_str("nothing of that name waits for a decision"),
            Lost::Settled(GateEnd::Approved) => f.write_str("it was approved before"),
            Lost::Settled(GateEnd::Rejected) => f.write_str("it was rejected before"),
            Lost::Settled(GateEnd::Expired) | Lost::Late => f.write_str("the time to decide is over"),
            Lost::Settled(GateEnd::Withdrawn) => f.write_str("the run does not need the decision any more"),
            Lost::OwnRequest => f.write_str("nobody decides on a request of their own"),
            Lost::NotAnApprover(approvers) => write!(f, "only {} may decide", approvers.join(", ")),
            Lost::SaidAlready => f.write_str("you have approved it already; it takes others too"),
            Lost::OtherArguments => f.write_str("the decision is about other arguments than those that are asked for"),
        }
    }
}

/// Whether a decision at this time would count: the gate is open, and this is one of those who may decide.
pub fn may_decide(package: &Package, state: &State, decided: &Decided, at: i64) -> Result<(), Lost> {
    let gate = state.gates.get(&decided.gate).ok_or(Lost::Unknown)?;
    if let Some(end) = gate.end {
        return Err(Lost::Settled(end));
    }
    if gate.expiry.is_some_and(|expiry| at >= expiry) {
        return Err(Lost::Late);
    }
    if gate.digest != decided.digest {
        return Err(Lost::OtherArguments);
    }
    if gate.requester == decided.by {
        return Err(Lost::OwnRequest);
    }
    let roles = Roles::new(package, &decided.by, &decided.roles);
    let may = gate.approvers.iter().any(|approver| approver.matches(&decided.by, |role| roles.has(&decided.by, role)));
    if !may {
        return Err(Lost::NotAnApprover(gate.approvers.iter().map(ToString::to_string).collect()));
    }
    match decided.verdict == Verdict::Approved && gate.approved_by.contains(&decided.by) {
        true => Err(Lost::SaidAlready),
        false => Ok(()),
    }
}

/// What is asked.
pub(super) struct Question<'q> {
    /// The statement that asks.
    pub(super) place: &'q Place,
    /// Who asks.
    pub(super) requester: &'q str,
    /// In words.
    pub(super) question: String,
    /// The call that is asked for, where it is one.
    pub(super) call: Option<CallId>,
}

impl Machine<'_> {
    /// Opens a gate.
    pub(super) fn ask(&mut self, gate: GateId, approval: &Approval, asked: Question<'_>) {
        let Question { place, requester, question, call: id } = asked;
        let call = id.as_ref().and_then(|id| self.state.call(id));
        let capability = call.map(|call| call.capability.clone());
        let input = call.map_or(Json::Null, |call| Value::Record(call.input.clone()).to_json());
        let ruling = call.map(|call| call.ruling.clone());
        let plan = self.state.start.as_ref().map_or("", |start| &start.plan);
        let digest = digest::of_json(&json!([self.state.run(), plan, gate, capability, input, question]));
        let expiry = approval.within.map(|within| self.state.now.saturating_add(within));
        let label = self.state.statements.get(place).map(|statement| statement.label.clone()).unwrap_or_default();
        self.commands.push(Command::AwaitDecision(Box::new(command::Question {
            gate: gate.clone(),
            label,
            question,
            requester: requester.to_owned(),
            capability,
            input,
            digest: digest.clone(),
            approvers: approval.from.iter().map(ToString::to_string).collect(),
            quorum: approval.quorum,
            expiry,
            ruling,
        })));
        if let Some(at) = expiry {
            self.arm(Timer::Gate { gate: gate.clone() }, at);
        }
        let opened = Gate {
            place: place.clone(),
            call: id,
            requester: requester.to_owned(),
            approvers: approval.from.clone(),
            quorum: approval.quorum,
            digest,
            expiry,
            approved_by: Vec::new(),
            end: None,
        };
        self.state.gates.insert(gate, opened);
    }

    pub(super) fn decided(&mut self, decided: &Decided) {
        if may_decide(self.package, &self.state, decided, self.state.now).is_err() {
            return;
        }
        let Some(gate) = self.state.gates.get_mut(&decided.gate) else { return };
        if decided.verdict == Verdict::Approved {
            gate.approved_by.push(decided.by.clone());
            if gate.approved_by.len() < usize::try_from(gate.quorum).unwrap_or(usize::MAX) {
                return;
            }
        }
        let (place, call, approved_by) = (gate.place.clone(), gate.call.clone(), gate.approved_by.clone());
        self.close(&decided.gate, decided.verdict.into());
        match (decided.verdict, call) {
            (Verdict::Approved, Some(id)) => {
                let Some(call) = self.call_mut(&id) else { return };
                call.approved_by.extend(approved_by);
                if let Stage::Approving(gates) = &mut call.stage {
                    gates.retain(|gate| *gate != decided.gate);
                    if gates.is_empty() {
                        self.launch(&id);
                    }
                }
            }
            (Verdict::Approved, None) => {
                let answer = [
                    ("by", Value::string(&decided.by)),
                    ("at", Value::time(self.state.now).unwrap_or(Value::Absent)),
                    ("comment", Value::string(&decided.comment)),
                ];
                self.end_statement(&place, End::Done(Value::record(answer)));
                self.mark(&place, super::Became::Done, "");
            }
            (Verdict::Rejected, call) => {
                let said = if decided.comment.is_empty() { String::new() } else { format!(": {}", decided.comment) };
                self.turned_down(&place, call, format!("{} rejected it{said}", decided.by));
            }
        }
    }

    pub(super) fn expired(&mut self, gate: &GateId) {
        let Some(open) = self.state.gates.get(gate).filter(|gate| gate.end.is_none()) else { return };
        let (place, call) = (open.place.clone(), open.call.clone());
        self.close(gate, GateEnd::Expired);
        self.turned_down(&place, call, "nobody decided in time".to_owned());
    }

    fn turned_down(&mut self, place: &Place, call: Option<CallId>, message: String) {
        match call {
            Some(id) => {
                self.withdraw_all(&id);
                self.conclude(&id, Answer::Err(Failure::new(message)));
            }
            None => {
                self.mark(place, super::Became::Failed, &message);
                let label = self.state.statements.get(place).map(|statement| statement.label.clone());
                let message = format!("approval `{}`: {message}", label.unwrap_or_default());
                self.end_statement(place, End::Failed(Failure::new(message)));
            }
        }
    }

    /// Withdraws what is still asked about a call.
    pub(super) fn withdraw_all(&mut self, id: &CallId) {
        if let Some(Stage::Approving(gates)) = self.state.call(id).map(|call| call.stage.clone()) {
            for gate in gates {
                self.withdraw(&gate);
            }
        }
    }

    /// Withdraws a question whose answer is not wanted any more.
    pub(super) fn withdraw(&mut self, gate: &GateId) {
        if self.state.gates.get(gate).is_some_and(|gate| gate.end.is_none()) {
            self.close(gate, GateEnd::Withdrawn);
        }
    }

    fn close(&mut self, id: &GateId, end: GateEnd) {
        if let Some(gate) = self.state.gates.get_mut(id) {
            gate.end = Some(end);
        }
        self.disarm(Timer::Gate { gate: id.clone() });
        self.commands.push(Command::CloseGate { gate: id.clone(), end });
    }
}
