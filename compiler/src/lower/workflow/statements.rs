//! Statements, in order, with what each lets the next ones read.

use gov_grammar::ast::{self, StatementKind};
use gov_plan::Origin;
use gov_plan::expr::Expr;
use gov_plan::model::{Node, NodeKind};
use gov_plan::types::{Field, Schema, Type};
use gov_plan::typing::{Checker, TypeErrorKind, facts, is_reserved};

use super::super::origin;
use super::Flow;
use super::bindings::{Bindings, Hidden};
use crate::errors::{self, names, structure};
use crate::source::Span;

/// Where a block stands: whether it may end the workflow with a result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Inside a `parallel`.
    pub parallel: bool,
}

impl Place {
    pub(super) const TOP: Place = Place { parallel: false };
    pub(super) const PARALLEL: Place = Place { parallel: true };
}

/// Words that start a statement or an option of one: a binding of such a name could not be told from them.
const STATEMENT_WORDS: [&str; 14] = [
    "step", "check", "fail", "let", "if", "else", "parallel", "for", "approval", "wait", "return", "context", "len",
    "self",
];

impl Flow<'_, '_> {
    /// Lowers a block. Gives its statements, what can be read after it, and whether it always ends the workflow.
    pub(super) fn block(
        &mut self,
        block: &ast::Block,
        mut bindings: Bindings,
        place: Place,
    ) -> (Vec<Node>, Bindings, bool) {
        let mut nodes = Vec::new();
        let mut ends = false;
        for statement in &block.statements {
            let span = self.span(statement.span);
            let (kind, ended) = self.statement(statement, &mut bindings, place, span);
            ends |= ended;
            nodes.extend(kind.map(|kind| Node { kind, docs: statement.docs.clone(), at: origin(span) }));
        }
        (nodes, bindings, ends)
    }

    /// A statement that is a branch of a `parallel` is told so by its caller; here all are alike.
    pub(super) fn statement(
        &mut self,
        statement: &ast::Statement,
        bindings: &mut Bindings,
        place: Place,
        span: Span,
    ) -> (Option<NodeKind>, bool) {
        let kind = match &statement.kind {
            StatementKind::Step(step) => self.step(step, bindings, place, span),
            StatementKind::Check(condition, message) => {
                let typed = self.check(bindings, |checker| checker.condition(condition));
                let message = self.check(bindings, |checker| checker.string(message));
                bindings.facts.extend(facts(condition, true));
                typed.zip(message).map(|(condition, message)| NodeKind::Check { condition, message })
            }
            StatementKind::Fail(message) => {
                let message = self.check(bindings, |checker| checker.string(message));
                return (message.map(|message| NodeKind::Fail { message }), true);
            }
            StatementKind::Let(name, value) => {
                let typed = self.check(bindings, |checker| checker.any(value));
                self.bind(name, typed.as_ref().map(|typed| (typed.ty.clone(), typed.optional)), bindings);
                typed.map(|value| NodeKind::Let { name: name.text.clone(), value })
            }
            StatementKind::If { arms, otherwise } => return self.branches(arms, otherwise.as_ref(), bindings, place),
            StatementKind::Parallel(block) => return self.parallel(block, bindings),
            StatementKind::For { parallel, name, list, limit, body } => {
                self.for_each(*parallel, name, list, limit, body, bindings, place)
            }
            StatementKind::Approval { name, options, question } => {
                self.approval_statement(name, options, question, bindings, span)
            }
            StatementKind::Wait(duration) => {
                let duration = self.check(bindings, |checker| checker.of_type(duration, &Type::Duration));
                duration.map(|duration| NodeKind::Wait { duration })
            }
            StatementKind::Return(value) => return (self.return_statement(value, bindings, place, span), true),
        };
        (kind, false)
    }

    pub(super) fn span(&self, span: gov_grammar::Span) -> Span {
        Span::new(self.file, span.start, span.end)
    }

    /// Checks expressions in what can be read here. A name that is bound elsewhere is said to be out of reach.
    pub(super) fn check<T>(&mut self, bindings: &Bindings, run: impl FnOnce(&mut Checker<'_>) -> T) -> T {
        let scope = bindings.scope(self.context, !self.broken);
        let notes = self.context.notes.on;
        let mut checker = Checker::new(&scope, self.file.0).assume_present(&bindings.facts).noting(notes);
        let result = run(&mut checker);
        let uses = std::mem::take(&mut checker.uses);
        self.context.note(self.file, uses);
        for error in std::mem::take(&mut checker.errors) {
            let hidden = match &error.kind {
                TypeErrorKind::UnknownName { name, .. } => bindings.hidden(name).map(|hidden| (name, hidden)),
                _ => None,
            };
            let found = match hidden {
                Some((name, (bound, Hidden::Loop))) => {
                    let help = "a loop has many rounds, each with its own; use it inside the loop";
                    names::out_of_reach(self.span(error.at), name, bound, "the loop has ended", help)
                }
                Some((name, (bound, Hidden::Branch))) => {
                    let help = format!("add `after {name}` to this step, so that it waits");
                    names::out_of_reach(
                        self.span(error.at),
                        name,
                        bound,
                        "another branch, which may not be done yet",
                        &help,
                    )
                }
                None => errors::types::of_typing(self.file, &error),
            };
            self.context.report(found);
        }
        result
    }

    /// Binds a name once in a workflow.
    pub(super) fn bind(&mut self, name: &ast::Name, ty: Option<(Type, bool)>, bindings: &mut Bindings) {
        let at = self.span(name.span);
        if is_reserved(&name.text) || STATEMENT_WORDS.contains(&name.text.as_str()) {
            self.context.report(names::reserved_name(at, &name.text));
        } else if let Some(first) = self.bound.get(&name.text) {
            self.context.report(names::duplicate(at, *first, "bindings", &name.text));
        } else {
            self.bound.insert(name.text.clone(), at);
        }
        self.context.notes.bound(at, ty.as_ref());
        bindings.bind(&name.text, ty, at);
    }

    fn branches(
        &mut self,
        arms: &[(ast::Expr, ast::Block)],
        otherwise: Option<&ast::Block>,
        bindings: &mut Bindings,
        place: Place,
    ) -> (Option<NodeKind>, bool) {
        let before = bindings.len();
        // What is known where none of the conditions so far held.
        let mut rest = bindings.clone();
        let mut built = Vec::new();
        let mut whole = true;
        let mut after: Vec<(Bindings, bool)> = Vec::new();
        for (condition, block) in arms {
            let typed = self.check(&rest, |checker| checker.condition(condition));
            let mut inside = rest.clone();
            inside.facts.extend(facts(condition, true));
            let (nodes, inside, ends) = self.block(block, inside, place);
            rest.facts.extend(facts(condition, false));
            after.push((inside, ends));
            match typed {
                Some(typed) => built.push((typed, nodes)),
                None => whole = false,
            }
        }
        let (nodes, last, ends) = match otherwise {
            Some(block) => self.block(block, rest, place),
            None => (Vec::new(), rest, false),
        };
        after.push((last, ends));
        let all_end = after.iter().all(|(_, ends)| *ends);
        let going_on: Vec<_> = after.iter().filter(|(_, ends)| !*ends).collect();
        for (branch, ends) in &after {
            bindings.hide_as(branch);
            // A branch that ends the workflow leaves nothing behind; one that is the only way on leaves all it bound.
            bindings.adopt(branch.since(before), *ends || going_on.len() > 1);
        }
        if let [(only, _)] = going_on.as_slice() {
            bindings.facts = only.facts.clone();
        }
        (whole.then_some(NodeKind::If { arms: built, otherwise: nodes }), all_end)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one statement")]
    fn for_each(
        &mut self,
        parallel: bool,
        name: &ast::Name,
        list: &ast::Expr,
        limit: &ast::Name,
        body: &ast::Block,
        bindings: &mut Bindings,
        place: Place,
    ) -> Option<NodeKind> {
        let typed = self.check(bindings, |checker| checker.any(list));
        let element = match &typed {
            Some(Expr { ty: Type::List(element), optional: false, .. }) => Some((element.ty.clone(), element.optional)),
            Some(Expr { optional: true, .. }) => {
                self.context.report(errors::types::may_be_absent(self.span(list.span), None));
                None
            }
            Some(Expr { ty: Type::Json, .. }) => {
                self.context.report(errors::types::json_needs_as(self.span(list.span)));
                None
            }
            Some(other) => {
                self.context.report(errors::types::mismatch(self.span(list.span), "a list", &other.ty.to_string()));
                None
            }
            None => None,
        };
        let limit = self.context.count(self.file, limit, "the most rounds of a loop");
        let before = bindings.len();
        let mut inside = bindings.clone();
        self.bind(name, element.clone(), &mut inside);
        let inner_place = if parallel { Place::PARALLEL } else { place };
        let (body, inside, _) = self.block(body, inside, inner_place);
        bindings.hide(inside.since(before), Hidden::Loop);
        bindings.hide_as(&inside);
        element?;
        Some(NodeKind::For { parallel, name: name.text.clone(), list: typed?, limit: limit?, body })
    }

    fn approval_statement(
        &mut self,
        name: &ast::Name,
        options: &[ast::ApprovalOption],
        question: &ast::StringLiteral,
        bindings: &mut Bindings,
        span: Span,
    ) -> Option<NodeKind> {
        if !options.iter().any(|option| matches!(option, ast::ApprovalOption::From(..))) {
            let help = "say who answers: `approval NAME from role:ROLE \"…\"`";
            self.context.report(names::missing_clause(
                self.span(name.span),
                &format!("`{}`", name.text),
                "`from`",
                help,
            ));
        }
        let approval = self.context.approval(self.file, options, span);
        let question = self.check(bindings, |checker| checker.string(question));
        self.bind(name, Some((answer_type(), false)), bindings);
        Some(NodeKind::Approval { name: name.text.clone(), approval: approval?, question: question? })
    }

    fn return_statement(
        &mut self,
        value: &ast::Expr,
        bindings: &Bindings,
        place: Place,
        span: Span,
    ) -> Option<NodeKind> {
        if place.parallel {
            let help = "bind what the branches give, and return after the block";
            self.context.report(structure::return_not_here(span, "other branches are still at work", help));
        }
        let returns = self.returns.clone();
        match returns {
            Some(schema) => {
                let value = self.check(bindings, |checker| checker.of_schema(value, &schema))?;
                Some(NodeKind::Return { value })
            }
            None if self.returns_whole => {
                let help = format!("declare the result: `workflow {}(…) -> TYPE`", self.name);
                self.context.report(structure::return_not_here(span, "the workflow promises no result", &help));
                None
            }
            None => None,
        }
    }
}

/// What an `approval` statement binds.
fn answer_type() -> Type {
    let field = |(name, ty): (&str, Type)| Field {
        name: name.to_owned(),
        docs: String::new(),
        schema: Schema::plain(ty),
        at: Origin::default(),
    };
    Type::Record([("by", Type::String), ("at", Type::Time), ("comment", Type::String)].map(field).into_iter().collect())
}
