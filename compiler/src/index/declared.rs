//! What the trees declare.

use gov_grammar::ast::{self, ClauseKind, ItemKind, StatementKind};

use super::{Definition, Kind};
use crate::lower::Unit;
use crate::source::Span;

/// Collects everything that a file declares.
pub(super) fn collect(unit: Unit<'_>, into: &mut Vec<Definition>) {
    let mut found = Found { unit, into };
    for item in &unit.ast.items {
        found.item(item);
    }
}

struct Found<'a, 'f> {
    unit: Unit<'a>,
    into: &'f mut Vec<Definition>,
}

impl Found<'_, '_> {
    fn span(&self, span: gov_grammar::Span) -> Span {
        Span::new(self.unit.file, span.start, span.end)
    }

    fn add(&mut self, kind: Kind, name: &ast::Name, whole: gov_grammar::Span, docs: &str, owner: Option<&str>) {
        let (at, whole) = (self.span(name.span), self.span(whole));
        let (name, docs, owner) = (name.text.clone(), docs.to_owned(), owner.map(str::to_owned));
        self.into.push(Definition { kind, name, at, whole, docs, owner, ty: None });
    }

    fn item(&mut self, item: &ast::Item) {
        let docs = &item.docs;
        match &item.kind {
            ItemKind::Type(decl) => {
                self.add(Kind::Type, &decl.name, item.span, docs, None);
                self.ty(&decl.ty, &decl.name.text);
            }
            ItemKind::Context(fields) => {
                let end = item.span.start + "context".len() as u32;
                let span = gov_grammar::Span { start: item.span.start, end };
                self.add(Kind::Context, &ast::Name { text: "context".to_owned(), span }, item.span, docs, None);
                self.fields(Kind::Field, fields, "context");
            }
            ItemKind::Role(decl) => self.add(Kind::Role, &decl.name, item.span, docs, None),
            ItemKind::Set(decl) => self.add(Kind::Set, &decl.name, item.span, docs, None),
            ItemKind::Capability(decl) => {
                self.add(Kind::Capability, &decl.id, item.span, docs, None);
                for clause in &decl.clauses {
                    if let ClauseKind::Input(fields) | ClauseKind::Output(fields) = &clause.kind {
                        self.fields(Kind::Field, fields, &decl.id.text);
                    }
                }
            }
            ItemKind::Policy(decl) => {
                self.add(Kind::Policy, &decl.name, item.span, docs, None);
                for (index, rule) in (1..).zip(&decl.rules) {
                    self.rule(index, rule, &decl.name.text);
                }
            }
            ItemKind::Workflow(decl) => {
                self.add(Kind::Workflow, &decl.name, item.span, docs, None);
                self.fields(Kind::Parameter, &decl.params, &decl.name.text);
                if let Some(returns) = &decl.returns {
                    self.ty(returns, &decl.name.text);
                }
                self.block(&decl.body, &decl.name.text);
            }
            ItemKind::Prove(decl) => self.add(Kind::Claim, &decl.name, item.span, docs, None),
            ItemKind::Test(decl) => {
                let name = ast::Name { text: decl.title.plain().unwrap_or_default(), span: decl.title.span };
                self.add(Kind::Test, &name, item.span, docs, None);
            }
            ItemKind::Package(_) | ItemKind::Use(_) | ItemKind::Nothing => {}
        }
    }

    fn rule(&mut self, index: u32, rule: &ast::Rule, policy: &str) {
        let unnamed = || {
            let end = rule.subjects.first().map_or(rule.span.end, |subject| subject.span.start);
            let span = gov_grammar::Span { start: rule.span.start, end: end.min(rule.span.start + 1) };
            ast::Name { text: format!("#{index}"), span }
        };
        let name = rule.name.clone().unwrap_or_else(unnamed);
        self.add(Kind::Rule, &name, rule.span, &rule.docs, Some(policy));
    }

    fn fields(&mut self, kind: Kind, fields: &[ast::Field], owner: &str) {
        for field in fields {
            self.add(kind, &field.name, field.span, &field.docs, Some(owner));
            self.ty(&field.ty, owner);
        }
    }

    fn ty(&mut self, ty: &ast::Type, owner: &str) {
        match &ty.kind {
            ast::TypeKind::Record(fields) => self.fields(Kind::Field, fields, owner),
            ast::TypeKind::List(element, _) => self.ty(element, owner),
            ast::TypeKind::Named(_) | ast::TypeKind::Money(_) | ast::TypeKind::Union(_) => {}
        }
    }

    fn block(&mut self, block: &ast::Block, workflow: &str) {
        let owner = Some(workflow);
        for statement in &block.statements {
            let (docs, span) = (&statement.docs, statement.span);
            match &statement.kind {
                StatementKind::Step(step) => self.add(Kind::Step, &step.name, span, docs, owner),
                StatementKind::Let(name, _) => self.add(Kind::Value, name, span, docs, owner),
                StatementKind::Approval { name, .. } => self.add(Kind::Approval, name, span, docs, owner),
                StatementKind::If { arms, otherwise } => {
                    arms.iter().map(|(_, block)| block).chain(otherwise).for_each(|block| self.block(block, workflow));
                }
                StatementKind::Parallel(body) => self.block(body, workflow),
                StatementKind::For { name, body, .. } => {
                    self.add(Kind::Value, name, name.span, docs, owner);
                    self.block(body, workflow);
                }
                StatementKind::Check(..)
                | StatementKind::Fail(_)
                | StatementKind::Wait(_)
                | StatementKind::Return(_) => {}
            }
        }
    }
}
