//! What could be written next: by the words before the cursor, and where a value is wanted, by what the checker knows there.

mod items;

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::index::{AtCursor, Kind};
use gov_grammar::Kind as Token;
use gov_plan::model::{CapabilityKind, Package};
use gov_plan::types::Risk;
use gov_plan::typing::CURSOR;

use super::context::{Context, ITEMS};
use super::{Answer, describe, input, shown, signature};
use crate::world::{View, World};
use items::{CLAUSES, Described, Items, STATEMENTS};

/// What could stand at a position.
pub fn completion(world: &Arc<World>, params: lsp::CompletionParams) -> Answer<Option<lsp::CompletionResponse>> {
    let at = params.text_document_position_params;
    let Some(view) = View::of(world, &at.text_document.uri) else { return Ok(None) };
    let offset = view.offset(at.position);
    let text = Arc::clone(view.source.text());
    let context = Context::new(&text, offset);
    if context.in_comment || context.in_string {
        return Ok(None);
    }
    let mut items = Items::new(&view, &context, offset);
    Completion { view: &view, context: &context, offset, items: &mut items }.all();
    Ok(Some(lsp::CompletionResponse::CompletionList(items.finish())))
}

/// An item with what there is to say of what it stands for. What a package declares can be much, and of what is offered little
/// is looked at: so it is said when the client asks.
pub fn resolve(world: &Arc<World>, mut item: lsp::CompletionItem) -> Answer<lsp::CompletionItem> {
    let described = item.data.clone().and_then(|data| serde_json::from_value::<Described>(data).ok());
    let view = described.as_ref().and_then(|described| View::of(world, &described.uri));
    if let (Some(described), Some(view)) = (described, view) {
        let definition = view.unit.index().definitions().iter().find(|one| described.is(&item.label, one));
        item.documentation = definition.map(|one| items::markdown(describe::definition(&view.unit, one)));
    }
    Ok(item)
}

struct Completion<'a, 'i> {
    view: &'a View,
    context: &'a Context<'a>,
    offset: u32,
    items: &'i mut Items<'a>,
}

/// The words after which a value is wanted.
const VALUE_FOLLOWS: [&str; 26] = [
    "when", "check", "if", "return", "let", "where", "and", "or", "not", "has", "in", "matches", "wait", "tenant",
    "==", "<", ">", "<=", ">=", "!=", "+", "-", "*", "??", "=", "(",
];

impl Completion<'_, '_> {
    fn all(&mut self) {
        let context = self.context;
        match context.before(0) {
            "use" => return self.modules(),
            "as" if context.item() == "workflow" && context.before(2) == "step" => return self.principals(false),
            "principal" => return self.principals(false),
            "run" => return self.declared(Kind::Workflow),
            "policy" if context.item() == "workflow" => return self.declared(Kind::Policy),
            "after" => return self.steps(),
            "by" if context.item() == "test" => {
                self.declared(Kind::Rule);
                return self.principals(false);
            }
            _ => {}
        }
        if self.is_in_string_hole() {
            return self.value();
        }
        if context.open.is_empty() {
            return self.between();
        }
        if self.type_is_wanted() {
            return self.types();
        }
        if let Some((_, fields, _)) = signature::called(self.view, context) {
            return match context.before(0) {
                "{" | "," => self.entries(&fields),
                _ => self.value(),
            };
        }
        match (context.item(), context.open.len()) {
            ("capability", 1) => self.clause(),
            ("policy", 1) => self.rule(),
            ("workflow", _) => self.statement(),
            ("test", 1) => self.test(),
            ("role", _) => self.principals(false),
            ("set", _) => self.patterns(),
            _ => self.value(),
        }
    }

    fn is_in_string_hole(&self) -> bool {
        let innermost = self.context.open.last();
        let before = innermost.and_then(|index| index.checked_sub(1)).and_then(|index| self.context.tokens.get(index));
        before == Some(&"\"") && self.context.tokens.iter().filter(|token| **token == "\"").count() % 2 == 1
    }

    /// Between items, and in what has no braces yet.
    fn between(&mut self) {
        let context = self.context;
        match (context.item(), context.before(0)) {
            ("capability", ":") => {
                for kind in CapabilityKind::ALL {
                    self.items.word(kind.as_str());
                }
            }
            ("type", _) if context.tokens.len() > 1 => {
                if VALUE_FOLLOWS.contains(&context.before(0)) && context.before(0) != "=" {
                    self.value();
                } else {
                    self.types();
                    self.items.words(&["where"]);
                }
            }
            ("prove", "in") => {
                self.declared(Kind::Policy);
                self.declared(Kind::Workflow);
            }
            ("prove", ":") => self.items.words(&[
                "never",
                "always",
                "sometimes",
                "always undoes",
                "spends at most",
                "calls",
                "never calls",
            ]),
            ("prove", "never" | "always" | "sometimes") => {
                self.items.words(&["allow", "deny", "approval", "undoes", "calls"]);
            }
            ("prove", "calls" | "before" | "to") => self.targets(),
            ("prove", "allow" | "deny" | "approval") => self.principals(true),
            ("prove", ",") => match context.last_of(&["to", "allow", "deny", "approval"]) {
                Some("to") => self.targets(),
                _ => self.principals(true),
            },
            ("prove", word) if VALUE_FOLLOWS.contains(&word) => self.value(),
            ("workflow", "->") => self.types(),
            _ => {
                if context.item() == "prove" {
                    self.items.words(&["to", "when"]);
                }
                self.items.snippets(&items::ITEMS);
                self.items.words(&ITEMS);
            }
        }
    }

    fn type_is_wanted(&self) -> bool {
        let context = self.context;
        if context.before(0) == "as" || context.before(0) == "<" && matches!(context.before(1), "List" | "Money") {
            return true;
        }
        let is_fields = matches!(context.head(0), [.., "input" | "output" | "context"])
            || context.item() == "workflow"
                && context.open.len() == 1
                && context.tokens.get(context.open.first().copied().unwrap_or(0)) == Some(&"(")
            || matches!(context.head(0), [.., "->"])
            || context.item() == "type";
        is_fields && context.before(0) == ":"
    }

    fn clause(&mut self) {
        let context = self.context;
        let used: Vec<&str> =
            context.inside().iter().copied().filter(|token| CLAUSES.iter().any(|(word, _)| word == token)).collect();
        let clause = used.last().copied().unwrap_or_default();
        match (clause, context.before(0)) {
            (_, "with") => return self.targets(),
            (_, "from") => return self.principals(true),
            (_, word) if VALUE_FOLLOWS.contains(&word) || (clause, word) == ("idempotent", "by") => {
                return self.value();
            }
            ("risk", "risk" | ",") => self.items.words(&Risk::ALL.map(Risk::as_str)),
            ("effect", "effect" | ",") => self.items.words(&["none", "reversible", "irreversible"]),
            ("effect", "reversible" | "irreversible") => return self.items.words(&["local", "network", "external"]),
            ("approval", "approval" | ",") => self.items.words(&["required", "none"]),
            ("compensate", "compensate" | ",") => self.items.words(&["with", "manually", "none"]),
            ("handler", "handler") => return self.items.words(&["builtin", "none", "http", "mcp", "exec"]),
            ("retry", "retry") => return self.items.words(&["until success"]),
            _ => {}
        }
        if CLAUSES.iter().any(|(word, _)| *word == context.before(0)) {
            return;
        }
        match clause {
            "risk" | "effect" | "approval" | "compensate" | "cost" => {
                self.items.words(&["when", "otherwise", "because"])
            }
            "retry" => self.items.words(&["times", "backoff", "on transient"]),
            "idempotent" => self.items.words(&["by"]),
            _ => {}
        }
        let whole = self.clauses_of_capability();
        for (word, snippet) in
            CLAUSES.iter().filter(|(word, _)| !used.contains(word) && !whole.iter().any(|one| one == word))
        {
            self.items.snippet(word, snippet);
        }
    }

    /// The clauses that the capability has, those behind the cursor too.
    fn clauses_of_capability(&self) -> Vec<String> {
        let items = self.view.source.parsed().ast.items.iter();
        let around = items.filter(|item| item.span.start <= self.offset && self.offset <= item.span.end);
        let clauses = around.filter_map(|item| match &item.kind {
            gov_grammar::ast::ItemKind::Capability(one) => Some(&one.clauses),
            _ => None,
        });
        clauses.flatten().map(|clause| clause.keyword.text.clone()).collect()
    }

    fn rule(&mut self) {
        let context = self.context;
        let word = context.before(0);
        match word {
            "default" => return self.items.words(&["deny", "allow", "require approval"]),
            "escalate" => return self.items.words(&["risk >= high", "never because"]),
            ">=" if context.before(1) == "risk" && context.before(2) == "escalate" => {
                return self.items.words(&Risk::ALL.map(Risk::as_str));
            }
            "require" => return self.items.words(&["approval"]),
            "approval" => return self.items.words(&["from", "quorum", "within", "for"]),
            "allow" | "deny" | "for" | "from" if context.before(1) != "default" => return self.principals(true),
            "to" if self.escalates() => return self.principals(true),
            "to" => return self.targets(),
            "," => {
                return match context.last_of(&["to", "from", "allow", "deny", "for"]) {
                    Some("to") if !self.escalates() => self.targets(),
                    _ => self.principals(true),
                };
            }
            _ if VALUE_FOLLOWS.contains(&word) => return self.value(),
            _ => {}
        }
        self.items
            .words(&["to", "when", "because", "within", "for", "default", "escalate", "allow", "deny", "require"]);
        self.items.snippets(&items::RULES);
    }

    /// Whether the `to` that is nearest is that of `escalate`.
    fn escalates(&self) -> bool {
        self.context.last_of(&["escalate", "allow", "deny", "for", "default"]) == Some("escalate")
    }

    fn statement(&mut self) {
        let context = self.context;
        let word = context.before(0);
        match word {
            "=" if context.before(2) == "step" || context.before(4) == "step" => {
                self.items.words(&["run"]);
                return self.calls();
            }
            "or" if context.last_of(&["step", "check", "let", "if", "return", "wait"]) == Some("step") => {
                return self.calls();
            }
            "with" => return self.calls(),
            "compensate" => return self.items.words(&["with", "manually", "none"]),
            "from" => return self.principals(true),
            "budget" => return,
            "," if matches!(context.last_of(&["after", "budget", "from", "step"]), Some("after")) => {
                return self.steps();
            }
            _ if VALUE_FOLLOWS.contains(&word) => return self.value(),
            _ => {}
        }
        if context.open.len() > 1
            && !matches!(context.tokens.get(context.open.last().copied().unwrap_or(0)), Some(&"{"))
        {
            return self.value();
        }
        let step = context.last_of(&[
            "step",
            "check",
            "let",
            "fail",
            "return",
            "approval",
            "wait",
            "principal",
            "policy",
            "budget",
        ]);
        match step {
            Some("step") => self.items.words(&["retry", "timeout", "compensate", "or", "on failure continue", "after"]),
            Some("check") => self.items.words(&["else"]),
            Some("approval") => self.items.words(&["from", "within", "quorum"]),
            _ => {}
        }
        self.items.snippets(&STATEMENTS);
        if context.open.len() == 1 {
            self.items.words(&["principal", "policy", "budget", "tenant"]);
        }
    }

    fn test(&mut self) {
        let context = self.context;
        match context.before(0) {
            "expect" => {
                self.items.words(&["allow", "deny", "approval", "completed", "compensated", "failed", "stuck", "calls"])
            }
            "for" => self.principals(false),
            "to" => self.calls(),
            "given" => self.targets(),
            "asserting" => self.principals(true),
            "approve" | "reject" => self.steps(),
            _ => {
                self.items.words(&["by", "for", "to", "with", "asserting", "returns", "fails", "times out"]);
                self.items.snippets(&items::TESTS);
            }
        }
    }

    /// Where a value is wanted: what the checker knows with a word of its own at the cursor.
    fn value(&mut self) {
        let found = self.probe(CURSOR).or_else(|| self.probe(&format!("{CURSOR} ")));
        match found {
            Some(AtCursor::Variable(variables, wanted)) => {
                for (name, ty, optional) in variables {
                    let whole = (name == "input").then(|| input::at(self.view, self.offset)).flatten();
                    let ty = whole.unwrap_or(ty);
                    let fits = wanted.as_ref().is_some_and(|wanted| *wanted == ty && !optional);
                    self.items.variable(&name, &shown(&ty, optional), fits);
                }
                self.literals(wanted.as_ref());
            }
            Some(AtCursor::Field(fields)) => self.items.fields(&fields),
            Some(AtCursor::Entry(fields, given)) => {
                let left = fields.iter().filter(|field| !given.contains(&field.name)).cloned().collect();
                self.items.entries(&left);
            }
            None => {}
        }
        if self.context.before(0) == "in" {
            self.declared(Kind::Set);
        }
        if !self.context.word.contains('.') {
            self.items.words(&["not", "has", "len", "true", "false"]);
        }
    }

    fn literals(&mut self, wanted: Option<&gov_plan::types::Type>) {
        match wanted {
            Some(gov_plan::types::Type::Union(members)) => {
                for member in members.iter() {
                    self.items.word(&gov_grammar::quoted(member));
                }
            }
            Some(gov_plan::types::Type::Risk) => self.items.words(&Risk::ALL.map(Risk::as_str)),
            _ => {}
        }
    }

    /// What the checker knows where the cursor's word has this added to it.
    fn probe(&self, added: &str) -> Option<AtCursor> {
        gov_compiler::at_cursor(&self.view.unit.input(&[]), self.view.file, self.offset, added)
    }

    /// The fields of a record that are not given yet.
    fn entries(&mut self, fields: &gov_plan::types::Fields) {
        let inside = self.context.inside();
        let given: Vec<&str> = inside
            .windows(2)
            .filter(|pair| pair.last() == Some(&":"))
            .filter_map(|pair| pair.first().copied())
            .collect();
        let left = fields.iter().filter(|field| !given.contains(&field.name.as_str())).cloned().collect();
        self.items.entries(&left);
    }

    fn model(&self) -> Option<&Package> {
        self.view.unit.model()
    }

    /// Capabilities, with what they take filled in where snippets are understood.
    fn calls(&mut self) {
        let view = self.view;
        for capability in view.unit.model().into_iter().flat_map(|model| &model.capabilities) {
            self.items.call(&capability.id, &capability.input, capability.kind.as_str());
        }
    }

    /// Capabilities and sets of them, as patterns.
    fn targets(&mut self) {
        let ids: Vec<(String, &'static str)> = self
            .model()
            .map(|model| model.capabilities.iter().map(|one| (one.id.clone(), one.kind.as_str())).collect())
            .unwrap_or_default();
        let mut beginnings: Vec<String> =
            ids.iter().filter_map(|(id, _)| Some(format!("{}.*", id.rsplit_once('.')?.0))).collect();
        beginnings.sort();
        beginnings.dedup();
        for (id, kind) in &ids {
            self.items.named(id, lsp::CompletionItemKind::Function, Some(kind));
        }
        for beginning in &beginnings {
            self.items.named(beginning, lsp::CompletionItemKind::Module, Some("all of these"));
        }
        self.declared(Kind::Set);
        self.items.word("any");
    }

    /// Principals that are named anywhere; with sets and roles where patterns may stand.
    fn principals(&mut self, patterns: bool) {
        let mut named: Vec<String> = Vec::new();
        for source in &self.view.unit.own {
            let nodes =
                source.parsed().tree.nodes().filter(|node| matches!(node.kind(), Token::principal | Token::pattern));
            named.extend(
                nodes
                    .map(|node| node.text())
                    .filter(|text| text.contains(':') && !text.ends_with('*'))
                    .map(str::to_owned),
            );
        }
        named.retain(|name| name != self.context.word && (patterns || !name.starts_with("role:")));
        named.push("system:rollback".to_owned());
        named.sort();
        named.dedup();
        for name in named.iter().filter(|name| !name.starts_with("role:")) {
            self.items.named(name, lsp::CompletionItemKind::Constant, Some("principal"));
        }
        for kind in ["agent:", "user:", "service:"] {
            self.items.named(kind, lsp::CompletionItemKind::Keyword, None);
        }
        if patterns {
            let index = self.view.unit.index();
            for role in index.definitions().iter().filter(|one| one.kind == Kind::Role) {
                self.items.named(&format!("role:{}", role.name), lsp::CompletionItemKind::Enum, Some("role"));
            }
            self.declared(Kind::Set);
            self.items.word("any");
        }
    }

    fn patterns(&mut self) {
        self.targets();
        self.principals(true);
    }

    fn types(&mut self) {
        if self.context.before(0) == "<" && self.context.before(1) == "Money" {
            return self.items.words(&["USD", "EUR", "GBP", "CHF", "JPY"]);
        }
        self.items.words(&["Bool", "Int", "Decimal", "String", "Duration", "Time", "Json"]);
        self.items.snippet("Money", "Money<${1:USD}>");
        self.items.snippet("List", "List<$1>");
        self.declared(Kind::Type);
    }

    fn modules(&mut self) {
        let dependencies = self.view.unit.dependencies.iter().map(|(name, _)| name.as_str());
        let all: Vec<String> =
            gov_stdlib::MODULES.iter().map(|module| module.name).chain(dependencies).map(str::to_owned).collect();
        for name in all {
            self.items.named(&name, lsp::CompletionItemKind::Module, None);
        }
    }

    /// The steps of the workflow around the cursor; in a test, those of all.
    fn steps(&mut self) {
        let index = self.view.unit.index();
        let around = index.definitions().iter().find(|one| {
            one.kind == Kind::Workflow
                && one.at.file == self.view.file
                && one.whole.start <= self.offset
                && self.offset <= one.whole.end
        });
        let steps = index.definitions().iter().filter(|one| matches!(one.kind, Kind::Step | Kind::Approval));
        let named: Vec<(String, Option<String>)> = steps
            .filter(|one| around.is_none_or(|workflow| one.owner.as_ref() == Some(&workflow.name)))
            .map(|one| (one.name.clone(), one.owner.clone()))
            .collect();
        for (name, owner) in named {
            self.items.named(&name, lsp::CompletionItemKind::Event, owner.as_deref());
        }
    }

    fn declared(&mut self, kind: Kind) {
        let index = self.view.unit.index();
        for one in index.definitions().iter().filter(|one| one.kind == kind && !one.name.starts_with('#')) {
            self.items.definition(one);
        }
    }
}
