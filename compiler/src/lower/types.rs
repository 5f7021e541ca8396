//! Named types, in the order in which they need one another, and the context.

use std::collections::BTreeMap;
use std::rc::Rc;

use gov_grammar::ast;
use gov_plan::types::{Fields, Type};
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::symbols::{BuiltContext, Declared};
use super::{Context, span_of};
use crate::errors::structure;
use crate::index::Notes;

impl Context<'_> {
    /// Settles every named type; those that contain themselves are reported, once for each circle.
    pub(super) fn build_types(&mut self) {
        let declared: Vec<_> = self.symbols.types.values().copied().collect();
        let mut graph = DiGraph::<usize, ()>::new();
        let nodes: BTreeMap<&str, _> =
            declared.iter().enumerate().map(|(index, ty)| (ty.decl.name.as_str(), graph.add_node(index))).collect();
        for ty in &declared {
            let mut used = Vec::new();
            named_types(&ty.decl.ty, &mut used);
            for name in used {
                if let (Some(from), Some(to)) = (nodes.get(ty.decl.name.as_str()), nodes.get(name)) {
                    graph.update_edge(*from, *to, ());
                }
            }
        }
        // Tarjan's components come with what is used before what uses it.
        for component in tarjan_scc(&graph) {
            let members: Vec<_> =
                component.iter().filter_map(|node| declared.get(*graph.node_weight(*node)?)).collect();
            let itself = component.iter().any(|node| graph.find_edge(*node, *node).is_some());
            if members.len() > 1 || itself {
                self.report_type_cycle(&members);
                continue;
            }
            for ty in members {
                let scope = Rc::clone(&self.symbols.names);
                let schema = self.check(ty.file, &*scope, |checker| {
                    checker.schema(&ty.decl.ty, ty.decl.refinement.as_ref(), None, &Fields::default())
                });
                drop(scope);
                if let Some(Type::Record(fields)) = schema.as_ref().map(|schema| &schema.ty).filter(|_| self.notes.on) {
                    note_types(&mut self.notes, fields);
                }
                Rc::make_mut(&mut self.symbols.names).types.insert(ty.decl.name.text.clone(), schema);
            }
        }
    }

    fn report_type_cycle(&mut self, members: &[&Declared<'_, ast::TypeDef>]) {
        let mut members: Vec<_> = members.to_vec();
        members.sort_by_key(|ty| (ty.file, ty.decl.name.span.start));
        let mut path: Vec<_> = members.iter().map(|ty| ty.decl.name.text.clone()).collect();
        path.extend(path.first().cloned());
        if let Some(first) = members.first() {
            self.report(structure::cycle(first.span(first.decl.name.span), "types contain one another", &path));
        }
        for ty in members {
            Rc::make_mut(&mut self.symbols.names).types.insert(ty.decl.name.text.clone(), None);
        }
    }

    /// The fields of the one `context`.
    pub(super) fn build_context(&mut self) -> BuiltContext {
        let Some(declared) = self.symbols.contexts.first().copied() else {
            return BuiltContext { fields: Fields::default(), whole: !self.symbols.is_poisoned("context") };
        };
        let (fields, whole) = self.fields(declared.file, declared.decl);
        BuiltContext { fields, whole }
    }

    /// Fields in the package's scope, and whether all of them could be made.
    pub(super) fn fields(&mut self, file: crate::source::FileId, fields: &[ast::Field]) -> (Fields, bool) {
        let scope = Rc::clone(&self.symbols.names);
        let built = self.check(file, &*scope, |checker| checker.fields(fields));
        if self.notes.on {
            note_types(&mut self.notes, &built.0);
        }
        built
    }
}

/// Notes the types of fields, and of those within them.
fn note_types(notes: &mut Notes, fields: &Fields) {
    for field in fields.iter() {
        notes.bound(span_of(field.at), Some(&(field.schema.ty.clone(), field.schema.optional)));
        let ty = match &field.schema.ty {
            Type::List(element) => &element.ty,
            ty => ty,
        };
        // What a named type declares is noted with the type.
        if let (Type::Record(inner), []) = (ty, field.schema.names.as_slice()) {
            note_types(notes, inner);
        }
    }
}

fn named_types<'t>(ty: &'t ast::Type, found: &mut Vec<&'t str>) {
    match &ty.kind {
        ast::TypeKind::Named(name) => found.push(name.as_str()),
        ast::TypeKind::List(element, _) => named_types(element, found),
        ast::TypeKind::Record(fields) => fields.iter().for_each(|field| named_types(&field.ty, found)),
        ast::TypeKind::Money(_) | ast::TypeKind::Union(_) => {}
    }
}
