//! The gate: the one way to a handler.
//!
//! Whatever the machine wants done comes through [`Gate::call`], and is looked at again on what it really is: who calls and
//! for whom, by which plan, whether the capability is active, whether its input is what is declared, how the policy decides on
//! it, whether those who had to approve did, whether the capability works at all. Only then the handler is called, and what it
//! gives is held against what the capability declares. What a run may spend is held back by the machine, in the entry that
//! commands the call.

mod breaker;
mod handler;
mod notice;
mod registry;
mod settings;
mod stub;

pub use breaker::{COOL_DOWN, TRIPS};
pub use handler::{Call, Error, Handler, Later, Piece, Probe};
pub use notice::{Notice, Notifier};
pub use registry::{External, Handlers};

use crate::core::{Clauses, Effect, EventKind, Outcome, Refusal, Roles, Ruling, Start};
use crate::plan::Plan;
use breaker::Breakers;
use gov_plan::decide::{Request, is_principal};
use gov_plan::eval::Env;
use gov_plan::model::{Capability, Decision, Effect as Impact, Idempotency, Row};
use gov_plan::types::{Fields, Type};
use gov_plan::value;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest time that a handler has to tell whether a call happened, in milliseconds.
const PROBE_TIMEOUT: i64 = 30_000;

/// How long a notice may take, in milliseconds: who has not said by then that it arrived is told again.
const NOTICE_TIMEOUT: i64 = 10_000;

/// The gate of a deployment: its handlers, and what is known of how they work.
///
/// The handlers cannot be had back:
///
/// ```compile_fail
/// fn reach(gate: &gov_runtime::gate::Gate) {
///     let _ = &gate.handlers;
/// }
/// ```
pub struct Gate {
    handlers: Handlers,
    breakers: Breakers,
}

/// Why the gate does not let a call through.
type Denial = (Refusal, String);

impl Gate {
    /// A gate before these handlers.
    pub fn new(handlers: Handlers) -> Gate {
        Gate { handlers, breakers: Breakers::default() }
    }

    /// Makes a call, if everything holds, and gives the event that it comes to.
    pub async fn call(&self, plan: &Plan, start: &Start, effect: &Effect) -> EventKind {
        let (step, attempt) = (effect.step.clone(), effect.attempt);
        let admitted = self.admit(plan, start, effect).and_then(|(capability, call)| {
            let handler = self.handlers.find(capability).map_err(|why| (Refusal::Unavailable, why))?;
            if handler.is_external() && self.handlers.calls() == External::Forbidden {
                let message = format!("this deployment forbids calls to the outside, as `{}` is", capability.id);
                return Err((Refusal::ExternalForbidden, message));
            }
            if !self.breakers.admits(&capability.id, Instant::now()) {
                let message = format!("`{}` keeps failing, and is left alone for a while", capability.id);
                return Err((Refusal::CircuitOpen, message));
            }
            Ok((capability, handler, call))
        });
        let (capability, handler, call) = match admitted {
            Ok(admitted) => admitted,
            Err((refusal, message)) => return EventKind::Refused { step, attempt, refusal, message },
        };
        if handler.is_external() && self.handlers.calls() == External::Stubbed {
            let outcome = stub::outcome(capability, self.handlers.stub(&capability.id));
            return EventKind::Outcome { step, attempt, probed: false, outcome };
        }
        let answer = tokio::time::timeout(limit(effect.timeout), handler.call(&call)).await;
        let outcome = match answer {
            Ok(Ok(output)) => fitting(capability, output),
            Ok(Err(Error::Transient(message))) => Outcome::Err { transient: true, message, after: None },
            Ok(Err(Error::Busy { message, after })) => Outcome::Err { transient: true, message, after: Some(after) },
            Ok(Err(Error::Permanent(message))) => Outcome::Err { transient: false, message, after: None },
            Ok(Err(Error::Unknown(message))) => Outcome::Unknown { message },
            Ok(Err(Error::Misfit(message))) => Outcome::Misfit { message },
            Err(_) => {
                let time = gov_plan::text::duration(effect.timeout);
                Outcome::Unknown { message: format!("no answer within {time}") }
            }
        };
        let works = !matches!(outcome, Outcome::Err { transient: true, .. } | Outcome::Unknown { .. });
        self.breakers.note(&capability.id, works, Instant::now());
        EventKind::Outcome { step, attempt, probed: false, outcome }
    }

    /// Asks whether a call happened, and gives the event that the answer is.
    pub async fn probe(&self, plan: &Plan, start: &Start, effect: &Effect) -> EventKind {
        let (step, attempt) = (effect.step.clone(), effect.attempt);
        let unknown = |message: String| Outcome::Unknown { message };
        let outcome = match self.admit(plan, start, effect) {
            Err((_, message)) => unknown(format!("the handler cannot be asked: {message}")),
            Ok((capability, call)) => match self.handlers.find(capability) {
                Err(message) => unknown(format!("the handler cannot be asked: {message}")),
                Ok(handler) if handler.is_external() && self.handlers.calls() != External::Live => {
                    unknown("the handler cannot be asked: this deployment makes no calls to the outside".to_owned())
                }
                Ok(handler) => match tokio::time::timeout(limit(PROBE_TIMEOUT), handler.probe(&call)).await {
                    Ok(Probe::Happened(output)) => fitting(capability, output),
                    Ok(Probe::DidNotHappen) => {
                        Outcome::Err { transient: true, message: "it did not happen".to_owned(), after: None }
                    }
                    Ok(Probe::CannotTell) => {
                        unknown(format!("`{}` cannot tell whether the call happened", capability.id))
                    }
                    Err(_) => unknown("the handler did not say in time whether the call happened".to_owned()),
                },
            },
        };
        EventKind::Outcome { step, attempt, probed: true, outcome }
    }

    /// Whether somebody is to be told of what waits for a human. Telling them is a call to the outside.
    pub fn notifies(&self) -> bool {
        self.handlers.calls() == External::Live && self.handlers.notifier().is_some()
    }

    /// Tells of what waits for a human.
    ///
    /// # Errors
    ///
    /// If nobody is to be told, or they did not say that they were.
    pub async fn notify(&self, notice: &Notice) -> Result<(), Error> {
        let notifier = self.handlers.notifier().filter(|_| self.notifies());
        let notifier = notifier.ok_or_else(|| Error::Permanent("this deployment tells nobody".to_owned()))?;
        let told = tokio::time::timeout(limit(NOTICE_TIMEOUT), notifier.notify(notice)).await;
        told.unwrap_or_else(|_| {
            let time = gov_plan::text::duration(NOTICE_TIMEOUT);
            Err(Error::Transient(format!("no answer within {time}")))
        })
    }

    fn admit<'p>(&self, plan: &'p Plan, start: &Start, effect: &Effect) -> Result<(&'p Capability, Call), Denial> {
        let contradiction = |message: String| (Refusal::Contradiction, message);
        let package = plan.package();
        if !is_principal(&effect.principal) {
            return Err(contradiction(format!("`{}` is no principal", effect.principal)));
        }
        if start.plan != plan.digest() {
            return Err(contradiction("the run belongs to another plan".to_owned()));
        }
        let Some(workflow) = package.workflow(&effect.workflow) else {
            return Err(contradiction(format!("the plan has no workflow `{}`", effect.workflow)));
        };
        let Some(engine) = plan.engine(&workflow.policy) else {
            return Err(contradiction(format!("the plan has no policy `{}`", workflow.policy)));
        };
        let Some(capability) = package.capability(&effect.capability) else {
            return Err(contradiction(format!("the plan has no capability `{}`", effect.capability)));
        };
        if capability.version != effect.version {
            return Err(contradiction(format!("`{}` is of another version in the plan", capability.id)));
        }
        self.handlers.active(&capability.id).map_err(|why| (Refusal::Unavailable, why))?;
        // The roles that the request asserts are those of the workflow that it started, and of nobody else.
        let own = package.workflow(&start.workflow).is_some_and(|started| started.principal == effect.principal);
        let asserted = if own { &start.roles[..] } else { &[] };
        let roles = Roles::new(package, &effect.principal, asserted);
        let has = |principal: &str, role: &str| roles.has(principal, role);
        let input = value::read_fields(&capability.input, &effect.input, &has)
            .map_err(|misfit| contradiction(format!("the input of `{}`: {misfit}", capability.id)))?;
        let context = value::read_fields(&package.context, &start.context, &has)
            .map_err(|misfit| contradiction(format!("the context: {misfit}")))?;
        let request = Request {
            principal: &effect.principal,
            capability: &capability.id,
            input: &input,
            context: &context,
            roles: asserted,
            workflow: Some(&workflow.name),
            principal_tenant: start.tenant.as_deref(),
            resource_tenant: effect.tenant.as_deref(),
        };
        let decided = engine.decide(&request);
        if Ruling::new(package, engine.policy(), &capability.id, &decided) != effect.ruling {
            return Err(contradiction(format!("the decision on `{}` is not the one that was acted on", capability.id)));
        }
        let approved = decided.approvals().all(|approval| {
            let others = effect.approved_by.iter().filter(|by| **by != effect.principal);
            let people: std::collections::BTreeSet<&String> = others.collect();
            people.len() >= usize::try_from(approval.quorum).unwrap_or(usize::MAX)
        });
        match decided.decision {
            Decision::Allow => {}
            Decision::Approval if approved => {}
            Decision::Approval => return Err(contradiction(format!("nobody approved `{}`", capability.id))),
            Decision::Deny => return Err(contradiction(format!("the policy denies `{}`", capability.id))),
        }
        let env = Clauses::new(&input, None, roles);
        let call = Call {
            capability: capability.id.clone(),
            run: start.run.clone(),
            label: effect.label.clone(),
            key: effect.key.clone(),
            tenant: effect.tenant.clone(),
            settings: settings::evaluate(capability, &env).map_err(|why| (Refusal::Unavailable, why))?,
            rest: settings::rest(capability, &effect.input),
            declared: Arc::new(capability.input.clone()),
            output: Arc::new(capability.output.clone()),
            repeatable: capability.idempotency != Idempotency::No || is_effectless(capability, &env),
            cost: capability.cost.row(&env).ok().flatten().map(|row| row.value),
            input: effect.input.clone(),
            timeout: effect.timeout,
        };
        Ok((capability, call))
    }
}

fn is_effectless(capability: &Capability, env: &dyn Env) -> bool {
    matches!(capability.effect.row(env), Ok(Some(Row { value: Impact::None, .. })))
}

/// What a handler gave, without what nobody declared, if it is what the capability declares.
fn fitting(capability: &Capability, output: Json) -> Outcome {
    let output = declared(&capability.output, output);
    match value::read_fields(&capability.output, &output, &|_, _| false) {
        Ok(_) => Outcome::Ok { output },
        Err(misfit) => Outcome::Misfit { message: format!("the output of `{}`: {misfit}", capability.id) },
    }
}

/// The declared fields of an object, at every depth: a service may add to what it gives.
fn declared(fields: &Fields, json: Json) -> Json {
    let Json::Object(mut object) = json else { return json };
    object.retain(|name, value| {
        let field = fields.iter().find(|field| field.name == *name);
        if let Some(field) = field {
            *value = declared_value(&field.schema.ty, value.take());
        }
        field.is_some()
    });
    Json::Object(object)
}

fn declared_value(ty: &Type, json: Json) -> Json {
    match (ty, json) {
        (Type::Record(fields), json) => declared(fields, json),
        (Type::List(element), Json::Array(elements)) => {
            elements.into_iter().map(|json| declared_value(&element.ty, json)).collect()
        }
        (_, json) => json,
    }
}

fn limit(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}
