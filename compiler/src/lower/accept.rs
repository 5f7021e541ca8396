//! Findings that the author accepts.

use gov_grammar::ast::{self, Accept, ItemKind, StatementKind};
use gov_plan::model::{Accepted, AcceptedOn};

use super::{Context, origin};
use crate::codes::Code;
use crate::errors::structure;
use crate::source::{FileId, Span};

/// An accepted finding and the place that it covers.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// The code.
    pub code: Code,
    /// What the plan says of it.
    pub accepted: Accepted,
    /// Where the finding has to be: the item, rule or statement after the `@accept`.
    pub covers: Span,
    /// The `@accept` itself.
    pub span: Span,
}

impl<'a> Context<'a> {
    /// What of the package is accepted, with the places that it covers; wrong ones are reported.
    pub(super) fn acceptances(&mut self) -> Vec<Acceptance> {
        let mut acceptances = Vec::new();
        for (file, accept, on, covers) in self.collect() {
            let span = Span::new(file, accept.span.start, accept.span.end);
            let made = self.acceptance(file, accept, on);
            acceptances.extend(made.map(|(code, accepted)| Acceptance { code, accepted, covers, span }));
        }
        acceptances
    }

    fn acceptance(&mut self, file: FileId, accept: &Accept, on: Option<AcceptedOn>) -> Option<(Code, Accepted)> {
        let place = |span: gov_grammar::Span| Span::new(file, span.start, span.end);
        let code = accept.code.text.parse::<Code>().ok();
        let wrong = match code {
            None => Some((
                accept.code.span,
                format!("there is no code `{}`", accept.code.text),
                "see `gov explain` for all codes",
            )),
            Some(code) if code.id() < "G1100" => {
                let help = if code.id() >= "G1000" {
                    "mend the capability; risk is the one thing that cannot be argued away"
                } else {
                    "mend it"
                };
                Some((accept.code.span, format!("`{code}` cannot be accepted"), help))
            }
            Some(Code::Unproved) => {
                Some((accept.code.span, format!("`{}` cannot be accepted", Code::Unproved), "make it provable"))
            }
            Some(_) if on.is_none() => Some((
                accept.span,
                "nothing follows of which a finding could be accepted".to_owned(),
                "put it before a capability, a policy, a rule, a workflow, a statement or a `prove`",
            )),
            Some(_) => None,
        };
        if let Some((span, message, help)) = wrong {
            self.report(structure::bad_accept(place(span), &message, help));
            return None;
        }
        let reason = accept.reason.plain().filter(|reason| !reason.trim().is_empty());
        if reason.is_none() {
            let help = "say in words why it is accepted: reviewers read it";
            self.report(structure::bad_accept(place(accept.reason.span), "an accepted finding has a reason", help));
        }
        let accepted =
            Accepted { code: code?.id().to_owned(), reason: reason?, on: on?, at: origin(place(accept.span)) };
        Some((code?, accepted))
    }

    /// Every `@accept`, with what it stands before and the place of that.
    fn collect(&self) -> Vec<(FileId, &'a Accept, Option<AcceptedOn>, Span)> {
        let mut found = Vec::new();
        for (file, item) in &self.symbols.items {
            let on = match &item.kind {
                ItemKind::Capability(decl) => Some(AcceptedOn::Capability(decl.id.text.clone())),
                ItemKind::Policy(decl) => Some(AcceptedOn::Policy(decl.name.text.clone())),
                ItemKind::Workflow(decl) => Some(AcceptedOn::Workflow(decl.name.text.clone())),
                ItemKind::Prove(decl) => Some(AcceptedOn::Claim(decl.name.text.clone())),
                _ => None,
            };
            let place = |span: gov_grammar::Span| Span::new(*file, span.start, span.end);
            for accept in &item.accepts {
                found.push((*file, accept, on.clone(), place(item.span)));
            }
            match &item.kind {
                ItemKind::Policy(decl) => {
                    for (index, rule) in (1..).zip(&decl.rules) {
                        for accept in &rule.accepts {
                            let on = AcceptedOn::Rule { policy: decl.name.text.clone(), index };
                            found.push((*file, accept, Some(on), place(rule.span)));
                        }
                    }
                    found.extend(decl.stray_accepts.iter().map(|accept| (*file, accept, None, place(accept.span))));
                }
                ItemKind::Workflow(decl) => {
                    let mut ordinal = 0;
                    collect_block(*file, &decl.name.text, &decl.body, &mut ordinal, &mut found);
                }
                _ => {}
            }
        }
        found
    }
}

fn collect_block<'a>(
    file: FileId,
    workflow: &str,
    block: &'a ast::Block,
    ordinal: &mut u32,
    found: &mut Vec<(FileId, &'a Accept, Option<AcceptedOn>, Span)>,
) {
    let place = |span: gov_grammar::Span| Span::new(file, span.start, span.end);
    for statement in &block.statements {
        *ordinal += 1;
        for accept in &statement.accepts {
            let on = AcceptedOn::Statement { workflow: workflow.to_owned(), ordinal: *ordinal };
            found.push((file, accept, Some(on), place(statement.span)));
        }
        match &statement.kind {
            StatementKind::If { arms, otherwise } => {
                let blocks = arms.iter().map(|(_, block)| block).chain(otherwise);
                blocks.for_each(|block| collect_block(file, workflow, block, ordinal, found));
            }
            StatementKind::Parallel(body) | StatementKind::For { body, .. } => {
                collect_block(file, workflow, body, ordinal, found);
            }
            _ => {}
        }
    }
    found.extend(block.stray_accepts.iter().map(|accept| (file, accept, None, place(accept.span))));
}
