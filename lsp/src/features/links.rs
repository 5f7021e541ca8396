//! `use` and the URLs in comments lead somewhere.

use std::sync::Arc;

use gen_lsp_types as lsp;
use gov_compiler::source::FileId;
use gov_grammar::Kind;

use super::Answer;
use crate::world::{View, World};

/// The links of a document: what each `use` brings in, and addresses in comments.
pub fn links(world: &Arc<World>, params: lsp::DocumentLinkParams) -> Answer<Option<Vec<lsp::DocumentLink>>> {
    let Some(view) = View::of(world, &params.text_document.uri) else { return Ok(None) };
    let mut links = Vec::new();
    for node in view.source.parsed().tree.nodes() {
        match node.kind() {
            Kind::use_decl => {
                let Some(name) = node.child(Kind::dotted) else { continue };
                let target = module(&view, name.text());
                links.extend(target.map(|target| link(&view, name.span(), target)));
            }
            Kind::COMMENT => {
                for (start, address) in addresses(node.text()) {
                    let start = node.span().start + start as u32;
                    let span = gov_grammar::Span { start, end: start + address.len() as u32 };
                    links.push(link(&view, span, lsp::Uri(address.to_owned())));
                }
            }
            _ => {}
        }
    }
    Ok(Some(links))
}

fn link(view: &View, span: gov_grammar::Span, target: lsp::Uri) -> lsp::DocumentLink {
    lsp::DocumentLink { range: view.range_here(span), target: Some(target), tooltip: None, data: None }
}

/// The first file of a package that is used.
fn module(view: &View, name: &str) -> Option<lsp::Uri> {
    let mut before = view.unit.own.len();
    for (dependency, files) in &view.unit.dependencies {
        if dependency == name {
            return view.uri(FileId(before as u32));
        }
        before += files.len();
    }
    let path = gov_stdlib::module(name)?.path;
    let sources = &view.unit.checked().sources;
    let (file, _) = sources.iter().find(|(file, source)| source.path() == path && view.unit.source(*file).is_none())?;
    view.uri(file)
}

fn addresses(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("http").filter_map(move |(start, _)| {
        let rest = text.get(start..)?;
        let end = rest.find(|c: char| c.is_whitespace() || "\"'<>()".contains(c)).unwrap_or(rest.len());
        let address = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':']);
        let is_one = address.starts_with("https://") || address.starts_with("http://");
        is_one.then_some((start, address))
    })
}
