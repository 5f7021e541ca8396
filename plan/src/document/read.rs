//! From the document to the model: what is text becomes types and expressions again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::keys::RuleKeys;
use super::scope::{Flat, Variable, variables_of};
use super::shape as doc;
use super::{Invalid, invalid, names};
use crate::decide;
use crate::decimal::Decimal;
use crate::expr::Expr;
use crate::model::{
    Accepted, AcceptedOn, Action, Approval, Budget, Call, Capability, CapabilityKind, Claim, Compensation, Cost,
    Effect, Escalation, Handler, Idempotency, Package, Policy, Retry, Role, Row, Rule, Scope, Table,
};
use crate::origin::Origin;
use crate::parallel;
use crate::pattern::{CapabilityPattern, PrincipalPattern};
use crate::text;
use crate::types::{Currency, Field, Fields, Risk, Schema, Type};
use crate::typing::{Checker, Names};

/// So many rules are worth a thread.
const SHARE: usize = 200;

/// Reads a document.
///
/// # Errors
///
/// The first entry that cannot be read, with its place in the document.
pub fn read(document: &doc::Document) -> Result<Package, Invalid> {
    names::check(document)?;
    let mut reader =
        Reader { types: BTreeMap::new(), outputs: BTreeMap::new(), inputs: BTreeMap::new(), scopes: Mutex::default() };
    reader.named_types(&document.types)?;
    let context = reader.fields("context", &document.context)?;
    let mut package = Package { name: document.package.clone(), context, ..Package::default() };
    package.roles = document.roles.iter().map(role).collect();
    for one in &document.capabilities {
        let place = format!("capabilities.{}", one.id);
        reader.inputs.insert(one.id.clone(), reader.fields(&format!("{place}.input"), &one.input)?);
        reader.outputs.insert(one.id.clone(), reader.fields(&format!("{place}.output"), &one.output)?);
    }
    for one in &document.capabilities {
        package.capabilities.push(reader.capability(one)?);
    }
    if !package.capabilities.is_sorted_by(|a, b| a.id < b.id) {
        return Err(invalid("capabilities", "they are not in the order of their ids, each once"));
    }
    for one in &document.policies {
        let policy = reader.policy(&package, one)?;
        package.policies.push(policy);
    }
    let mut returns = BTreeMap::new();
    for one in &document.workflows {
        let place = format!("workflows.{}.returns", one.name);
        let schema =
            one.returns.as_ref().map(|text| reader.schema(&place, text, &Fields::default(), None)).transpose()?;
        let params = reader.fields(&format!("workflows.{}.params", one.name), &one.params)?;
        returns.insert(one.name.clone(), (params, schema));
    }
    for one in &document.workflows {
        let workflow = reader.workflow(&package, &returns, one)?;
        package.workflows.push(workflow);
    }
    for one in &document.claims {
        let claim = reader.claim(&package, one)?;
        package.claims.push(claim);
    }
    package.accepted = accepted(&package, &document.accepted)?;
    Ok(package)
}

/// What every part of a document is read with.
pub(super) struct Reader {
    pub(super) types: BTreeMap<String, Schema>,
    pub(super) outputs: BTreeMap<String, Fields>,
    pub(super) inputs: BTreeMap<String, Fields>,
    /// What the conditions of rules see, by their targets: most rules share theirs with others.
    scopes: Mutex<HashMap<Vec<CapabilityPattern>, Arc<[Variable]>>>,
}

impl Reader {
    fn named_types(&mut self, types: &BTreeMap<String, String>) -> Result<(), Invalid> {
        // They are written out, so that none refers to another.
        for (name, text) in types {
            let schema = self.schema(&format!("types.{name}"), text, &Fields::default(), None)?;
            self.types.insert(name.clone(), schema);
        }
        Ok(())
    }

    pub(super) fn fields(&self, place: &str, fields: &[doc::Field]) -> Result<Fields, Invalid> {
        let mut built = Fields::default();
        for field in fields {
            let place = format!("{place}.{}", field.name);
            let schema = self.schema(&place, &field.ty, &built, Some(&field.name))?;
            built.push(Field { name: field.name.clone(), docs: field.docs.clone(), schema, at: Origin::default() });
        }
        Ok(built)
    }

    pub(super) fn schema(
        &self,
        place: &str,
        text: &str,
        before: &Fields,
        field: Option<&str>,
    ) -> Result<Schema, Invalid> {
        let (ty, refinement) =
            gov_grammar::type_expression(text).map_err(|_| invalid(place, format!("`{text}` is no type")))?;
        let scope = Flat::new(&self.types, Vec::new());
        let mut checker = Checker::new(&scope, 0);
        let schema = checker.schema(&ty, refinement.as_ref(), field, before);
        schema.ok_or_else(|| invalid(place, format!("`{text}` is no type that can be read here")))
    }

    /// An expression of some type, in a scope.
    pub(super) fn expr(
        &self,
        place: &str,
        text: &str,
        scope: &dyn Names,
        check: impl FnOnce(&mut Checker<'_>, &gov_grammar::ast::Expr) -> Option<Expr>,
    ) -> Result<Expr, Invalid> {
        let parsed = gov_grammar::expression(text).map_err(|_| invalid(place, format!("`{text}` is no expression")))?;
        let mut checker = Checker::new(scope, 0).trusting();
        check(&mut checker, &parsed).ok_or_else(|| invalid(place, format!("`{text}` does not fit here")))
    }

    pub(super) fn any(&self, place: &str, text: &str, scope: &dyn Names) -> Result<Expr, Invalid> {
        self.expr(place, text, scope, |checker, parsed| checker.any(parsed))
    }

    pub(super) fn condition(&self, place: &str, text: &str, scope: &dyn Names) -> Result<Expr, Invalid> {
        self.expr(place, text, scope, |checker, parsed| checker.condition(parsed))
    }

    pub(super) fn call(&self, place: &str, text: &str, scope: &dyn Names) -> Result<Call, Invalid> {
        let parsed = gov_grammar::call_expression(text).map_err(|_| invalid(place, format!("`{text}` is no call")))?;
        let id = parsed.capability.text.clone();
        let input = self.inputs.get(&id).ok_or_else(|| invalid(place, format!("there is no capability `{id}`")))?;
        let mut checker = Checker::new(scope, 0).trusting();
        let arguments = checker.arguments(&parsed.arguments, input, &id);
        let arguments = arguments.ok_or_else(|| invalid(place, format!("`{text}` does not fit `{id}`")))?;
        Ok(Call { capability: id, arguments, at: Origin::default() })
    }

    fn capability(&self, one: &doc::Capability) -> Result<Capability, Invalid> {
        let place = format!("capabilities.{}", one.id);
        let at = |part: &str| format!("{place}.{part}");
        let kind = CapabilityKind::ALL.into_iter().find(|kind| kind.as_str() == one.kind);
        let input = self.inputs.get(&one.id).cloned().unwrap_or_default();
        let output = self.outputs.get(&one.id).cloned().unwrap_or_default();
        let scope = Flat::new(&self.types, variables_of(&input));
        let mut with_output = variables_of(&input);
        with_output.push(("output".to_owned(), Type::Record(output.clone()), false));
        let with_output = Flat::new(&self.types, with_output);
        let compensation = self.table(&at("compensate"), &one.compensate, &scope, |place, row| {
            self.compensation(place, row, &with_output)
        })?;
        let idempotency = match one.idempotent.as_str() {
            "no" => Idempotency::No,
            "by input" => Idempotency::ByInput,
            by => {
                let key = by
                    .strip_prefix("by ")
                    .ok_or_else(|| invalid(at("idempotent"), "it is `no`, `by input` or `by KEY`"))?;
                Idempotency::By(
                    self.expr(&at("idempotent"), key, &scope, |checker, key| checker.of_type(key, &Type::String))?,
                )
            }
        };
        let handler = match &one.handler {
            None => Handler::None,
            Some(handler) if handler.kind == "builtin" && handler.settings.is_empty() => Handler::Builtin,
            Some(handler) if ["http", "mcp", "exec"].contains(&handler.kind.as_str()) => {
                let mut settings = Vec::new();
                for (key, value) in &handler.settings {
                    let place = at(&format!("handler.{key}"));
                    settings.push((key.clone(), self.any(&place, value, &scope)?));
                }
                Handler::External(handler.kind.clone(), settings)
            }
            Some(_) => return Err(invalid(at("handler"), "there is no such handler")),
        };
        Ok(Capability {
            id: one.id.clone(),
            docs: one.docs.clone(),
            package: one.package.clone(),
            kind: kind.ok_or_else(|| invalid(at("kind"), "there is no such kind"))?,
            version: one.version.clone(),
            tags: one.tags.clone(),
            deprecated: one.deprecated.clone(),
            input,
            output,
            effect: self.table(&at("effect"), &one.effect, &scope, effect)?,
            risk: self.table(&at("risk"), &one.risk, &scope, |place, row| {
                Risk::parse(&row.level).ok_or_else(|| invalid(place, "there is no such level"))
            })?,
            approval: self.table(&at("approval"), &one.approval, &scope, |place, row| match &row.approval {
                Some(one) if row.required => approval(place, one).map(Some),
                None if !row.required => Ok(None),
                _ => Err(invalid(place, "`required` and `approval` contradict one another")),
            })?,
            compensation,
            retry: retry(&at("retry"), &one.retry)?,
            timeout: duration(&at("timeout"), &one.timeout)?,
            idempotency,
            cost: self.table(&at("cost"), &one.cost, &scope, |place, row| cost(place, &row.amount))?,
            handler,
            at: Origin::default(),
        })
    }

    pub(super) fn table<D, V>(
        &self,
        place: &str,
        rows: &[doc::Row<D>],
        scope: &dyn Names,
        value: impl Fn(&str, &D) -> Result<V, Invalid>,
    ) -> Result<Table<V>, Invalid> {
        let at = Origin::default();
        let mut built = Vec::new();
        for (index, row) in (1..).zip(rows) {
            let place = format!("{place}.{index}");
            let when = row.when.as_ref().map(|when| self.condition(&place, when, scope)).transpose()?;
            built.push(Row { value: value(&place, &row.value)?, when, because: row.because.clone(), at });
        }
        Ok(Table { rows: built, stated: true, at })
    }

    pub(super) fn compensation(
        &self,
        place: &str,
        one: &doc::Compensation,
        scope: &dyn Names,
    ) -> Result<Compensation, Invalid> {
        match (&one.with, &one.manually, &one.none, one.not_needed) {
            (Some(call), None, None, None) => self.call(place, call, scope).map(Compensation::Automatic),
            (None, Some(text), None, None) => Ok(Compensation::Manual(text.clone())),
            (None, None, Some(text), None) => Ok(Compensation::None(text.clone())),
            (None, None, None, Some(true)) => Ok(Compensation::NotNeeded),
            _ => Err(invalid(place, "it is exactly one of `with`, `manually`, `none` and `not_needed: true`")),
        }
    }

    fn policy(&self, package: &Package, one: &doc::Policy) -> Result<Policy, Invalid> {
        let place = format!("policies.{}", one.name);
        let escalation = match &one.escalate {
            doc::Escalation { never: Some(because), risk: None, approval: None, by_default: false } => {
                Escalation::Never { because: because.clone(), at: Origin::default() }
            }
            doc::Escalation { never: None, risk: Some(level), approval: Some(who), by_default } => {
                let place = format!("{place}.escalate");
                let level = Risk::parse(level).ok_or_else(|| invalid(&place, "there is no such level"))?;
                Escalation::AtLeast { level, approval: approval(&place, who)?, stated: !by_default }
            }
            _ => return Err(invalid(format!("{place}.escalate"), "it is `never`, or `risk` and `approval`")),
        };
        let rules = self.rules(package, &place, &one.rules)?;
        Ok(Policy {
            name: one.name.clone(),
            docs: one.docs.clone(),
            default: action(&format!("{place}.default"), &one.default.decision, one.default.approval.as_ref())?,
            escalation,
            rules,
            at: Origin::default(),
            default_at: Origin::default(),
        })
    }

    fn rules(&self, package: &Package, place: &str, rules: &[doc::Rule]) -> Result<Vec<Rule>, Invalid> {
        let order: Vec<usize> = (0..rules.len()).collect();
        let read: Vec<OnceLock<Rule>> = rules.iter().map(|_| OnceLock::new()).collect();
        let one = |(): &mut (), index: usize| {
            if let (Some(rule), Some(slot)) = (rules.get(index), read.get(index)) {
                let rule = self.rule(package, &format!("{place}.rules.{}", index + 1), rule)?;
                slot.get_or_init(|| rule);
            }
            Ok(())
        };
        parallel::each(&order, parallel::threads(rules.len(), SHARE), || (), one)?;
        Ok(read.into_iter().filter_map(OnceLock::into_inner).collect())
    }

    fn rule(&self, package: &Package, place: &str, rule: &doc::Rule) -> Result<Rule, Invalid> {
        let targets: Vec<_> = rule.targets.iter().map(|text| capability_pattern(text)).collect();
        let condition =
            rule.when.as_ref().map(|when| self.rule_condition(package, place, &targets, when)).transpose()?;
        Ok(Rule {
            name: rule.name.clone(),
            docs: rule.docs.clone(),
            action: action(place, &rule.decision, rule.approval.as_ref())?,
            subjects: principals(&rule.subjects),
            targets,
            condition,
            because: rule.because.clone(),
            at: Origin::default(),
        })
    }

    /// A condition over the capabilities that the targets match.
    pub(super) fn rule_condition(
        &self,
        package: &Package,
        place: &str,
        targets: &[CapabilityPattern],
        text: &str,
    ) -> Result<Expr, Invalid> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = scopes.get(targets).cloned();
        let scope = known.unwrap_or_else(|| {
            let matches = |one: &&Capability| targets.iter().any(|target| target.matches(&one.id));
            let matched = package.capabilities.iter().filter(matches);
            let mut variables = decide::variables(&package.context);
            variables.insert(0, ("input".to_owned(), Type::Record(decide::shared_input(matched)), false));
            let scope: Arc<[Variable]> = variables.into();
            scopes.insert(targets.to_vec(), Arc::clone(&scope));
            scope
        });
        drop(scopes);
        self.condition(place, text, &Flat::shared(&self.types, scope))
    }

    fn claim(&self, package: &Package, one: &doc::Claim) -> Result<Claim, Invalid> {
        let place = format!("claims.{}", one.name);
        let kind = super::claims::read(self, package, &place, one)?;
        Ok(Claim { name: one.name.clone(), docs: one.docs.clone(), kind, at: Origin::default() })
    }
}

fn role(role: &doc::Role) -> Role {
    Role { name: role.name.clone(), docs: role.docs.clone(), members: principals(&role.members), at: Origin::default() }
}

/// Principal patterns as they are written.
pub(super) fn principals(texts: &[String]) -> Vec<PrincipalPattern> {
    let one = |text: &String| {
        if text == "any" {
            return PrincipalPattern::Any;
        }
        if let Some(role) = text.strip_prefix("role:") {
            return PrincipalPattern::Role(role.to_owned());
        }
        match text.strip_suffix('*') {
            Some(prefix) => PrincipalPattern::Prefix(prefix.to_owned()),
            None => PrincipalPattern::Exact(text.clone()),
        }
    };
    texts.iter().map(one).collect()
}

/// A capability pattern as it is written.
pub(super) fn capability_pattern(text: &str) -> CapabilityPattern {
    match text.strip_suffix('*') {
        _ if text == "any" => CapabilityPattern::Any,
        Some(prefix) => CapabilityPattern::Prefix(prefix.to_owned()),
        None => CapabilityPattern::Exact(text.to_owned()),
    }
}

fn action(place: &str, decision: &str, who: Option<&doc::Approval>) -> Result<Action, Invalid> {
    match (decision, who) {
        ("allow", None) => Ok(Action::Allow),
        ("deny", None) => Ok(Action::Deny),
        ("approval", Some(who)) => approval(place, who).map(Action::Approval),
        _ => Err(invalid(place, "the decision is `allow`, `deny`, or `approval` with who gives it")),
    }
}

pub(super) fn approval(place: &str, one: &doc::Approval) -> Result<Approval, Invalid> {
    let within = one.within.as_ref().map(|within| duration(place, within)).transpose()?;
    Ok(Approval { from: principals(&one.from), quorum: one.quorum, within, at: Origin::default() })
}

pub(super) fn retry(place: &str, retry: &doc::Retry) -> Result<Retry, Invalid> {
    let backoff = match &retry.backoff {
        Some((least, most)) => match (duration(place, least)?, duration(place, most)?) {
            (least, most) if least <= most => Some((least, most)),
            _ => return Err(invalid(place, "the least backoff is more than the most")),
        },
        None => None,
    };
    Ok(Retry { attempts: retry.attempts, backoff, on_transient: retry.on_transient })
}

pub(super) fn duration(place: &str, text: &str) -> Result<i64, Invalid> {
    text::parse_duration(text).ok_or_else(|| invalid(place, format!("`{text}` is no duration")))
}

pub(super) fn cost(place: &str, text: &str) -> Result<Cost, Invalid> {
    let parsed: Option<(Decimal, Currency)> = text::parse_money(text);
    let (amount, currency) = parsed.ok_or_else(|| invalid(place, format!("`{text}` is no amount")))?;
    Ok(Cost { amount, currency })
}

pub(super) fn budget(place: &str, budget: &doc::Budget) -> Result<Budget, Invalid> {
    Ok(Budget {
        money: budget.money.as_ref().map(|money| cost(place, money)).transpose()?,
        calls: budget.calls,
        time: budget.time.as_ref().map(|time| duration(place, time)).transpose()?,
        at: Origin::default(),
    })
}

fn effect(place: &str, row: &doc::Effect) -> Result<Effect, Invalid> {
    let wrong = || invalid(place, "an effect is `none`, `reversible SCOPE` or `irreversible SCOPE`");
    if row.effect == "none" && row.text.is_empty() {
        return Ok(Effect::None);
    }
    let (what, scope) = row.effect.split_once(' ').ok_or_else(wrong)?;
    let scope = Scope::ALL.into_iter().find(|one| one.as_str() == scope).ok_or_else(wrong)?;
    let reversible = match what {
        "reversible" => true,
        "irreversible" => false,
        _ => return Err(wrong()),
    };
    Ok(Effect::Some { reversible, scope, text: row.text.clone() })
}

fn accepted(package: &Package, all: &[doc::Accepted]) -> Result<Vec<Accepted>, Invalid> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let keys = RuleKeys::of(package);
    let places = keys.places();
    all.iter().map(|one| accepted_on(&places, one)).collect()
}

fn accepted_on(places: &HashMap<(&str, &str), u32>, one: &doc::Accepted) -> Result<Accepted, Invalid> {
    let wrong = || invalid("accepted", format!("`{}` is nothing that a finding can be about", one.on));
    let words: Vec<&str> = one.on.splitn(3, ' ').collect();
    let on = match words.as_slice() {
        ["capability", id] => AcceptedOn::Capability((*id).to_owned()),
        ["policy", name] => AcceptedOn::Policy((*name).to_owned()),
        ["rule", policy, key] => {
            let index = *places.get(&(*policy, *key)).ok_or_else(wrong)?;
            AcceptedOn::Rule { policy: (*policy).to_owned(), index }
        }
        ["workflow", name] => AcceptedOn::Workflow((*name).to_owned()),
        ["statement", workflow, ordinal] => {
            AcceptedOn::Statement { workflow: (*workflow).to_owned(), ordinal: ordinal.parse().map_err(|_| wrong())? }
        }
        ["prove", name] => AcceptedOn::Claim((*name).to_owned()),
        ["package"] => AcceptedOn::Package,
        _ => return Err(wrong()),
    };
    Ok(Accepted { code: one.code.clone(), reason: one.reason.clone(), on, at: Origin::default() })
}
