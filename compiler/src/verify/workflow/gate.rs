//! One call as terms: what its capability declares of its input, and what the policy decides.
//!
//! Written from [`gov_plan::decide`]. Principal and capability of a call in a workflow are known, so that patterns settle at
//! once which rules matter.

use super::super::encode::{Encoder, Scope, Shape, Symbol, Term};
use gov_plan::expr::Expr;
use gov_plan::model::{Action, Approval, Capability, Effect, Escalation, Policy, ROLLBACK, Table};
use gov_plan::pattern::PrincipalPattern;
use gov_plan::types::Risk;

/// The rows of a table that may apply, each with when it does.
#[derive(Debug)]
pub(super) struct Rows<'m, V> {
    pub rows: Vec<(Term, &'m V)>,
    /// When no row applies, or a condition cannot be evaluated before one does.
    pub none: Term,
    /// When a condition cannot be evaluated before a row applies.
    pub fails: Term,
}

impl<'m, V> Rows<'m, V> {
    /// When the row that applies satisfies this.
    pub fn when(&self, wanted: impl Fn(&V) -> bool) -> Term {
        Term::any(self.rows.iter().filter(|(_, value)| wanted(value)).map(|(when, _)| when.clone()))
    }
}

/// Finds when each row of a table applies.
pub(super) fn rows<'m, V>(encoder: &mut Encoder<'m>, table: &'m Table<V>, scope: &Scope) -> Rows<'m, V> {
    let mut rows = Vec::new();
    let mut fails = Vec::new();
    let mut open = Term::bool(true);
    for row in &table.rows {
        match &row.when {
            None => {
                rows.push((open, &row.value));
                open = Term::bool(false);
                break;
            }
            Some(condition) => {
                let (holds, cannot) = encoder.condition(condition, scope);
                fails.push(open.and(&cannot));
                let evaluated = open.and(&cannot.not());
                rows.push((evaluated.and(&holds), &row.value));
                open = evaluated.and(&holds.not());
            }
        }
    }
    rows.retain(|(when, _)| when.as_bool() != Some(false));
    let fails = Term::any(fails);
    Rows { rows, none: open.or(&fails), fails }
}

/// Who asks, from where.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    pub principal: &'a str,
    /// Whether it may assert roles: only the principal that a run is started for does.
    pub asserts: bool,
    pub workflow: &'a str,
    pub context: &'a Symbol,
    /// The tenant of whoever asks, and of what is asked for.
    pub tenants: (&'a Symbol, &'a Symbol),
}

/// What is decided of a call whose input its capability takes.
#[derive(Debug)]
pub(super) struct Decision<'m> {
    pub deny: Term,
    pub approval: Term,
    pub allow: Term,
    /// When the risk is at least high.
    pub high: Term,
    /// What denies, and when.
    pub denied_by: Vec<(DeniedBy, Term)>,
    /// The conditions that ask for nothing but what the call cannot change (the context, who asks), with whether they hold.
    pub environment: Vec<Term>,
    /// The effect.
    pub effect: Rows<'m, Effect>,
    /// What a human is asked by the policy, and when; and by the capability itself.
    pub asked: [Vec<(Term, &'m Approval)>; 2],
}

/// What denies a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeniedBy {
    /// The rule at this place, from 1.
    Rule(u32),
    Default,
    /// The condition of the rule at this place, which cannot be evaluated.
    Condition(u32),
    /// A table of the capability, which cannot be evaluated or has no row.
    Table,
}

/// Encodes what a policy decides.
pub(super) fn decide<'m>(
    encoder: &mut Encoder<'m>,
    policy: &'m Policy,
    capability: &'m Capability,
    input: &Symbol,
    asker: &Asker<'_>,
) -> Decision<'m> {
    let clauses = clause_scope(capability, input, None);
    let effect = rows(encoder, &capability.effect, &clauses);
    let risk = rows(encoder, &capability.risk, &clauses);
    let approval = rows(encoder, &capability.approval, &clauses);
    let no_facts = Term::any([effect.none.clone(), risk.none.clone(), approval.fails.clone()]);
    let known = no_facts.not();
    let needs_approval = approval.when(Option::is_some);

    let scope = policy_scope(capability, input, &effect, &risk, asker);
    let mut denied_by = vec![(DeniedBy::Table, no_facts.clone())];
    let mut environment = Vec::new();
    let (mut allowed, mut approved) = (Vec::new(), Vec::new());
    let mut open = known;
    let mut asked_by_policy = Vec::new();
    let mut act = |action: &'m Action, by: DeniedBy, when: Term| match action {
        Action::Allow => allowed.push(when),
        Action::Approval(approval) => {
            asked_by_policy.push((when.clone(), approval));
            approved.push(when);
        }
        Action::Deny => denied_by.push((by, when)),
    };
    let mut unevaluable = Vec::new();
    for (place, rule) in (1_u32..).zip(&policy.rules) {
        if open.as_bool() == Some(false) {
            break;
        }
        if !rule.targets.iter().any(|target| target.matches(&capability.id)) {
            continue;
        }
        let subject = is_subject(encoder, &rule.subjects, asker);
        if subject.as_bool() == Some(false) {
            continue;
        }
        let (holds, fails) = match &rule.condition {
            Some(condition) => encoder.condition(condition, &scope),
            None => (Term::bool(true), Term::bool(false)),
        };
        let fits = subject.and(&holds);
        if rule.condition.as_ref().is_none_or(is_about_environment) {
            environment.push(fits.clone());
        }
        let cannot = open.and(&subject).and(&fails);
        unevaluable.push((DeniedBy::Condition(place), cannot.clone()));
        let evaluated = open.and(&subject.and(&fails).not());
        act(&rule.action, DeniedBy::Rule(place), evaluated.and(&fits));
        open = evaluated.and(&fits.not());
    }
    act(&policy.default, DeniedBy::Default, open);
    denied_by.extend(unevaluable);
    denied_by.retain(|(_, when)| when.as_bool() != Some(false));
    environment.retain(|fits| fits.as_bool().is_none());

    let escalates = match &policy.escalation {
        Escalation::AtLeast { level, .. } if asker.principal != ROLLBACK => risk.when(|risk| risk >= level),
        _ => Term::bool(false),
    };
    let (allowed, approved) = (Term::any(allowed), Term::any(approved));
    if let Escalation::AtLeast { approval, .. } = &policy.escalation {
        asked_by_policy.push((allowed.and(&escalates), approval));
    }
    let passes = allowed.or(&approved);
    let asked_by_itself = approval.rows.iter().filter_map(|(when, row)| Some((when.and(&passes), row.as_ref()?)));
    let asked = [asked_by_policy, asked_by_itself.collect()];
    let raised = escalates.or(&needs_approval);
    Decision {
        deny: Term::any(denied_by.iter().map(|(_, when)| when.clone())),
        approval: approved.or(&allowed.and(&raised)),
        allow: allowed.and(&raised.not()),
        high: risk.when(|risk| *risk >= Risk::High),
        denied_by,
        environment,
        effect,
        asked,
    }
}

/// The names in a capability's clauses.
pub(super) fn clause_scope(capability: &Capability, input: &Symbol, output: Option<&Symbol>) -> Scope {
    let mut scope = Scope::default();
    for field in capability.input.iter() {
        scope.names.insert(field.name.clone(), input.field(&field.name));
    }
    if let Some(output) = output {
        scope.names.insert("output".to_owned(), output.clone());
    }
    scope
}

fn policy_scope(
    capability: &Capability,
    input: &Symbol,
    effect: &Rows<'_, Effect>,
    risk: &Rows<'_, Risk>,
    asker: &Asker<'_>,
) -> Scope {
    let text = |text: &str| Symbol::text(Term::text(text));
    let record = |fields: Vec<(&str, Symbol)>| {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        Symbol::present(Shape::Record(fields.collect()))
    };
    let risks = risk.rows.iter().rev();
    let risk = risks.fold(Term::int(0), |rest, (when, risk)| when.choose(&Term::int(**risk as i128), &rest));
    let scopes = effect.rows.iter().rev().fold(Symbol::absent(), |rest, (when, effect)| match effect {
        Effect::None => Symbol { present: when.not().and(&rest.present), ..rest },
        Effect::Some { scope, .. } => Symbol::choose(when, &text(scope.as_str()), &rest),
    });
    let tags = capability.tags.iter().map(|tag| text(tag)).collect::<Vec<_>>();
    let tags = Shape::List(super::super::encode::List {
        length: Term::int(i128::try_from(tags.len()).unwrap_or(i128::MAX)),
        elements: tags,
        beyond: None,
    });
    let (own, other) = asker.tenants;
    let principal = Term::text(asker.principal);
    let names = [
        ("input", input.clone()),
        ("context", asker.context.clone()),
        ("principal", record(vec![("id", Symbol::text(principal.clone())), ("tenant", own.clone())])),
        ("resource", record(vec![("tenant", other.clone())])),
        ("risk", Symbol::number(risk)),
        ("kind", text(capability.kind.as_str())),
        ("reversible", Symbol::bool(effect.when(Effect::is_irreversible).not())),
        ("scope", scopes),
        ("tags", Symbol::present(tags)),
        ("workflow", text(asker.workflow)),
    ];
    let names = names.into_iter().map(|(name, value)| (name.to_owned(), value));
    let requester = asker.asserts.then_some(principal);
    Scope { names: names.collect(), requester }
}

fn is_subject(encoder: &Encoder<'_>, subjects: &[PrincipalPattern], asker: &Asker<'_>) -> Term {
    let who = Term::text(asker.principal);
    let requester = asker.asserts.then_some(&who);
    Term::any(subjects.iter().map(|subject| encoder.principal_matches(&who, subject, requester)))
}

/// Whether a condition asks only for what no call can change: the context and who asks.
fn is_about_environment(condition: &Expr) -> bool {
    let mut about = true;
    condition.walk(&mut |expr| {
        if let gov_plan::expr::ExprKind::Var(name) = &expr.kind {
            about &= matches!(name.as_str(), "context" | "principal" | "workflow" | "kind" | "tags");
        }
    });
    about
}
