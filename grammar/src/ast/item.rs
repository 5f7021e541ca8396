//! Files and the small items.

use super::build::{Lead, Problems};
use super::types::{fields, refinement};
use super::{Capability, Expr, Field, Name, Policy, Prove, StringLiteral, Test, Type, Workflow};
use crate::tree::{Kind, Node, Tree};
use crate::{Error, Span};
use std::sync::Arc;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its items in the order of the source.
    pub items: Vec<Arc<Item>>,
    /// The names that items which could not be read were about to declare: whoever refers to them is not to blame.
    pub unread: Vec<String>,
    /// Where the text starts.
    pub start: Span,
}

/// An item with what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The documentation, lines joined by line feeds.
    pub docs: String,
    /// The findings accepted on it.
    pub accepts: Vec<Accept>,
    /// What it is.
    pub kind: ItemKind,
    /// From its keyword to its end.
    pub span: Span,
}

/// The kinds of items.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a file has few items, and nearly all are the large ones")]
pub enum ItemKind {
    /// `package a.b`
    Package(Name),
    /// `use a.b`
    Use(Name),
    /// `type T = …`
    Type(TypeDef),
    /// `context { … }`
    Context(Vec<Field>),
    /// `role r { … }`
    Role(Role),
    /// `set s = { … }`
    Set(Set),
    /// `capability a.b: kind { … }`
    Capability(Capability),
    /// `policy p { … }`
    Policy(Policy),
    /// `workflow w(…) { … }`
    Workflow(Workflow),
    /// `prove n in …`
    Prove(Prove),
    /// `test "…" { … }`
    Test(Test),
    /// `@accept` after which no item comes.
    Nothing,
}

/// `@accept(CODE, "reason")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// The code.
    pub code: Name,
    /// Why.
    pub reason: StringLiteral,
    /// All of it.
    pub span: Span,
}

/// `type T = …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeDef {
    /// Its name.
    pub name: Name,
    /// What it stands for.
    pub ty: Type,
    /// Its refinement, over `self`.
    pub refinement: Option<Expr>,
}

/// `role r { members }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: Name,
    /// Its members; `None` where it has no braces.
    pub members: Option<Vec<Name>>,
}

/// `set s = { patterns }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Its name.
    pub name: Name,
    /// Its patterns.
    pub patterns: Vec<Name>,
}

/// What is known of an item before it is read.
pub(super) enum Known {
    /// All of it, if what stands before it is the same.
    Same(Arc<Item>),
    /// What it is.
    Moved(ItemKind),
}

impl Accept {
    pub(crate) fn from_node(node: Node<'_>, problems: &mut Problems) -> Option<Accept> {
        Some(Accept { code: node.name(Kind::code)?, reason: node.string(problems)?, span: node.span() })
    }
}

/// The patterns in the `pattern_list` directly below a node.
pub(crate) fn patterns(node: Node<'_>) -> Vec<Name> {
    node.child(Kind::pattern_list).map(|list| list.names(Kind::pattern)).unwrap_or_default()
}

impl File {
    /// The typed view of a tree, and what the grammar lets through and the language does not.
    pub fn from_tree(tree: &Tree) -> (File, Vec<Error>) {
        File::from_nodes(tree, |_| None)
    }

    /// The typed view of a tree. What an item is may be `known` already; nothing is wrong with it then.
    pub(super) fn from_nodes(tree: &Tree, mut known: impl FnMut(Span) -> Option<Known>) -> (File, Vec<Error>) {
        let mut problems = Vec::new();
        let mut lead = Lead::default();
        let mut file = File { items: Vec::new(), unread: Vec::new(), start: Span::default() };
        for node in tree.root().children() {
            if lead.take(node, &mut problems) {
                continue;
            }
            if node.kind() == Kind::bad_item {
                file.unread.extend(declared_name(node.text()));
                lead = Lead::default();
                continue;
            }
            let kind = match known(node.span()) {
                Some(Known::Same(item)) if lead.is(&item.docs, &item.accepts) => {
                    lead = Lead::default();
                    file.items.push(item);
                    continue;
                }
                Some(Known::Same(item)) => Some(item.kind.clone()),
                Some(Known::Moved(kind)) => Some(kind),
                None => item_kind(node, &mut problems),
            };
            if let Some(kind) = kind {
                let (docs, accepts) = lead.finish();
                file.items.push(Arc::new(Item { docs, accepts, kind, span: node.span() }));
            }
        }
        let accepts = lead.left_over();
        if let Some(last) = accepts.last() {
            let nothing = Item { docs: String::new(), span: last.span, accepts, kind: ItemKind::Nothing };
            file.items.push(Arc::new(nothing));
        }
        problems.sort_by_key(|problem| problem.span.start);
        (file, problems)
    }
}

fn item_kind(node: Node<'_>, problems: &mut Problems) -> Option<ItemKind> {
    Some(match node.kind() {
        Kind::package_decl => ItemKind::Package(node.name(Kind::dotted)?),
        Kind::use_decl => ItemKind::Use(node.name(Kind::dotted)?),
        Kind::type_def => ItemKind::Type(TypeDef {
            name: node.name(Kind::type_name)?,
            ty: Type::from_node(node.child(Kind::type_expr)?, problems),
            refinement: refinement(node, problems),
        }),
        Kind::context => ItemKind::Context(fields(node.child(Kind::fields)?, problems)),
        Kind::role => {
            let members = node.has(Kind::l_brace).then(|| patterns(node));
            ItemKind::Role(Role { name: node.name(Kind::name)?, members })
        }
        Kind::set_def => ItemKind::Set(Set { name: node.name(Kind::name)?, patterns: patterns(node) }),
        Kind::capability => ItemKind::Capability(Capability::from_node(node, problems)?),
        Kind::policy => ItemKind::Policy(Policy::from_node(node, problems)?),
        Kind::workflow => ItemKind::Workflow(Workflow::from_node(node, problems)?),
        Kind::prove => ItemKind::Prove(Prove::from_node(node, problems)?),
        Kind::test_def => ItemKind::Test(Test::from_node(node, problems)?),
        _ => return None,
    })
}

/// The name that a broken item was about to declare: the word after its keyword; a context has none but its keyword.
fn declared_name(text: &str) -> Option<String> {
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
    if words.next()? == "context" {
        return Some("context".to_owned());
    }
    words.find(|word| !word.is_empty()).map(str::to_owned)
}
