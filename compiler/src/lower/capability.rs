//! Capabilities: clauses checked, defaults of the kind filled in.

use gov_grammar::ast::{self, ClauseKind};
use gov_grammar::closest;
use gov_plan::Origin;
use gov_plan::model::{
    Approval, Call, Capability, CapabilityKind, Compensation, Cost, Effect, Handler, Idempotency, Retry,
    Scope as Reach, Table,
};
use gov_plan::types::{Fields, Risk, Type};
use gov_plan::typing::Names;

use super::options::any_user;
use super::scope::{Scope, Variable, variables_of};
use super::symbols::{BuiltCapability, Declared};
use super::{Context, origin};
use crate::errors::{names, structure};
use crate::source::{FileId, Span};

/// How long an attempt may take where nothing is said, in milliseconds.
const TIMEOUT: i64 = 30_000;

/// How often a call is tried where nothing is said.
const RETRY: Retry = Retry { attempts: Some(3), backoff: None, on_transient: false };

impl Context<'_> {
    /// Makes every capability: first what they take and give, then the clauses that refer to one another.
    pub(super) fn build_capabilities(&mut self, package: &str) {
        let declared = self.symbols.capabilities.clone();
        for capability in &declared {
            let built = self.contract(package, capability);
            self.symbols.built.push(built);
        }
        for (index, capability) in declared.iter().enumerate() {
            if self.symbols.is_wanted(capability) {
                self.clauses(index, capability);
            }
        }
    }

    /// Id, kind, input and output.
    fn contract(&mut self, package: &str, declared: &Declared<'_, ast::Capability>) -> BuiltCapability {
        let decl = declared.decl;
        let name_at = declared.span(decl.id.span);
        let kind = CapabilityKind::ALL.into_iter().find(|kind| kind.as_str() == decl.kind.text);
        if kind.is_none() {
            let known = CapabilityKind::ALL.map(CapabilityKind::as_str);
            let span = declared.span(decl.kind.span);
            let found =
                names::unknown_name(span, "kind of capability", &decl.kind.text, closest(&decl.kind.text, known));
            self.report(found.note("the kinds are `read`, `write`, `delete`, `execute` and `network`"));
        }
        let counts = self.symbols.may_count(&decl.id.text);
        let fields = |wanted: fn(&ClauseKind) -> Option<&Vec<ast::Field>>, context: &mut Self| {
            if !counts {
                return (Fields::default(), false);
            }
            let clause = decl.clauses.iter().find_map(|clause| wanted(&clause.kind));
            let (fields, whole) =
                clause.map_or((Fields::default(), true), |fields| context.fields(declared.file, fields));
            // A clause that could not be read may be the one.
            (fields, whole && (clause.is_some() || !decl.broken))
        };
        let (input, input_whole) = fields(
            |kind| match kind {
                ClauseKind::Input(fields) => Some(fields),
                _ => None,
            },
            self,
        );
        let (output, output_whole) = fields(
            |kind| match kind {
                ClauseKind::Output(fields) => Some(fields),
                _ => None,
            },
            self,
        );
        let at = origin(name_at);
        let kind_or_read = kind.unwrap_or(CapabilityKind::Read);
        let capability = Capability {
            id: decl.id.text.clone(),
            docs: declared.item.docs.clone(),
            package: package.to_owned(),
            kind: kind_or_read,
            version: "0.0.0".to_owned(),
            tags: Vec::new(),
            deprecated: None,
            input,
            output,
            effect: Table::always(default_effect(kind_or_read), at),
            risk: Table::always(default_risk(kind_or_read), at),
            approval: Table::empty(at),
            compensation: Table::always(Compensation::NotNeeded, at),
            retry: RETRY,
            timeout: TIMEOUT,
            idempotency: Idempotency::No,
            cost: Table::empty(at),
            handler: Handler::None,
            at,
        };
        BuiltCapability { capability, input_whole, output_whole, name_at }
    }

    fn clauses(&mut self, index: usize, declared: &Declared<'_, ast::Capability>) {
        let Some(mut built) = self.symbols.built.get(index).cloned() else { return };
        let decl = declared.decl;
        self.each_once(declared);
        let mut compensated = false;
        let mut seen: Vec<&str> = Vec::new();
        let input = self.scope(variables_of(&built.capability.input), built.input_whole);
        for clause in &decl.clauses {
            if seen.contains(&clause.keyword.as_str()) {
                continue;
            }
            seen.push(clause.keyword.as_str());
            compensated |= matches!(clause.kind, ClauseKind::Compensate(_));
            self.clause(declared.file, clause, &input, &mut built);
        }
        let known_kind = CapabilityKind::ALL.iter().any(|kind| kind.as_str() == decl.kind.text);
        if !compensated && !decl.broken && known_kind && built.capability.kind != CapabilityKind::Read {
            let owner = format!("`{}`", built.capability.id);
            let help = "say how it is undone: `compensate with CALL`, `compensate manually because \"…\"` or \
                        `compensate none because \"…\"`";
            let kind = built.capability.kind.as_str();
            self.report(
                names::missing_clause(declared.span(decl.id.span), &owner, "`compensate` clause", help).note(format!(
                    "a capability of kind `{kind}` changes something, so it has to say how that is undone"
                )),
            );
        }
        if let Some(place) = self.symbols.built.get_mut(index) {
            *place = built;
        }
    }

    fn each_once(&mut self, declared: &Declared<'_, ast::Capability>) {
        for (index, clause) in declared.decl.clauses.iter().enumerate() {
            let before = declared.decl.clauses.iter().take(index);
            if let Some(first) = before.into_iter().find(|first| first.keyword.text == clause.keyword.text) {
                let (at, first) = (declared.span(clause.keyword.span), declared.span(first.keyword.span));
                self.report(names::said_twice(at, first, &format!("`{}`", clause.keyword.text)));
            }
        }
    }

    /// A clause, in the scope of the input fields.
    fn clause(&mut self, file: FileId, clause: &ast::Clause, input: &Scope, built: &mut BuiltCapability) {
        let span = Span::new(file, clause.span.start, clause.span.end);
        match &clause.kind {
            ClauseKind::Version(version) => self.version(file, version, &mut built.capability),
            ClauseKind::Tags(tags) => self.tags(file, tags, &mut built.capability),
            ClauseKind::Deprecated(text) => built.capability.deprecated = self.plain_string(file, text),
            ClauseKind::Input(_) | ClauseKind::Output(_) => {}
            ClauseKind::Effect(rows) => {
                built.capability.effect =
                    self.table(file, rows, span, input, |context, row| context.effect(file, &row.value));
            }
            ClauseKind::Risk(rows) => {
                built.capability.risk = self.table(file, rows, span, input, |_, row| Risk::parse(&row.value.text));
            }
            ClauseKind::Approval(rows) => {
                let table = self.table(file, rows, span, input, |context, row| {
                    let Some(approvers) = &row.value else { return Some(None) };
                    let from = if approvers.is_empty() { any_user() } else { context.principals(file, approvers)? };
                    let at = origin(Span::new(file, row.span.start, row.span.end));
                    Some(Some(Approval { from, quorum: 1, within: None, at }))
                });
                built.capability.approval = table;
            }
            ClauseKind::Compensate(rows) => {
                let mut with_output = Vec::clone(&input.variables);
                let output = Type::Record(built.capability.output.clone());
                let known = built.output_whole.then_some((output, false));
                with_output.push(Variable { name: "output".to_owned(), ty: known, at: Origin::default() });
                built.capability.compensation = self.compensations(file, rows, span, with_output, input.whole);
            }
            ClauseKind::Retry(retry) => {
                if let Some(retry) = self.retry(file, retry) {
                    built.capability.retry = retry;
                }
            }
            ClauseKind::Timeout(duration) => {
                if let Some(timeout) = self.duration(file, duration) {
                    built.capability.timeout = timeout;
                }
            }
            ClauseKind::Idempotent(None) => built.capability.idempotency = Idempotency::ByInput,
            ClauseKind::Idempotent(Some(key)) => {
                if let Some(key) = self.check(file, input, |checker| checker.of_type(key, &Type::String)) {
                    built.capability.idempotency = Idempotency::By(key);
                }
            }
            ClauseKind::Cost(rows) => {
                let table = self.table(file, rows, span, input, |context, row| context.money(file, &row.value));
                self.one_currency(&table);
                built.capability.cost = table;
            }
            ClauseKind::Handler(handler) => {
                let declared = [&built.capability.input, &built.capability.output];
                let whole = input.whole && built.output_whole;
                if let Some(handler) = self.handler(file, handler, &input.variables, whole, span, declared) {
                    built.capability.handler = handler;
                }
            }
        }
    }

    /// The rows of `compensate`, in a scope; also for the option of a step.
    pub(super) fn compensations(
        &mut self,
        file: FileId,
        rows: &[ast::Row<ast::Compensation>],
        clause: Span,
        variables: Vec<Variable>,
        whole: bool,
    ) -> Table<Compensation> {
        let names = self.scope(variables, whole);
        self.table(file, rows, clause, &names, |context, row| {
            let because = row.because.as_ref();
            match &row.value {
                ast::Compensation::With(call) => context.call(file, call, &names, &[]).map(Compensation::Automatic),
                ast::Compensation::Manually | ast::Compensation::None => {
                    let Some(because) = because else {
                        let span = Span::new(file, row.span.start, row.span.end);
                        let (what, help) = match row.value {
                            ast::Compensation::Manually => {
                                ("a manual undo", "write what a human has to do: `manually because \"…\"`")
                            }
                            _ => ("`compensate none`", "say why nothing undoes it: `none because \"…\"`"),
                        };
                        context.report(names::missing_clause(span, what, "`because`", help));
                        return None;
                    };
                    let text = context.plain_string(file, because)?;
                    Some(match row.value {
                        ast::Compensation::Manually => Compensation::Manual(text),
                        _ => Compensation::None(text),
                    })
                }
            }
        })
    }

    /// A call, with its arguments checked against what the capability takes.
    pub(super) fn call(
        &mut self,
        file: FileId,
        call: &ast::Call,
        names: &dyn Names,
        present: &[String],
    ) -> Option<Call> {
        let id = &call.capability.text;
        let span = Span::new(file, call.capability.span.start, call.capability.span.end);
        let known = self.capability_id(span, id);
        let target = known
            .and_then(|()| self.symbols.capability(id))
            .map(|built| (built.capability.input.clone(), built.input_whole));
        let what = format!("`{id}`");
        let arguments = self.check_knowing(file, names, present, |checker| match &target {
            Some((input, true)) => checker.arguments(&call.arguments, input, &what),
            // What it takes is not known: the arguments are looked at for their own mistakes.
            _ => {
                for (_, value) in &call.arguments.entries {
                    checker.any(value);
                }
                None
            }
        })?;
        let at = origin(Span::new(file, call.span.start, call.span.end));
        Some(Call { capability: id.clone(), arguments, at })
    }

    fn effect(&mut self, file: FileId, effect: &ast::Effect) -> Option<Effect> {
        Some(match effect {
            ast::Effect::None => Effect::None,
            ast::Effect::Some { reversible, scope, text } => {
                let text = match text {
                    Some(text) => self.plain_string(file, text)?,
                    None => String::new(),
                };
                let scope = Reach::ALL.into_iter().find(|reach| reach.as_str() == scope.text)?;
                Effect::Some { reversible: *reversible, scope, text }
            }
        })
    }

    fn version(&mut self, file: FileId, version: &ast::Name, capability: &mut Capability) {
        let parts: Vec<_> = version.text.split('.').collect();
        let number = |part: &&str| part.parse::<u32>().is_ok_and(|number| number.to_string() == **part);
        if parts.len() == 3 && parts.iter().all(number) {
            capability.version = version.text.clone();
        } else {
            let span = Span::new(file, version.span.start, version.span.end);
            self.report(structure::bad_value(span, "a version is three numbers", "write for example `\"1.0.0\"`"));
        }
    }

    fn tags(&mut self, file: FileId, tags: &[ast::Name], capability: &mut Capability) {
        for (index, tag) in tags.iter().enumerate() {
            match tags.iter().take(index).find(|first| first.text == tag.text) {
                Some(first) => {
                    let place = |name: &ast::Name| Span::new(file, name.span.start, name.span.end);
                    self.report(names::said_twice(place(tag), place(first), &format!("the tag `{}`", tag.text)));
                }
                None => capability.tags.push(tag.text.clone()),
            }
        }
    }

    fn one_currency(&mut self, table: &Table<Cost>) {
        let mut rows = table.rows.iter();
        let Some(first) = rows.next() else { return };
        if let Some(other) = rows.find(|row| row.value.currency != first.value.currency) {
            let (one, two) = (first.value.currency.to_string(), other.value.currency.to_string());
            let found = crate::errors::types::currencies(super::span_of(other.at), &one, &two);
            self.report(found.secondary(super::span_of(first.at), "the other currency"));
        }
    }
}

fn default_effect(kind: CapabilityKind) -> Effect {
    let (reversible, scope) = match kind {
        CapabilityKind::Read => return Effect::None,
        CapabilityKind::Write => (true, Reach::Local),
        CapabilityKind::Delete => (false, Reach::Local),
        CapabilityKind::Execute | CapabilityKind::Network => (false, Reach::External),
    };
    Effect::Some { reversible, scope, text: String::new() }
}

fn default_risk(kind: CapabilityKind) -> Risk {
    match kind {
        CapabilityKind::Read => Risk::Low,
        CapabilityKind::Write => Risk::Medium,
        CapabilityKind::Delete | CapabilityKind::Execute | CapabilityKind::Network => Risk::High,
    }
}
