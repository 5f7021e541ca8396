//! Semantic tokens: what each word is, by the tree and by what names stand for.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::index::Kind as Meaning;
use gov_grammar::{Kind, Node};

use super::Answer;
use crate::world::{View, World};

const TYPES: [&str; 13] = [
    "keyword",
    "string",
    "number",
    "comment",
    "operator",
    "type",
    "property",
    "parameter",
    "variable",
    "function",
    "class",
    "enum",
    "namespace",
];

const MODIFIERS: [&str; 2] = ["declaration", "readonly"];

/// The names of the tokens' types and modifiers, in the order of their numbers.
pub fn legend() -> lsp::SemanticTokensLegend {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    lsp::SemanticTokensLegend { token_types: names(&TYPES), token_modifiers: names(&MODIFIERS) }
}

/// The tokens of a document.
pub fn whole(world: &Arc<World>, params: lsp::SemanticTokensParams) -> Answer<Option<lsp::SemanticTokens>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    Ok(Some(tokens(&view, 0, u32::MAX)))
}

/// The tokens of a range.
pub fn range(world: &Arc<World>, params: lsp::SemanticTokensRangeParams) -> Answer<Option<lsp::SemanticTokens>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    Ok(Some(tokens(&view, view.offset(params.range.start), view.offset(params.range.end))))
}

fn tokens(view: &View, from: u32, until: u32) -> lsp::SemanticTokens {
    let (mut data, mut last) = (Vec::new(), lsp::Position::default());
    let text = view.source.text();
    for node in view.source.parsed().tree.nodes() {
        let span = node.span();
        if span.end < from || span.start > until {
            continue;
        }
        let Some((name, declares)) = token(view, node) else { continue };
        let Some(number) = TYPES.iter().position(|known| *known == name) else { continue };
        // A token lies on one line.
        let range = view.range_here(span);
        if range.start.line != range.end.line || text.get(span.start as usize..span.end as usize).is_none() {
            continue;
        }
        let same_line = range.start.line == last.line;
        data.push(lsp::SemanticToken {
            delta_line: range.start.line - last.line,
            delta_start: if same_line { range.start.character - last.character } else { range.start.character },
            length: range.end.character - range.start.character,
            token_type: number as u32,
            token_modifiers_bitset: u32::from(declares),
        });
        last = range.start;
    }
    lsp::SemanticTokens { result_id: None, data }
}

/// What a token of the tree is, and whether it declares what it names.
fn token(view: &View, node: Node<'_>) -> Option<(&'static str, bool)> {
    let kind = node.kind();
    let name = match kind {
        Kind::COMMENT => "comment",
        Kind::chunk | Kind::escape | Kind::version => "string",
        Kind::int | Kind::decimal | Kind::duration | Kind::money => "number",
        Kind::infix | Kind::prefix => "operator",
        Kind::level | Kind::scope => "keyword",
        Kind::dotted => "namespace",
        Kind::type_name | Kind::currency | Kind::kw_list | Kind::kw_money => "type",
        Kind::name | Kind::variable | Kind::cap_id | Kind::pattern | Kind::principal => return named(view, node),
        _ if node.is_token() && node.text().starts_with(|c: char| c.is_ascii_alphabetic()) && !node.is_unread() => {
            "keyword"
        }
        _ => return None,
    };
    let declares = kind == Kind::type_name && view.unit.index().definition(view.span(node.span())).is_some();
    Some((name, declares))
}

fn named(view: &View, node: Node<'_>) -> Option<(&'static str, bool)> {
    let index = view.unit.index();
    let span = view.span(node.span());
    if let Some(definition) = index.definition(span) {
        return Some((word(definition.kind), true));
    }
    let reference = index.references_in(span).next();
    let meaning = reference.and_then(|one| one.to).and_then(|to| index.definition(to)).map(|to| to.kind);
    let name = match (meaning, node.kind()) {
        (Some(meaning), _) => word(meaning),
        (None, Kind::principal) => "enum",
        (None, Kind::pattern) if node.text().contains(':') => "enum",
        (None, Kind::pattern) if node.text() == "any" => "keyword",
        (None, Kind::cap_id | Kind::pattern) => "function",
        (None, Kind::variable) => "variable",
        (None, _) => "property",
    };
    Some((name, false))
}

fn word(kind: Meaning) -> &'static str {
    match kind {
        Meaning::Type => "type",
        Meaning::Context | Meaning::Step | Meaning::Approval | Meaning::Value => "variable",
        Meaning::Field | Meaning::Rule => "property",
        Meaning::Parameter => "parameter",
        Meaning::Role | Meaning::Set => "enum",
        Meaning::Capability | Meaning::Workflow => "function",
        Meaning::Policy | Meaning::Claim => "class",
        Meaning::Test => "string",
    }
}
