//! Steps and their options.

use gov_grammar::ast::{self, StepOption, StepTarget};
use gov_grammar::closest;
use gov_plan::model::{Call, Compensation, NodeKind, Retry, Step, Table, Target};
use gov_plan::types::{Fields, Type};

use super::super::origin;
use super::Flow;
use super::bindings::Bindings;
use super::statements::Place;
use crate::errors::{names, structure};
use crate::source::Span;

/// The options of a step.
#[derive(Default)]
struct Options {
    retry: Option<Retry>,
    timeout: Option<i64>,
    compensation: Option<Table<Compensation>>,
    continues_on_failure: bool,
    after: Vec<String>,
}

impl Flow<'_, '_> {
    pub(super) fn step(
        &mut self,
        step: &ast::Step,
        bindings: &mut Bindings,
        place: Place,
        span: Span,
    ) -> Option<NodeKind> {
        let principal = match &step.principal {
            Some(name) => self.context.principal(self.file, name),
            None => Some(self.principal.clone()),
        };
        if let (Some(name), StepTarget::Run(..)) = (&step.principal, &step.target) {
            let help = "a nested workflow names its own principal; take `as` out";
            self.context.report(structure::bad_value(self.span(name.span), "`as` does not go with `run`", help));
        }
        let (target, mut result) = self.target(&step.target, bindings, span);
        let mut whole = true;
        let mut built = Options::default();
        let mut fallbacks = Vec::new();
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for (option, at) in &step.options {
            let at = self.span(*at);
            let keyword = keyword(option);
            if let Some((_, first)) = seen.iter().find(|(seen, _)| *seen == keyword && keyword != "`or`") {
                self.context.report(names::said_twice(at, *first, keyword));
                continue;
            }
            seen.push((keyword, at));
            if matches!(step.target, StepTarget::Run(..))
                && !matches!(option, StepOption::After(_) | StepOption::OnFailureContinue)
            {
                let help = "a nested workflow has its own retries, deadlines and undo; take the option out";
                self.context.report(structure::bad_value(at, &format!("{keyword} does not go with `run`"), help));
                continue;
            }
            match option {
                StepOption::Retry(retry) => built.retry = self.context.retry(self.file, retry),
                StepOption::Timeout(duration) => built.timeout = self.context.duration(self.file, duration),
                StepOption::Or(call) => {
                    match self.call(call, bindings) {
                        Some(call) => fallbacks.push(call),
                        None => whole = false,
                    }
                    result = both(result, self.output(&call.capability.text));
                }
                StepOption::OnFailureContinue => {
                    built.continues_on_failure = true;
                }
                StepOption::After(names) => {
                    if !place.parallel {
                        let help = "steps run in the order of the source; take `after` out";
                        self.context.report(structure::bad_after(
                            at,
                            "`after` orders the branches of a `parallel`",
                            help,
                        ));
                    }
                    built.after = names.iter().map(|name| name.text.clone()).collect();
                }
                StepOption::Compensate(_) => {}
            }
        }
        let result = result.map(|(ty, optional)| (ty, optional || built.continues_on_failure));
        self.bind(&step.name, result.clone(), bindings);
        for (option, at) in &step.options {
            if let StepOption::Compensate(rows) = option
                && built.compensation.is_none()
            {
                // The undo may read the step's own result, which is there when it runs.
                let mut variables = Vec::clone(bindings.variables());
                if let (Some(own), Some((ty, _))) = (variables.last_mut(), &result) {
                    own.ty = Some((ty.clone(), false));
                }
                let at = self.span(*at);
                let table = self.context.compensations(self.file, rows, at, variables, !self.broken);
                built.compensation = Some(table);
            }
        }
        let (target, principal) = (target.filter(|_| whole)?, principal?);
        let Options { retry, timeout, compensation, continues_on_failure, after } = built;
        let name = step.name.text.clone();
        Some(NodeKind::Step(Box::new(Step {
            name,
            principal,
            target,
            fallbacks,
            retry,
            timeout,
            compensation,
            continues_on_failure,
            after,
        })))
    }

    /// What is called, and the type of what comes back. A call that is wrong still has a result of a known type, and its
    /// readers are not to blame.
    fn target(
        &mut self,
        target: &StepTarget,
        bindings: &Bindings,
        span: Span,
    ) -> (Option<Target>, Option<(Type, bool)>) {
        match target {
            StepTarget::Call(call) => {
                let built = self.call(call, bindings);
                (built.map(Target::Call), self.output(&call.capability.text))
            }
            StepTarget::Run(name, arguments) => self.run(name, arguments, bindings, span),
        }
    }

    fn call(&mut self, call: &ast::Call, bindings: &Bindings) -> Option<Call> {
        let id = &call.capability.text;
        let span = self.span(call.capability.span);
        let known = self.context.capability_id(span, id);
        let input = known
            .and_then(|()| self.context.symbols.capability(id))
            .filter(|built| built.input_whole)
            .map(|built| built.capability.input.clone());
        let what = format!("`{id}`");
        let arguments = self.check(bindings, |checker| match &input {
            Some(input) => checker.arguments(&call.arguments, input, &what),
            None => {
                for (_, value) in &call.arguments.entries {
                    checker.any(value);
                }
                None
            }
        })?;
        Some(Call { capability: id.clone(), arguments, at: origin(self.span(call.span)) })
    }

    fn run(
        &mut self,
        name: &ast::Name,
        arguments: &ast::Record,
        bindings: &Bindings,
        span: Span,
    ) -> (Option<Target>, Option<(Type, bool)>) {
        let Some(signature) = self.signatures.get(&name.text).cloned() else {
            if !self.context.symbols.is_poisoned(&name.text) {
                let meant = closest(&name.text, self.signatures.keys().map(String::as_str));
                let found = names::unknown_name(self.span(name.span), "workflow", &name.text, meant);
                self.context.report(found);
            }
            return (None, None);
        };
        let what = format!("`{}`", name.text);
        if let Some(place) = self.context.symbols.workflow_place(&name.text) {
            self.context.notes.refer(self.span(name.span), place);
        }
        let arguments = self.check(bindings, |checker| {
            if signature.whole {
                return checker.arguments(arguments, &signature.params, &what);
            }
            for (_, value) in &arguments.entries {
                checker.any(value);
            }
            None
        });
        let result = match &signature.returns {
            Some(schema) => Some((schema.ty.clone(), schema.optional)),
            None => signature.whole.then(|| (Type::Record(Fields::default()), false)),
        };
        let target =
            arguments.map(|arguments| Target::Run { workflow: name.text.clone(), arguments, at: origin(span) });
        (target, result)
    }

    /// The type of a capability's result; `None` where it is not known.
    fn output(&self, id: &str) -> Option<(Type, bool)> {
        let built = self.context.symbols.capability(id)?;
        built.output_whole.then(|| (Type::Record(built.capability.output.clone()), false))
    }
}

fn keyword(option: &StepOption) -> &'static str {
    match option {
        StepOption::Retry(_) => "`retry`",
        StepOption::Timeout(_) => "`timeout`",
        StepOption::Compensate(_) => "`compensate`",
        StepOption::Or(_) => "`or`",
        StepOption::OnFailureContinue => "`on failure continue`",
        StepOption::After(_) => "`after`",
    }
}

/// What can be read of a result that is the one or the other: the fields that both have, of one type.
fn both(one: Option<(Type, bool)>, other: Option<(Type, bool)>) -> Option<(Type, bool)> {
    let ((Type::Record(one), _), (Type::Record(other), _)) = (one?, other?) else { return None };
    Some((Type::Record(one.shared_with(&other)), false))
}
