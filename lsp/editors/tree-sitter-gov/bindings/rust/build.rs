//! Compiles the generated parser and the scanner beside it.

fn main() {
    let sources = ["src/parser.c", "src/scanner.c"];
    for source in sources {
        println!("cargo:rerun-if-changed={source}");
    }
    // The parser is a table: it is as fast in a debug build, and compiles sooner without warnings that nobody can act on.
    cc::Build::new().std("c11").include("src").files(sources).warnings(false).compile("tree-sitter-gov");
}
