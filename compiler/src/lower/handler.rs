//! What a handler is told: the settings of each kind, and their types.

use std::rc::Rc;

use gov_grammar::{ast, closest};
use gov_plan::expr::{Expr, ExprKind};
use gov_plan::model::Handler;
use gov_plan::types::{Fields, Schema, Type};
use gov_plan::typing::Names;

use super::Context;
use super::scope::Variable;
use crate::errors::{names, structure, types};
use crate::source::{FileId, Span};

/// What each external handler may be given, the settings that it needs first, and how many of them it needs.
const HANDLERS: [(&str, usize, &[&str]); 3] = [
    ("http", 2, &["method", "url", "headers", "query", "body", "secret", "result"]),
    ("mcp", 2, &["server", "tool", "secret", "names"]),
    ("exec", 1, &["program", "args", "secret"]),
];

/// The methods of HTTP that a handler may call with.
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

impl Context<'_> {
    pub(super) fn handler(
        &mut self,
        file: FileId,
        handler: &ast::Handler,
        variables: &Rc<Vec<Variable>>,
        whole: bool,
        clause: Span,
        declared: [&Fields; 2],
    ) -> Option<Handler> {
        let (name, settings) = match handler {
            ast::Handler::Builtin => return Some(Handler::Builtin),
            ast::Handler::None => return Some(Handler::None),
            ast::Handler::External(name, settings) => (name, settings),
        };
        let (_, needed, known) = HANDLERS.iter().find(|(kind, ..)| *kind == name.text)?;
        let names = self.scope(Rc::clone(variables), whole);
        let mut entries = Vec::new();
        for (index, (key, value)) in settings.entries.iter().enumerate() {
            let place = |name: &ast::Name| Span::new(file, name.span.start, name.span.end);
            if let Some((first, _)) = settings.entries.iter().take(index).find(|(first, _)| first.text == key.text) {
                self.report(names::said_twice(place(key), place(first), &format!("the setting `{}`", key.text)));
                continue;
            }
            if !known.contains(&key.text.as_str()) {
                let meant = closest(&key.text, known.iter().copied());
                let all: Vec<String> = known.iter().map(|key| (*key).to_owned()).collect();
                self.report(names::unknown_field(
                    place(key),
                    &key.text,
                    &format!("`handler {}`", name.text),
                    meant,
                    &all,
                ));
                continue;
            }
            if key.text == "names" && whole {
                self.names_of_fields(file, value, declared);
            }
            if let Some(typed) = self.setting(file, &names, &key.text, value) {
                entries.push((key.text.clone(), typed));
            }
        }
        for key in known.iter().take(*needed) {
            if !settings.entries.iter().any(|(given, _)| given.text == *key) {
                self.report(names::missing_field(clause, key, "String", &format!("`handler {}`", name.text)));
            }
        }
        Some(Handler::External(name.text.clone(), entries))
    }

    /// Reports names for fields that the capability does not have, at any depth.
    fn names_of_fields(&mut self, file: FileId, value: &ast::Expr, declared: [&Fields; 2]) {
        let ast::ExprKind::Record(record) = &value.kind else { return };
        let mut known = Vec::new();
        declared.into_iter().for_each(|fields| collect(fields, &mut known));
        for (name, _) in record.entries.iter().filter(|(name, _)| !known.contains(&name.text)) {
            let meant = closest(&name.text, known.iter().map(String::as_str));
            let place = Span::new(file, name.span.start, name.span.end);
            self.report(names::unknown_field(place, &name.text, "the input or the output", meant, &known));
        }
    }

    /// Reports a method or an address that could never be called, as far as it is written out.
    fn written(&mut self, span: Span, key: &str, typed: &Expr) {
        let first = match &typed.kind {
            ExprKind::Interpolate(parts) => parts.first().map(|part| &part.kind),
            kind => Some(kind),
        };
        let Some(ExprKind::String(text)) = first else { return };
        let whole = matches!(typed.kind, ExprKind::String(_));
        if key == "method" && whole && !METHODS.contains(&text.as_str()) {
            let methods = METHODS.map(str::to_owned);
            self.report(types::not_a_member(span, text, &methods, closest(text, METHODS)));
        } else if key == "url" && !["https://", "http://"].iter().any(|scheme| text.starts_with(scheme)) {
            let help = "write the whole address, such as `\"https://notes.example/{id}\"`";
            self.report(structure::bad_value(span, "an address begins with `https://` or `http://`", help));
        }
    }

    /// The value of a setting, of the type that the setting has.
    fn setting(&mut self, file: FileId, names: &dyn Names, key: &str, value: &ast::Expr) -> Option<Expr> {
        match key {
            "args" => {
                let strings = Type::List(Box::new(Schema::plain(Type::String)));
                self.check(file, names, |checker| checker.of_type(value, &strings))
            }
            "body" => self.check(file, names, |checker| checker.any(value)),
            "headers" | "query" | "names" => {
                let typed = self.check(file, names, |checker| checker.any(value))?;
                let is_text = |ty: &Type| matches!(ty, Type::String | Type::Union(_));
                match &typed.ty {
                    Type::Record(fields)
                        if fields.iter().all(|field| !field.schema.optional && is_text(&field.schema.ty)) =>
                    {
                        Some(typed)
                    }
                    other => {
                        let span = Span::new(file, value.span.start, value.span.end);
                        self.report(types::mismatch(span, "a record of strings", &other.to_string()));
                        None
                    }
                }
            }
            _ => {
                let typed = self.check(file, names, |checker| checker.of_type(value, &Type::String))?;
                self.written(Span::new(file, value.span.start, value.span.end), key, &typed);
                Some(typed)
            }
        }
    }
}

/// The names of fields, of those inside them too.
fn collect(fields: &Fields, into: &mut Vec<String>) {
    for field in fields.iter() {
        if !into.contains(&field.name) {
            into.push(field.name.clone());
        }
        let mut inside = &field.schema.ty;
        while let Type::List(element) = inside {
            inside = &element.ty;
        }
        if let Type::Record(fields) = inside {
            collect(fields, into);
        }
    }
}
