//! Patterns: what they mean, and the sets they name.

use std::collections::BTreeMap;
use std::rc::Rc;

use gov_grammar::{ast, closest};
use gov_plan::pattern::{CapabilityPattern, PrincipalPattern, TextPattern};
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::Context;
use crate::errors::{names, structure};
use crate::source::{FileId, Span};

/// The kinds of principals.
pub(super) const PRINCIPAL_KINDS: [&str; 4] = ["agent", "user", "service", "system"];

/// A pattern that is not the name of a set.
#[derive(Debug, Clone)]
enum Single {
    Any,
    Principal(PrincipalPattern),
    Capability(CapabilityPattern),
}

impl Context<'_> {
    /// Who: principals and roles, with sets of them expanded. `None` where something is wrong.
    pub(super) fn principals(&mut self, file: FileId, patterns: &[ast::Name]) -> Option<Vec<PrincipalPattern>> {
        let mut found = Vec::new();
        let mut whole = true;
        for pattern in patterns {
            let span = Span::new(file, pattern.span.start, pattern.span.end);
            let singles = self.expand(span, &pattern.text);
            whole &= singles.is_some();
            for single in singles.unwrap_or_default() {
                match single {
                    Single::Any => found.push(PrincipalPattern::Any),
                    Single::Principal(principal) => found.push(principal),
                    Single::Capability(capability) => {
                        whole = false;
                        let message = format!("`{capability}` is a capability, and a principal is needed");
                        self.report(structure::bad_pattern(
                            span,
                            &message,
                            "write for example `agent:support` or `role:finance`",
                        ));
                        break;
                    }
                }
            }
        }
        dedup(&mut found);
        whole.then_some(found)
    }

    /// For what: capabilities, with sets of them expanded. `None` where something is wrong.
    pub(super) fn capabilities(&mut self, file: FileId, patterns: &[ast::Name]) -> Option<Vec<CapabilityPattern>> {
        let mut found = Vec::new();
        let mut whole = true;
        for pattern in patterns {
            let span = Span::new(file, pattern.span.start, pattern.span.end);
            let singles = self.expand(span, &pattern.text);
            whole &= singles.is_some();
            for single in singles.unwrap_or_default() {
                match single {
                    Single::Any => found.push(CapabilityPattern::Any),
                    Single::Capability(capability) => found.push(capability),
                    Single::Principal(principal) => {
                        whole = false;
                        let message = format!("`{principal}` is a principal, and a capability is needed");
                        self.report(structure::bad_pattern(
                            span,
                            &message,
                            "write for example `crm.read_order` or `io.fs.*`",
                        ));
                        break;
                    }
                }
            }
        }
        dedup(&mut found);
        whole.then_some(found)
    }

    /// One principal, without patterns.
    pub(super) fn principal(&mut self, file: FileId, name: &ast::Name) -> Option<String> {
        let span = Span::new(file, name.span.start, name.span.end);
        let (kind, _) = name.text.split_once(':')?;
        if kind == "role" {
            let help = "name one principal, such as `agent:support`";
            self.report(structure::bad_pattern(
                span,
                &format!("`{}` is a role, and one principal is needed", name.text),
                help,
            ));
            return None;
        }
        self.principal_kind(span, kind)?;
        Some(name.text.clone())
    }

    /// The capability of an id. `None` where there is none, which is reported, or where it could not be made.
    pub(super) fn capability_id(&mut self, span: Span, id: &str) -> Option<()> {
        if self.symbols.has_capability(id) {
            if let Some(place) = self.symbols.capability_place(id) {
                self.notes.refer(span, place);
            }
            return Some(());
        }
        if !self.symbols.is_poisoned(id) {
            let meant = closest(id, self.symbols.capability_ids()).map(str::to_owned);
            self.report(names::unknown_name(span, "capability", id, meant.as_deref()));
        }
        None
    }

    /// Settles every set; those that contain themselves are reported, once for each circle.
    pub(super) fn build_sets(&mut self) {
        let declared: Vec<_> = self.symbols.sets.values().copied().collect();
        let mut graph = DiGraph::<usize, ()>::new();
        let nodes: BTreeMap<&str, _> =
            declared.iter().enumerate().map(|(index, set)| (set.decl.name.as_str(), graph.add_node(index))).collect();
        for set in &declared {
            for pattern in &set.decl.patterns {
                if let (Some(from), Some(to)) = (nodes.get(set.decl.name.as_str()), nodes.get(pattern.as_str())) {
                    graph.update_edge(*from, *to, ());
                }
            }
        }
        for component in tarjan_scc(&graph) {
            let members: Vec<_> =
                component.iter().filter_map(|node| declared.get(*graph.node_weight(*node)?).copied()).collect();
            let itself = component.iter().any(|node| graph.find_edge(*node, *node).is_some());
            if members.len() > 1 || itself {
                let mut members = members;
                members.sort_by_key(|set| (set.file, set.decl.name.span.start));
                let mut path: Vec<_> = members.iter().map(|set| set.decl.name.text.clone()).collect();
                path.extend(path.first().cloned());
                if let Some(first) = members.first() {
                    self.report(structure::cycle(first.span(first.decl.name.span), "sets contain one another", &path));
                }
                for set in members {
                    Rc::make_mut(&mut self.symbols.names).sets.insert(set.decl.name.text.clone(), None);
                }
                continue;
            }
            for set in members {
                let settled = self.set(set.file, set.decl);
                Rc::make_mut(&mut self.symbols.names).sets.insert(set.decl.name.text.clone(), settled);
            }
        }
    }

    fn set(&mut self, file: FileId, set: &ast::Set) -> Option<Vec<TextPattern>> {
        let mut found: Vec<TextPattern> = Vec::new();
        let mut first_kind: Option<(bool, Span)> = None;
        let mut whole = true;
        for pattern in &set.patterns {
            let span = Span::new(file, pattern.span.start, pattern.span.end);
            let Some(singles) = self.expand(span, &pattern.text) else {
                whole = false;
                continue;
            };
            for single in singles {
                let of_principals = match &single {
                    Single::Any => continue,
                    Single::Principal(_) => true,
                    Single::Capability(_) => false,
                };
                match first_kind {
                    Some((first, first_at)) if first != of_principals && whole => {
                        whole = false;
                        let message = "a set holds principals or capabilities, not both";
                        let help = "make two sets of it";
                        self.report(
                            structure::bad_pattern(span, message, help).secondary(first_at, "of the other kind"),
                        );
                    }
                    _ => first_kind = first_kind.or(Some((of_principals, span))),
                }
                found.push(text_pattern(single));
            }
            if pattern.text == "any" {
                found.push(TextPattern::Prefix(String::new()));
            }
        }
        dedup(&mut found);
        whole.then_some(found)
    }

    /// What a pattern means; a set gives what it holds. `None` where something is wrong, which is reported.
    fn expand(&mut self, span: Span, text: &str) -> Option<Vec<Single>> {
        if text == "any" {
            return Some(vec![Single::Any]);
        }
        if text == "*" {
            self.report(structure::bad_pattern(
                span,
                "`*` alone is no pattern",
                "write `any`, which matches everything",
            ));
            return None;
        }
        let stars = text.matches('*').count();
        if stars > 1 || (stars == 1 && !text.ends_with('*')) {
            let help = "`*` stands once, at the end of a pattern, and matches any rest, dots included";
            self.report(structure::bad_pattern(span, &format!("`{text}` has a `*` that is not at its end"), help));
            return None;
        }
        if let Some((kind, _)) = text.split_once(':') {
            return self.principal_pattern(span, kind, text).map(|principal| vec![Single::Principal(principal)]);
        }
        if text.contains('.') || stars == 1 {
            return self.capability_pattern(span, text).map(|capability| vec![Single::Capability(capability)]);
        }
        self.named_set(span, text)
    }

    fn named_set(&mut self, span: Span, name: &str) -> Option<Vec<Single>> {
        if let Some(set) = self.symbols.sets.get(name) {
            self.notes.refer(span, set.span(set.decl.name.span));
        }
        match self.symbols.names.sets.get(name) {
            Some(Some(patterns)) => Some(patterns.iter().map(single).collect()),
            Some(None) => None,
            None if self.symbols.is_poisoned(name) => None,
            None => {
                let roles = self.symbols.roles.contains_key(name);
                let mut found = {
                    let known = self.symbols.sets.keys().copied().chain(["any"]);
                    names::unknown_name(span, "set", name, closest(name, known))
                };
                if roles {
                    found = names::did_you_mean(
                        names::unknown_name(span, "set", name, None),
                        span,
                        Some(&format!("role:{name}")),
                    );
                }
                self.report(found);
                None
            }
        }
    }

    fn principal_pattern(&mut self, span: Span, kind: &str, text: &str) -> Option<PrincipalPattern> {
        if kind == "role" {
            let name = text.strip_prefix("role:").unwrap_or_default();
            if name.ends_with('*') {
                let help = "name each role; roles are a closed list";
                self.report(structure::bad_pattern(span, "a role is named in full", help));
                return None;
            }
            if let Some(role) = self.symbols.roles.get(name) {
                let named = Span { start: span.end.saturating_sub(name.len() as u32), ..span };
                self.notes.refer(named, role.span(role.decl.name.span));
                return Some(PrincipalPattern::Role(name.to_owned()));
            }
            if !self.symbols.is_poisoned(name) {
                let meant = closest(name, self.symbols.roles.keys().copied()).map(|meant| format!("role:{meant}"));
                self.report(names::unknown_name(span, "role", name, meant.as_deref()));
            }
            return None;
        }
        self.principal_kind(span, kind)?;
        Some(match text.strip_suffix('*') {
            Some(prefix) => PrincipalPattern::Prefix(prefix.to_owned()),
            None => PrincipalPattern::Exact(text.to_owned()),
        })
    }

    fn principal_kind(&mut self, span: Span, kind: &str) -> Option<()> {
        if PRINCIPAL_KINDS.contains(&kind) {
            return Some(());
        }
        let kind_at = Span::new(span.file, span.start, span.start + kind.len() as u32);
        let meant = closest(kind, PRINCIPAL_KINDS.into_iter().chain(["role"]));
        self.report(names::unknown_name(kind_at, "kind of principal", kind, meant));
        None
    }

    fn capability_pattern(&mut self, span: Span, text: &str) -> Option<CapabilityPattern> {
        let pattern = match text.strip_suffix('*') {
            Some(prefix) => CapabilityPattern::Prefix(prefix.to_owned()),
            None => CapabilityPattern::Exact(text.to_owned()),
        };
        if self.symbols.matching(&pattern).next().is_some() {
            if self.notes.on {
                let exact = matches!(pattern, CapabilityPattern::Exact(_));
                let matched = self.symbols.matching(&pattern);
                let places: Vec<_> = matched.filter_map(|id| self.symbols.capability_place(id)).collect();
                places.into_iter().for_each(|place| self.notes.refer_as(span, place, exact));
            }
            return Some(pattern);
        }
        // What could not be read may be what was meant.
        if !self.symbols.unread.iter().any(|id| pattern.matches(id)) {
            let meant = self.near_pattern(text);
            self.report(structure::matches_nothing(span, text, meant.as_deref()));
        }
        None
    }

    /// The nearest id, or for `a.b*` the nearest beginning of one.
    fn near_pattern(&self, text: &str) -> Option<String> {
        let Some(prefix) = text.strip_suffix('*') else {
            return closest(text, self.symbols.capability_ids()).map(str::to_owned);
        };
        let dots = prefix.matches('.').count();
        let beginnings: Vec<String> = self
            .symbols
            .capability_ids()
            .filter_map(|id| {
                id.match_indices('.').nth(dots.saturating_sub(1)).map(|(at, _)| id.get(..=at).map(str::to_owned))
            })
            .flatten()
            .collect();
        closest(prefix, beginnings.iter().map(String::as_str)).map(|beginning| format!("{beginning}*"))
    }
}

fn text_pattern(single: Single) -> TextPattern {
    match single {
        Single::Any | Single::Principal(PrincipalPattern::Any) | Single::Capability(CapabilityPattern::Any) => {
            TextPattern::Prefix(String::new())
        }
        Single::Principal(PrincipalPattern::Exact(text)) | Single::Capability(CapabilityPattern::Exact(text)) => {
            TextPattern::Exact(text)
        }
        Single::Principal(PrincipalPattern::Prefix(text)) | Single::Capability(CapabilityPattern::Prefix(text)) => {
            TextPattern::Prefix(text)
        }
        Single::Principal(PrincipalPattern::Role(role)) => TextPattern::Role(role),
    }
}

/// A pattern of a set, as what it is a pattern of: a colon makes a principal.
fn single(pattern: &TextPattern) -> Single {
    match pattern {
        TextPattern::Role(role) => Single::Principal(PrincipalPattern::Role(role.clone())),
        TextPattern::Exact(text) if text.contains(':') => Single::Principal(PrincipalPattern::Exact(text.clone())),
        TextPattern::Exact(text) => Single::Capability(CapabilityPattern::Exact(text.clone())),
        TextPattern::Prefix(text) if text.is_empty() => Single::Any,
        TextPattern::Prefix(text) if text.contains(':') => Single::Principal(PrincipalPattern::Prefix(text.clone())),
        TextPattern::Prefix(text) => Single::Capability(CapabilityPattern::Prefix(text.clone())),
    }
}

fn dedup<T: PartialEq>(items: &mut Vec<T>) {
    let mut kept: Vec<T> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    *items = kept;
}
