//! The scope of a policy's conditions.

use std::collections::{BTreeMap, BTreeSet};

use gov_grammar::ast::{self, ExprKind};
use gov_grammar::closest;
use gov_plan::Origin;
use gov_plan::pattern::{CapabilityPattern, TextPattern};
use gov_plan::types::{Field, Fields, Schema, Type};
use gov_plan::typing::{CURSOR, Lookup, Names};

use super::scope::{Scope, Variable};
use super::symbols::Declared;
use super::{Context, span_of};
use crate::errors::types as errors;
use crate::index::AtCursor;
use crate::source::{FileId, Span};

/// The variables of a policy, with `input` as the capabilities have it that a rule matches.
pub(super) struct RuleScope {
    scope: Scope,
    /// The input fields that the condition reads and that can be read.
    input: BTreeMap<String, (Type, bool)>,
}

impl Context<'_> {
    /// The scope of a condition about these targets. Every `input.f` that it reads must be on every capability that the
    /// targets match, with one type; what is not is reported here, once for each field.
    pub(super) fn rule_scope(
        &mut self,
        file: FileId,
        targets: &[CapabilityPattern],
        condition: &ast::Expr,
    ) -> RuleScope {
        let mut reads = Vec::new();
        input_reads(condition, &mut reads);
        let mut input = BTreeMap::new();
        let mut seen: Vec<&str> = Vec::new();
        for field in reads {
            if seen.contains(&field.as_str()) {
                continue;
            }
            seen.push(field.as_str());
            let span = Span::new(file, field.span.start, field.span.end);
            if self.notes.on && field.text.contains(CURSOR) {
                let shared = self.shared_input(targets);
                self.notes.cursor(AtCursor::Field(shared));
            }
            self.note_input(span, targets, field.as_str());
            if let Some(ty) = self.input_field(span, targets, field.as_str()) {
                input.insert(field.text.clone(), ty);
            }
        }
        RuleScope { scope: self.scope(self.policy_variables(), true), input }
    }

    /// Notes every field that is meant: each of the capabilities that the targets match has one.
    fn note_input(&mut self, span: Span, targets: &[CapabilityPattern], field: &str) {
        if !self.notes.on {
            return;
        }
        let matched: BTreeSet<&str> = targets.iter().flat_map(|target| self.symbols.matching(target)).collect();
        let exact = matched.len() < 2;
        let built = matched.into_iter().filter_map(|id| self.symbols.capability(id));
        let places: Vec<_> =
            built.filter_map(|built| built.capability.input.get(field)).map(|field| span_of(field.at)).collect();
        places.into_iter().for_each(|place| self.notes.refer_as(span, place, exact));
    }

    /// The input fields that all capabilities have that the targets match.
    fn shared_input(&self, targets: &[CapabilityPattern]) -> Fields {
        let matched: BTreeSet<&str> = targets.iter().flat_map(|target| self.symbols.matching(target)).collect();
        let matched = matched.into_iter().filter_map(|id| self.symbols.capability(id));
        Fields::shared_by(matched.map(|built| &built.capability.input))
    }

    /// The type of an input field over all capabilities that the targets match.
    fn input_field(&mut self, span: Span, targets: &[CapabilityPattern], field: &str) -> Option<(Type, bool)> {
        let mut known: Option<(String, Field)> = None;
        let mut optional = false;
        let mut without = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut unsure = false;
        let mut conflict = None;
        let matched: BTreeSet<&str> = targets.iter().flat_map(|target| self.symbols.matching(target)).collect();
        for built in matched.into_iter().filter_map(|id| self.symbols.capability(id)) {
            let id = &built.capability.id;
            match built.capability.input.get(field) {
                Some(found) => {
                    optional |= found.schema.optional;
                    match &known {
                        Some((first_id, first)) if !first.schema.ty.same(&found.schema.ty) => {
                            conflict = conflict.or(Some((first_id.clone(), first.clone(), id.clone(), found.clone())));
                        }
                        Some(_) => {}
                        None => known = Some((id.clone(), found.clone())),
                    }
                }
                None if built.input_whole => {
                    names.extend(built.capability.input.iter().map(|field| field.name.clone()));
                    without.push((id.clone(), Some(built.name_at)));
                }
                None => unsure = true,
            }
        }
        if !without.is_empty() {
            let meant = if known.is_none() {
                closest(field, names.iter().map(String::as_str)).map(str::to_owned)
            } else {
                None
            };
            self.report(errors::rule_field_missing(span, field, &without, meant.as_deref()));
            return None;
        }
        if let Some((one_id, one, other_id, other)) = conflict {
            let (one_ty, other_ty) = (one.schema.ty.to_string(), other.schema.ty.to_string());
            let one = (one_id.as_str(), one_ty.as_str(), Some(span_of(one.at)));
            let other = (other_id.as_str(), other_ty.as_str(), Some(span_of(other.at)));
            self.report(errors::rule_field_types(span, field, one, other));
            return None;
        }
        known.filter(|_| !unsure).map(|(_, field)| (field.schema.ty, optional))
    }

    /// Where the context is declared.
    pub(super) fn context_place(&self) -> Origin {
        let declared = self.symbols.contexts.first();
        let place = |declared: &Declared<'_, _>| {
            let start = declared.item.span.start;
            Origin { file: declared.file.0, start, end: start + "context".len() as u32 }
        };
        declared.map(place).unwrap_or_default()
    }

    fn policy_variables(&self) -> Vec<Variable> {
        let context = &self.symbols.context;
        let variables = gov_plan::decide::variables(&context.fields).into_iter();
        let variables = variables.map(|(name, ty, optional)| {
            // A context of which something is wrong is not held against those who read it.
            let known = name != "context" || context.whole;
            let at = if name == "context" { self.context_place() } else { Origin::default() };
            Variable { name, ty: known.then_some((ty, optional)), at }
        });
        let input = Variable::new("input", Type::Record(Fields::default()), false);
        std::iter::once(input).chain(variables).collect()
    }
}

/// The fields of `input` that an expression reads.
fn input_reads<'e>(expr: &'e ast::Expr, found: &mut Vec<&'e ast::Name>) {
    let mut below = |exprs: &[&'e ast::Expr]| exprs.iter().for_each(|expr| input_reads(expr, found));
    match &expr.kind {
        ExprKind::Field(inner, field) => match &inner.kind {
            ExprKind::Name(name) if name == "input" => found.push(field),
            _ => input_reads(inner, found),
        },
        ExprKind::List(elements) => below(&elements.iter().collect::<Vec<_>>()),
        ExprKind::Record(record) => below(&record.entries.iter().map(|(_, value)| value).collect::<Vec<_>>()),
        ExprKind::As(inner, _) | ExprKind::Has(inner) | ExprKind::Len(inner) | ExprKind::Not(inner) => below(&[inner]),
        ExprKind::Negate(inner) => below(&[inner]),
        ExprKind::Binary(_, _, left, right) => below(&[left, right]),
        ExprKind::String(literal) => {
            for part in &literal.parts {
                if let ast::StringPart::Interpolation(expr) = part {
                    input_reads(expr, found);
                }
            }
        }
        _ => {}
    }
}

impl Names for RuleScope {
    fn variable(&self, name: &str) -> Lookup<(Type, bool)> {
        self.scope.variable(name)
    }

    fn declared(&self, name: &str) -> Option<Origin> {
        self.scope.declared(name)
    }

    fn variables(&self) -> Vec<String> {
        self.scope.variables()
    }

    fn member(&self, variable: &str, field: &str) -> Option<Lookup<(Type, bool)>> {
        if variable != "input" {
            return None;
        }
        // A field that is not here was reported when the scope was made.
        Some(self.input.get(field).map_or(Lookup::Poisoned, |ty| Lookup::Known(ty.clone())))
    }

    fn set(&self, name: &str) -> Lookup<Vec<TextPattern>> {
        self.scope.set(name)
    }

    fn set_names(&self) -> Vec<String> {
        self.scope.set_names()
    }

    fn named_type(&self, name: &str) -> Lookup<Schema> {
        self.scope.named_type(name)
    }

    fn type_names(&self) -> Vec<String> {
        self.scope.type_names()
    }
}
