//! Every `gov` block of the book is checked, and every page that it links to is there.
//!
//! The blocks of a page marked `shared` are one package, in order. Another block is that package so far with the block at its
//! end, and gives exactly the findings whose codes stand in its comments.

use std::fs;
use std::path::{Path, PathBuf};

use gov_tests::Sandbox;
use gov_tests::blocks::{Block, blocks};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The pages that the summary names.
fn pages() -> Vec<String> {
    let summary = fs::read_to_string(folder().join("SUMMARY.md")).unwrap();
    links(&summary)
}

/// The targets of the links to pages in a Markdown text.
fn links(markdown: &str) -> Vec<String> {
    let targets = markdown.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| target.ends_with(".md")).map(str::to_owned).collect()
}

/// The codes of the findings in a text, in order.
fn found(text: &str) -> Vec<String> {
    let sandbox = Sandbox::with([("book.gov", text)]).unwrap();
    let ran = sandbox.gov(["check", "book.gov", "--format", "concise"]).unwrap();
    codes(&ran.stdout)
}

/// The codes in brackets, in order.
fn codes(text: &str) -> Vec<String> {
    let codes = text.match_indices("[G").filter_map(|(at, _)| text.get(at + 1..at + 6));
    let mut codes: Vec<String> = codes.map(str::to_owned).collect();
    codes.sort();
    codes
}

fn check(page: &str, blocks: &[Block]) -> String {
    let mut package = String::new();
    let mut wrong = String::new();
    for block in blocks.iter().filter(|block| block.language() == "gov") {
        let text = format!("{package}{}", block.text);
        let text = if text.starts_with("package") { text } else { format!("package book\n{text}") };
        if block.has("shared") {
            package.push_str(&block.text);
            continue;
        }
        let (expected, found) = (codes(&block.text), found(&text));
        if expected != found {
            wrong.push_str(&format!("{page}:{}: expected {expected:?}, found {found:?}\n", block.line));
        }
    }
    let found = if package.is_empty() { Vec::new() } else { found(&package) };
    if !found.is_empty() {
        wrong.push_str(&format!("{page}: the package of its shared blocks has {found:?}\n"));
    }
    wrong
}

#[test]
fn every_block_of_the_book_is_what_the_page_says() {
    let mut wrong = String::new();
    let mut checked = 0;
    for page in pages() {
        let markdown = fs::read_to_string(folder().join(&page)).unwrap();
        let blocks = blocks(&markdown);
        checked += blocks.iter().filter(|block| block.language() == "gov").count();
        wrong.push_str(&check(&page, &blocks));
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(checked > 8, "{checked} blocks are checked");
}

#[test]
fn a_page_that_says_something_else_is_noticed() {
    let silent = blocks("```gov\nset a = { b }\n```\n");
    assert!(check("page", &silent).contains("G0101"));
    let loud = blocks("```gov\nrole a // error[G0101]\n```\n");
    assert!(check("page", &loud).contains("expected [\"G0101\"]"));
}

#[test]
fn every_page_that_is_linked_to_is_there() {
    for page in pages() {
        let markdown = fs::read_to_string(folder().join(&page)).unwrap();
        for link in links(&markdown).iter().filter(|link| !link.contains("://")) {
            let target = folder().join(&page).parent().unwrap().join(link);
            assert!(target.exists(), "{page} links to {link}");
        }
    }
}

/// `docs/errors/README.md` lists every code. `UPDATE_INDEX=1 cargo test -p gov-tests index` writes it anew.
#[test]
fn the_index_of_codes_is_that_of_the_program() {
    let mut index = String::from(
        "# The codes\n\nWritten by `UPDATE_INDEX=1 cargo test -p gov-tests index`. `gov explain CODE` shows a page in the terminal.\n\n\
         | code | name | severity | what it means |\n|---|---|---|---|\n",
    );
    for code in gov_compiler::codes::Code::ALL {
        let id = code.id();
        let page = folder().join(format!("errors/{id}.md")).exists();
        let id = if page { format!("[{id}]({id}.md)") } else { id.to_owned() };
        index.push_str(&format!("| {id} | `{}` | {} | {} |\n", code.name(), code.severity().name(), code.summary()));
    }
    let path = folder().join("errors/README.md");
    if std::env::var_os("UPDATE_INDEX").is_some() {
        fs::write(&path, &index).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), index);
}
