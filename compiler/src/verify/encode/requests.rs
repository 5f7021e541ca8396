//! Questions about a policy, put to the solver.

use super::symbol::{List, Shape, Symbol};
use super::{Encoder, Scope, Sort, Term};
use crate::verify::question::{Answer, Passed, Question, Unevaluable, Way};
use crate::verify::replay::Replay;
use crate::verify::solver::{self, Model, Session};
use gov_plan::decide::RequestBody;
use gov_plan::expr::Expr;
use gov_plan::model::{Capability, Effect, Escalation, Package, Policy, ROLLBACK, Row, Table};
use gov_plan::pattern::PrincipalPattern;
use gov_plan::value::Value;
use std::collections::HashMap;

/// What principals start with.
const KINDS: [&str; 4] = ["agent:", "user:", "service:", "system:"];

/// The requests to one policy, as terms.
pub(crate) struct Requests<'s, 'o, 'p> {
    session: &'s mut Session<'o>,
    package: &'p Package,
    policy: &'p Policy,
    replay: Replay<'p>,
    calls: HashMap<usize, Calls<'p>>,
}

/// The requests for one capability.
pub(crate) struct Calls<'p> {
    pub encoder: Encoder<'p>,
    scope: Scope,
    input: Symbol,
    context: Symbol,
    /// What holds of every request.
    pub given: Term,
    /// Where the capability's tables can be evaluated and have a row.
    evaluable: Term,
    risk: Term,
    pub required: Term,
    /// Where which row of the capability's `approval` applies.
    pub approvals: Vec<Term>,
    /// By rule: where subjects and targets match, where the condition holds, and where evaluating it fails.
    rules: HashMap<usize, (Term, Term, Term)>,
}

impl<'s, 'o, 'p> Requests<'s, 'o, 'p> {
    /// The requests to a policy, with the session that is asked about them.
    pub fn new(session: &'s mut Session<'o>, package: &'p Package, policy: &'p Policy) -> Requests<'s, 'o, 'p> {
        Requests { session, package, policy, replay: Replay::new(package, policy), calls: HashMap::new() }
    }

    fn ask(&mut self, question: &Question<'_>, index: usize, capability: &'p Capability) -> Answer<RequestBody> {
        let (package, policy) = (self.package, self.policy);
        let calls = self.calls.entry(index).or_insert_with(|| Calls::of(package, capability));
        let assertions = calls.assertions(policy, question, capability);
        if assertions.iter().any(|term| term.as_bool() == Some(false)) {
            return Answer::No(Vec::new());
        }
        match self.session.ask(&format!("{}-{}", policy.name, capability.id), &assertions) {
            solver::Answer::Never(digest) => Answer::No(vec![digest]),
            solver::Answer::Unknown(why) => Answer::Unknown(why),
            solver::Answer::Found(model) => {
                let found = calls.request(&model, package, capability);
                match found.filter(|request| self.replay.is_one(question, request)) {
                    Some(request) => Answer::Yes(request),
                    None => Answer::Unknown(
                        "the solver found a case that could not be replayed: it may be one that does not exist"
                            .to_owned(),
                    ),
                }
            }
        }
    }
}

impl Way for Requests<'_, '_, '_> {
    type Sample = RequestBody;

    fn find(&mut self, question: &Question<'_>) -> Answer<RequestBody> {
        let (mut digests, mut unknown) = (Vec::new(), None);
        let package = self.package;
        for (index, capability) in package.capabilities.iter().enumerate() {
            if !is_about(self.policy, question, &capability.id) {
                continue;
            }
            match self.ask(question, index, capability) {
                Answer::Yes(request) => return Answer::Yes(request),
                Answer::No(more) => digests.extend(more),
                Answer::Unknown(why) => unknown = Some(why),
            }
        }
        unknown.map_or(Answer::No(digests), Answer::Unknown)
    }

    fn touching(&mut self, sample: &RequestBody, before: usize) -> Vec<usize> {
        self.replay.touching(sample, before)
    }

    fn neighbours(&self, rule: usize, limit: usize, wanted: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let rules = 0..self.policy.rules.len();
        rules.filter(|other| *other != rule && wanted(*other)).take(limit).collect()
    }

    fn request(&mut self, _: &Question<'_>, sample: &RequestBody) -> Option<RequestBody> {
        // It was replayed when it was found.
        Some(sample.clone())
    }
}

/// Whether a question can have an answer among the calls of a capability, by the targets alone.
fn is_about(policy: &Policy, question: &Question<'_>, id: &str) -> bool {
    let unevaluable = match question.unevaluable {
        Some(Unevaluable::Rule(rule)) => Some(rule),
        _ => None,
    };
    let rules = question.fits.iter().copied().chain(question.misses).chain(unevaluable);
    let is_target =
        |rule: usize| policy.rules.get(rule).is_some_and(|rule| rule.targets.iter().any(|pattern| pattern.matches(id)));
    rules.into_iter().all(is_target)
        && question.claim.is_none_or(|claim| claim.targets.iter().any(|pattern| pattern.matches(id)))
}

impl<'p> Calls<'p> {
    /// The requests of a package for one of its capabilities.
    pub fn of(package: &'p Package, capability: &'p Capability) -> Calls<'p> {
        Calls::marked(package, capability, "")
    }

    /// The same, with a mark that tells what is made up here apart from the same words of another package.
    pub fn marked(package: &'p Package, capability: &'p Capability, mark: &'static str) -> Calls<'p> {
        let mut encoder = Encoder { mark, ..Encoder::new(package) };
        let principal = Calls::principal();
        let requester = Scope { names: Default::default(), requester: Some(principal.clone()) };
        let (input, input_fits) = encoder.declare_fields("input", &capability.input, &requester);
        let (context, context_fits) = encoder.declare_fields("context", &package.context, &requester);
        let mut inputs = requester.clone();
        for field in capability.input.iter() {
            inputs.names.insert(field.name.clone(), input.field(&field.name));
        }
        let is_somebody = Term::any(
            KINDS.iter().map(|kind| principal.has_prefix(kind).and(&principal.equals(&Term::text(kind)).not())),
        );
        let effect = rows(&mut encoder, &capability.effect, &inputs);
        let risk = rows(&mut encoder, &capability.risk, &inputs);
        let approval = rows(&mut encoder, &capability.approval, &inputs);
        let level = pick(&risk, Term::int(0), |row| Term::int(row.value as i128));
        let required =
            Term::any(approval.rows.iter().filter(|(row, _)| row.value.is_some()).map(|(_, applies)| applies.clone()));
        let optional = |name: &str| Symbol {
            present: Term::var(&format!("{name} present"), Sort::Bool),
            shape: Shape::Text(Term::var(name, Sort::Text)),
        };
        let reversible = pick(&effect, Term::bool(true), |row| Term::bool(!row.value.is_irreversible()));
        let scoped = pick(&effect, Term::bool(false), |row| Term::bool(matches!(row.value, Effect::Some { .. })));
        let scope_text = pick(&effect, Term::text("local"), |row| match &row.value {
            Effect::Some { scope, .. } => Term::text(scope.as_str()),
            Effect::None => Term::text("local"),
        });
        let tags: Vec<Symbol> = capability.tags.iter().map(|tag| Symbol::text(Term::text(tag))).collect();
        let length = Term::int(i128::try_from(tags.len()).unwrap_or(i128::MAX));
        let record = |fields: Vec<(&str, Symbol)>| {
            let fields = fields.into_iter().map(|(name, field)| (name.to_owned(), field));
            Symbol::present(Shape::Record(fields.collect()))
        };
        let mut scope = requester;
        for (name, value) in [
            ("input", input.clone()),
            ("context", context.clone()),
            ("principal", record(vec![("id", Symbol::text(principal)), ("tenant", optional("principal tenant"))])),
            ("resource", record(vec![("tenant", optional("resource tenant"))])),
            ("risk", Symbol::number(level.clone())),
            ("kind", Symbol::text(Term::text(capability.kind.as_str()))),
            ("reversible", Symbol::bool(reversible)),
            ("scope", Symbol { present: scoped, shape: Shape::Text(scope_text) }),
            ("tags", Symbol::present(Shape::List(List { length, elements: tags, beyond: None }))),
            ("workflow", optional("workflow")),
        ] {
            scope.names.insert(name.to_owned(), value);
        }
        Calls {
            encoder,
            scope,
            input,
            context,
            given: Term::all([is_somebody, input_fits, context_fits]),
            evaluable: effect.some_row.and(&risk.some_row).and(&approval.fails.not()),
            risk: level,
            required,
            approvals: approval.rows.iter().map(|(_, applies)| applies.clone()).collect(),
            rules: HashMap::new(),
        }
    }

    /// Who asks.
    pub fn principal() -> Term {
        Term::var("principal", Sort::Text)
    }

    /// What holds of the requests that a question is about.
    pub fn assertions(&mut self, policy: &Policy, question: &Question<'_>, capability: &Capability) -> Vec<Term> {
        let mut all = vec![self.given.clone()];
        match question.unevaluable {
            Some(Unevaluable::Tables) => all.push(self.evaluable.not()),
            _ => all.push(self.evaluable.clone()),
        }
        let yes = |(matches, holds, fails): (Term, Term, Term)| Term::all([matches, holds, fails.not()]);
        for rule in &question.fits {
            all.push(yes(self.rule(policy, *rule, capability)));
        }
        if let Some(rule) = question.misses {
            let (matches, holds, fails) = self.rule(policy, rule, capability);
            all.push(matches.and(&holds.not().or(&fails)));
        }
        if let Some(Unevaluable::Rule(rule)) = question.unevaluable {
            let (matches, _, fails) = self.rule(policy, rule, capability);
            all.push(matches.and(&fails));
        }
        let passed: Vec<usize> = match question.passed {
            Passed::Before(end, _) => (0..end).filter(|rule| question.passed.has(*rule)).collect(),
            Passed::These(rules) => rules.to_vec(),
        };
        for rule in passed {
            let (matches, holds, fails) = self.rule(policy, rule, capability);
            all.push(matches.implies(&holds.not().and(&fails.not())));
        }
        let requester = self.scope.requester.clone().unwrap_or_else(|| Term::text(""));
        if let Some(claim) = &question.claim {
            all.push(self.subjects(claim.subjects));
            all.push(claim.condition.map_or(Term::bool(true), |condition| self.holds(condition)));
        }
        if let Some(principal) = question.principal {
            all.push(requester.equals(&Term::text(principal)));
        }
        if let Some(wanted) = question.escalated {
            let escalates = match &policy.escalation {
                Escalation::AtLeast { level, .. } => {
                    let is_rollback = requester.equals(&Term::text(ROLLBACK));
                    Term::int(*level as i128).at_most(&self.risk).and(&is_rollback.not())
                }
                Escalation::Never { .. } => Term::bool(false),
            };
            all.push(if wanted { escalates } else { escalates.not() });
        }
        if let Some(wanted) = question.required {
            all.push(if wanted { self.required.clone() } else { self.required.not() });
        }
        if let Some(row) = question.wants {
            all.push(self.approvals.get(row).cloned().unwrap_or_else(|| Term::bool(false)));
        }
        all.push(self.encoder.facts());
        all
    }

    fn rule(&mut self, policy: &Policy, index: usize, capability: &Capability) -> (Term, Term, Term) {
        if let Some(known) = self.rules.get(&index) {
            return known.clone();
        }
        let nothing = (Term::bool(false), Term::bool(false), Term::bool(false));
        let Some(rule) = policy.rules.get(index) else { return nothing };
        let terms = if rule.targets.iter().any(|pattern| pattern.matches(&capability.id)) {
            let subjects = self.subjects(&rule.subjects);
            let (holds, fails) = match &rule.condition {
                Some(condition) => self.encoder.condition(condition, &self.scope),
                None => (Term::bool(true), Term::bool(false)),
            };
            (subjects, holds, fails)
        } else {
            nothing
        };
        self.rules.insert(index, terms.clone());
        terms
    }

    fn subjects(&self, patterns: &[PrincipalPattern]) -> Term {
        let requester = self.scope.requester.as_ref();
        let Some(principal) = requester else { return Term::bool(false) };
        Term::any(patterns.iter().map(|pattern| self.encoder.principal_matches(principal, pattern, requester)))
    }

    fn holds(&mut self, condition: &Expr) -> Term {
        self.encoder.holds(condition, &self.scope)
    }

    /// The request that a model stands for.
    pub fn request(&self, model: &Model, package: &Package, capability: &Capability) -> Option<RequestBody> {
        let record = |value: Value| match value {
            Value::Record(record) => Some(record),
            _ => None,
        };
        let text = |name: &str| -> Option<Option<String>> {
            if !model.bool(&Term::var(&format!("{name} present"), Sort::Bool))? {
                return Some(None);
            }
            Some(Some(model.text(&Term::var(name, Sort::Text))?))
        };
        let mut roles = Vec::new();
        for role in &package.roles {
            if model.bool(&Encoder::asserted(&role.name))? {
                roles.push(role.name.clone());
            }
        }
        Some(RequestBody {
            principal: model.text(self.scope.requester.as_ref()?)?,
            capability: capability.id.clone(),
            input: record(self.encoder.decode_fields(&self.input, &capability.input, model)?)?,
            context: record(self.encoder.decode_fields(&self.context, &package.context, model)?)?,
            roles,
            workflow: text("workflow")?,
            principal_tenant: text("principal tenant")?,
            resource_tenant: text("resource tenant")?,
        })
    }
}

/// Which row of a table applies where.
pub(crate) struct Rows<'t, V> {
    /// Each row, and where it is the one that applies.
    pub rows: Vec<(&'t Row<V>, Term)>,
    /// Where one applies.
    pub some_row: Term,
    /// Where a condition that is reached cannot be evaluated.
    pub fails: Term,
}

/// The rows of a table, the first whose condition holds.
pub(crate) fn rows<'t, V>(encoder: &mut Encoder<'_>, table: &'t Table<V>, scope: &Scope) -> Rows<'t, V> {
    let (mut found, mut fails) = (Vec::new(), Term::bool(false));
    let mut reached = Term::bool(true);
    for row in &table.rows {
        let (holds, unevaluable) = match &row.when {
            Some(condition) => encoder.condition(condition, scope),
            None => (Term::bool(true), Term::bool(false)),
        };
        fails = fails.or(&reached.and(&unevaluable));
        found.push((row, Term::all([reached.clone(), unevaluable.not(), holds.clone()])));
        reached = Term::all([reached, unevaluable.not(), holds.not()]);
    }
    let some_row = Term::any(found.iter().map(|(_, applies)| applies.clone()));
    Rows { rows: found, some_row, fails }
}

/// The value of the row that applies.
fn pick<V>(rows: &Rows<'_, V>, otherwise: Term, value: impl Fn(&Row<V>) -> Term) -> Term {
    rows.rows.iter().rev().fold(otherwise, |rest, (row, applies)| applies.choose(&value(row), &rest))
}
