//! The queries with which editors colour, fold and indent: each fits the grammar, and all editors colour alike.

use std::fs;
use std::path::{Path, PathBuf};

use tree_sitter::Query;

use crate::colours::highlighted;
use crate::corpus;

fn collect(folder: &Path, queries: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, queries);
        } else if path.extension().is_some_and(|extension| extension == "scm") {
            queries.push(path);
        }
    }
}

fn query(path: &Path) -> Query {
    let source = fs::read_to_string(path).unwrap();
    Query::new(&tree_sitter_gov::LANGUAGE.into(), &source).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_query_fits_the_grammar() {
    let mut queries = Vec::new();
    collect(&corpus::root().join("lsp/editors"), &mut queries);
    assert!(queries.len() > 15, "{queries:?}");
    for path in queries {
        assert!(query(&path).pattern_count() > 0, "{} says nothing", path.display());
    }
}

#[test]
fn every_editor_colours_alike() {
    let editors = corpus::root().join("lsp/editors");
    let first = query(&editors.join("tree-sitter-gov/queries/highlights.scm"));
    for other in ["helix/queries/gov/highlights.scm", "zed/languages/gov/highlights.scm"] {
        let query = query(&editors.join(other));
        for text in corpus::written() {
            let colours = |query| highlighted(&text.text, query);
            assert_eq!(colours(&first), colours(&query), "{other} colours {} otherwise", text.from);
        }
    }
}
