//! The items of a completion, and the texts of what is offered whole.

use gen_lsp_types as lsp;
use gov_compiler::index::{Definition, Kind};
use gov_plan::types::Fields;
use serde::{Deserialize, Serialize};

use crate::features::context::Context;
use crate::features::{rename, shown};
use crate::world::View;

/// A word, and the text that stands for it with places to fill in.
pub(super) type Snippet = (&'static str, &'static str);

/// The clauses of a capability.
pub(super) const CLAUSES: [Snippet; 14] = [
    ("version", "version \"${1:1.0.0}\""),
    ("tags", "tags [$1]"),
    ("deprecated", "deprecated \"${1:use …}\""),
    ("input", "input { $1 }"),
    ("output", "output { $1 }"),
    ("effect", "effect $1"),
    ("risk", "risk $1"),
    ("approval", "approval required"),
    ("compensate", "compensate $1"),
    ("retry", "retry ${1:3} times"),
    ("timeout", "timeout ${1:30s}"),
    ("idempotent", "idempotent"),
    ("cost", "cost ${1:0.01 USD}"),
    ("handler", "handler $1"),
];

/// Whole items.
pub(super) const ITEMS: [Snippet; 9] = [
    ("capability", "capability ${1:service.action}: ${2:read} {\n    input  { $3 }\n    output { $4 }\n}"),
    ("policy", "policy ${1:name} {\n    default deny\n    $2\n}"),
    ("workflow", "workflow ${1:name}($2) {\n    principal agent:${3:name}\n    policy    ${4:policy}\n\n    $5\n}"),
    ("type", "type ${1:Name} = $2"),
    ("context", "context {\n    $1\n}"),
    ("role", "role ${1:name} { $2 }"),
    ("set", "set ${1:name} = { $2 }"),
    ("prove", "prove ${1:name} in ${2:policy}: never allow $3 to $4"),
    ("test", "test \"${1:title}\" {\n    $2\n}"),
];

/// Rules of a policy.
pub(super) const RULES: [Snippet; 4] = [
    ("allow …", "allow ${1:agent:name} to $2"),
    ("deny …", "deny ${1:any} to $2 because \"$3\""),
    ("require approval …", "require approval from ${1:role:name} within ${2:24h} for ${3:agent:name} to $4"),
    ("escalate …", "escalate risk >= ${1:high} to ${2:role:name}"),
];

/// Statements of a workflow.
pub(super) const STATEMENTS: [Snippet; 11] = [
    ("step", "step ${1:name} = $2"),
    ("check", "check $1 else \"$2\""),
    ("fail", "fail \"$1\""),
    ("let", "let ${1:name} = $2"),
    ("if", "if $1 {\n    $2\n}"),
    ("parallel", "parallel {\n    $1\n}"),
    ("for", "for ${1:x} in $2 up to ${3:10} {\n    $4\n}"),
    ("parallel for", "parallel for ${1:x} in $2 up to ${3:10} {\n    $4\n}"),
    ("approval", "approval ${1:name} from ${2:role:name} within ${3:24h} \"$4\""),
    ("wait", "wait ${1:1h}"),
    ("return", "return $1"),
];

/// Statements of a test.
pub(super) const TESTS: [Snippet; 6] = [
    ("expect", "expect ${1:allow} for ${2:agent:name} to $3"),
    ("expect completed", "expect completed"),
    ("given", "given $1 returns { $2 }"),
    ("run", "run ${1:workflow} { $2 }"),
    ("approve", "approve ${1:step} by ${2:user:name}"),
    ("reject", "reject ${1:step} by ${2:user:name}"),
];

/// What an item stands for that is declared, beside its label: enough to find it again when the client asks what there is to
/// say of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Described {
    /// The document that the item was offered in.
    pub uri: lsp::Uri,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
}

impl Described {
    /// Whether this is what an item with that label stands for.
    pub fn is(&self, label: &str, definition: &Definition) -> bool {
        definition.name == label && self.owner == definition.owner && self.kind == rename::word(definition.kind)
    }
}

/// What is offered at one place.
pub(super) struct Items<'a> {
    view: &'a View,
    uri: lsp::Uri,
    /// What an item replaces: the word at the cursor.
    word: lsp::Range,
    /// The same behind its last dot.
    field: lsp::Range,
    found: Vec<lsp::CompletionItem>,
}

impl<'a> Items<'a> {
    pub fn new(view: &'a View, context: &Context<'_>, offset: u32) -> Items<'a> {
        let range = |start| view.source.lines.range(start, offset, view.world.encoding);
        let behind_dot = context.word.rfind('.').map_or(0, |dot| dot + 1) as u32;
        let uri = view.world.uri(&view.source.place);
        Items { view, uri, word: range(context.start), field: range(context.start + behind_dot), found: Vec::new() }
    }

    pub fn finish(self) -> lsp::CompletionList {
        let mut seen = std::collections::HashSet::new();
        let mut found = self.found;
        found.retain(|item| seen.insert(item.label.clone()));
        let defaults = self
            .view
            .world
            .client
            .default_edit_range
            .then(|| lsp::CompletionItemDefaults { edit_range: Some(self.word.into()), ..Default::default() });
        lsp::CompletionList::new(false, defaults, None, found)
    }

    fn add(
        &mut self,
        label: &str,
        kind: lsp::CompletionItemKind,
        detail: Option<&str>,
        range: lsp::Range,
        text: Text<'_>,
    ) {
        let (new_text, format) = match text {
            Text::Plain(text) => (text.to_owned(), None),
            Text::Snippet(text) if self.view.world.client.snippets => {
                (text.to_owned(), Some(lsp::InsertTextFormat::Snippet))
            }
            Text::Snippet(_) => (label.trim_end_matches([' ', '…']).to_owned(), None),
        };
        let mut item = lsp::CompletionItem {
            label: label.to_owned(),
            kind: Some(kind),
            detail: detail.map(str::to_owned),
            insert_text_format: format,
            ..Default::default()
        };
        // Nearly all items replace the same word: where the client understands it, that is said once for all of them.
        if self.view.world.client.default_edit_range && range == self.word {
            item.text_edit_text = Some(new_text).filter(|text| text != label);
        } else {
            item.text_edit = Some(lsp::TextEdit { range, new_text }.into());
        }
        self.found.push(item);
    }

    /// Says that there is more to say of the last item, once the client asks: see [`super::resolve`].
    fn describe(&mut self, kind: Kind, owner: Option<String>) {
        let described = Described { uri: self.uri.clone(), kind: rename::word(kind).to_owned(), owner };
        if let Some(item) = self.found.last_mut() {
            item.data = serde_json::to_value(described).ok();
        }
    }

    fn document(&mut self, docs: &str) {
        if let Some(item) = self.found.last_mut().filter(|_| !docs.is_empty()) {
            item.documentation = Some(markdown(docs.to_owned()));
        }
    }

    pub fn word(&mut self, word: &str) {
        self.add(word, lsp::CompletionItemKind::Keyword, None, self.word, Text::Plain(word));
    }

    pub fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.word(word));
    }

    pub fn snippet(&mut self, label: &str, snippet: &str) {
        self.add(label, lsp::CompletionItemKind::Snippet, None, self.word, Text::Snippet(snippet));
    }

    pub fn snippets(&mut self, snippets: &[Snippet]) {
        snippets.iter().for_each(|(label, snippet)| self.snippet(label, snippet));
    }

    pub fn named(&mut self, name: &str, kind: lsp::CompletionItemKind, detail: Option<&str>) {
        self.add(name, kind, detail, self.word, Text::Plain(name));
    }

    pub fn definition(&mut self, definition: &Definition) {
        let kind = match definition.kind {
            Kind::Type => lsp::CompletionItemKind::Struct,
            Kind::Policy => lsp::CompletionItemKind::Class,
            Kind::Workflow => lsp::CompletionItemKind::Method,
            Kind::Rule => lsp::CompletionItemKind::Property,
            _ => lsp::CompletionItemKind::Enum,
        };
        self.named(&definition.name, kind, definition.owner.as_deref());
        self.describe(definition.kind, definition.owner.clone());
    }

    pub fn variable(&mut self, name: &str, ty: &str, fits: bool) {
        self.named(name, lsp::CompletionItemKind::Variable, Some(ty));
        if let Some(item) = self.found.last_mut() {
            item.sort_text = Some(format!("{}{name}", if fits { '0' } else { '1' }));
        }
    }

    /// Fields of a value, behind its dot.
    pub fn fields(&mut self, fields: &Fields) {
        for field in fields.iter() {
            let ty = shown(&field.schema.ty, field.schema.optional);
            self.add(&field.name, lsp::CompletionItemKind::Field, Some(&ty), self.field, Text::Plain(&field.name));
            self.document(&field.docs);
        }
    }

    /// Fields that are to be given.
    pub fn entries(&mut self, fields: &Fields) {
        for field in fields.iter() {
            let ty = shown(&field.schema.ty, field.schema.optional);
            let text = format!("{}: ", field.name);
            self.add(&field.name, lsp::CompletionItemKind::Field, Some(&ty), self.word, Text::Plain(&text));
            self.document(&field.docs);
        }
    }

    /// A call, with a place for each argument that is needed.
    pub fn call(&mut self, id: &str, input: &Fields, kind: &str) {
        let needed = input.iter().filter(|field| !field.schema.optional);
        let arguments: Vec<String> =
            (1..).zip(needed).map(|(place, field)| format!("{}: ${place}", field.name)).collect();
        let text =
            if arguments.is_empty() { format!("{id} {{}}") } else { format!("{id} {{ {} }}", arguments.join(", ")) };
        self.add(id, lsp::CompletionItemKind::Function, Some(kind), self.word, Text::Snippet(&text));
        self.describe(Kind::Capability, None);
    }
}

/// Documentation as the protocol has it.
pub(super) fn markdown(value: String) -> lsp::Documentation {
    lsp::Documentation::MarkupContent(lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value })
}

enum Text<'t> {
    Plain(&'t str),
    Snippet(&'t str),
}
