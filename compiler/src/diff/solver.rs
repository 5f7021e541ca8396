//! Differences that are beyond the exact procedure, put to the solver.

use super::people::{People, State};
use super::search::{Subject, Version};
use super::side::{By, Winner};
use super::witness::{Asked, object};
use crate::verify::encode::requests::Calls;
use crate::verify::encode::{Encoder, Sort, Term};
use crate::verify::exact::alphabet::Members;
use crate::verify::question::{Passed, Question, Unevaluable};
use crate::verify::solver::{self, Session};
use gov_plan::model::{Capability, Policy};
use serde_json::{Map, Value};

/// The most questions about one policy.
const MOST_QUESTIONS: usize = 2_000;

/// Asks about pairs.
pub(super) struct Solver<'o> {
    session: Session<'o>,
    asked: usize,
}

/// What the solver says about a pair.
pub(super) enum Answer {
    /// No request is decided so.
    Never,
    /// One may be, such as this.
    Found(Box<Asked>),
    /// It was not settled, and why.
    Unknown(String),
}

impl<'o> Solver<'o> {
    pub fn new(session: Session<'o>) -> Solver<'o> {
        Solver { session, asked: 0 }
    }

    /// Whether some request is decided by both. `only`: it has a value that one plan alone can read. `state`: it is by one of
    /// whom this stands for.
    pub fn ask<'p>(
        &mut self,
        versions: &[Version<'p>; 2],
        subject: &Subject<'p>,
        only: Option<usize>,
        winners: [&Winner<'_>; 2],
        state: Option<(&People<'_>, &State)>,
    ) -> Answer {
        let apart = !subject.input.incompatible.is_empty() || !subject.context.incompatible.is_empty();
        if apart {
            let paths: Vec<&str> =
                subject.input.incompatible.iter().chain(&subject.context.incompatible).map(String::as_str).collect();
            return Answer::Unknown(format!("the type of `{}` changed", paths.join("`, `")));
        }
        self.asked += 1;
        if self.asked > MOST_QUESTIONS {
            return Answer::Unknown("it would take too many questions".to_owned());
        }
        let mut assertions = state.map(|(people, state)| by(people, state)).unwrap_or_default();
        let mut calls: [Option<(Calls<'p>, &'p Capability)>; 2] = [None, None];
        for (side, ((version, capability), winner)) in
            versions.iter().zip(&subject.capabilities).zip(winners).enumerate()
        {
            if winner.by == By::Missing || only.is_some_and(|only| only != side) {
                continue;
            }
            let (Some(policy), Some(capability)) = (version.policy, *capability) else { continue };
            let mark = if side == 1 && !subject.is_shared { " of the new plan" } else { "" };
            let mut own = Calls::marked(version.aligned, capability, mark);
            let needed = subject.input.needed.get(side).into_iter().chain(subject.context.needed.get(side)).flatten();
            let needed: Vec<Term> = needed.map(|path| present(path)).collect();
            assertions.extend(self::assertions(&mut own, policy, capability, winner, needed));
            if let Some(slot) = calls.get_mut(side) {
                *slot = Some((own, capability));
            }
        }
        if assertions.iter().any(|term| term.as_bool() == Some(false)) {
            return Answer::Never;
        }
        let model = match self.session.ask("diff", &assertions) {
            solver::Answer::Never(_) => return Answer::Never,
            solver::Answer::Unknown(why) => return Answer::Unknown(why),
            solver::Answer::Found(model) => model,
        };
        let mut asked: Option<Asked> = None;
        for (version, calls) in versions.iter().zip(&calls) {
            let Some((calls, capability)) = calls else { continue };
            let Some(body) = calls.request(&model, version.aligned, capability) else {
                return Answer::Unknown("the solver found a case that cannot be shown".to_owned());
            };
            let own = Asked {
                principal: body.principal,
                capability: body.capability,
                input: object(&body.input),
                context: object(&body.context),
                roles: body.roles,
                workflow: body.workflow,
                principal_tenant: body.principal_tenant,
                resource_tenant: body.resource_tenant,
            };
            asked = Some(match asked {
                None => own,
                Some(first) => merged(first, own, subject),
            });
        }
        match asked {
            Some(asked) => Answer::Found(Box::new(asked)),
            None => Answer::Unknown("nothing was asked".to_owned()),
        }
    }
}

/// What holds of the requests by those whom a state stands for: the principal is of its class, and exactly its roles are
/// asserted.
fn by(people: &People<'_>, state: &State) -> Vec<Term> {
    let principal = Calls::principal();
    let has = |prefix: &str| principal.has_prefix(prefix);
    let class = match people.alphabet.members(state.principal) {
        None => Term::bool(false),
        Some(Members::One(text)) => principal.equals(&Term::text(text)),
        Some(Members::Rest { prefix, texts, prefixes }) => {
            let texts = texts.into_iter().map(|text| principal.equals(&Term::text(text)));
            let others = texts.chain(prefixes.into_iter().map(has));
            has(prefix).and(&Term::any(others).not())
        }
    };
    let asserts = |(at, role): (usize, &String)| {
        let asserted = Encoder::asserted(role);
        if state.asserted.contains(&at) { asserted } else { asserted.not() }
    };
    std::iter::once(class).chain(people.roles.iter().enumerate().map(asserts)).collect()
}

/// What holds of the requests that a winner decides.
fn assertions(
    calls: &mut Calls<'_>,
    policy: &Policy,
    capability: &Capability,
    winner: &Winner<'_>,
    needed: Vec<Term>,
) -> Vec<Term> {
    let fits = Term::all(needed);
    if winner.by == By::Misfit {
        let misfit = calls.given.and(&fits).not();
        return vec![misfit, calls.encoder.facts()];
    }
    let before = |rule: usize| Passed::Before(rule, None);
    let question = match winner.by {
        By::Tables => Question { unevaluable: Some(Unevaluable::Tables), ..Question::default() },
        By::Unevaluable(rule) => {
            Question { unevaluable: Some(Unevaluable::Rule(rule)), passed: before(rule), ..Question::default() }
        }
        By::Rule(rule) => {
            Question { fits: vec![rule], passed: before(rule), escalated: winner.escalated, ..Question::default() }
        }
        _ => Question { passed: before(policy.rules.len()), escalated: winner.escalated, ..Question::default() },
    };
    let mut all = calls.assertions(policy, &question, capability);
    all.push(fits);
    if winner.by_row {
        all.push(match winner.row.and_then(|row| calls.approvals.get(row)) {
            Some(applies) => applies.clone(),
            None => calls.required.not(),
        });
    }
    all
}

/// Whether there is something at a path that may be without.
fn present(path: &str) -> Term {
    Term::var(&format!("{path} present"), Sort::Bool)
}

/// One request of what two plans see of it.
fn merged(old: Asked, new: Asked, subject: &Subject<'_>) -> Asked {
    let gone = |root: &str, side: usize| -> Vec<String> {
        let needed = [&subject.input.needed, &subject.context.needed];
        let needed = needed.into_iter().filter_map(|needed| needed.get(side)).flatten();
        needed.filter_map(|path| path.strip_prefix(root)?.strip_prefix('.')).map(str::to_owned).collect()
    };
    let object = |root: &str, old: Map<String, Value>, new: Map<String, Value>| {
        // What one plan can do without is there only where that one says so.
        let (absent_in_old, absent_in_new) = (gone(root, 1), gone(root, 0));
        join(old, new, "", &absent_in_old, &absent_in_new)
    };
    let mut roles = old.roles;
    roles.extend(new.roles);
    roles.sort_unstable();
    roles.dedup();
    Asked {
        input: object("input", old.input, new.input),
        context: object("context", old.context, new.context),
        roles,
        ..new
    }
}

fn join(
    old: Map<String, Value>,
    mut new: Map<String, Value>,
    path: &str,
    absent_in_old: &[String],
    absent_in_new: &[String],
) -> Map<String, Value> {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    new.retain(|name, _| old.contains_key(name) || !absent_in_old.contains(&below(name)));
    for (name, value) in old {
        let place = below(&name);
        match (new.remove(&name), value) {
            (Some(Value::Object(other)), Value::Object(own)) => {
                let both = join(own, other, &place, absent_in_old, absent_in_new);
                new.insert(name, Value::Object(both));
            }
            (Some(other), _) => drop(new.insert(name, other)),
            (None, _) if absent_in_new.contains(&place) => {}
            (None, own) => drop(new.insert(name, own)),
        }
    }
    new
}
