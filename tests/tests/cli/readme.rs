//! README shows what the program really says.

use gov_tests::gov;

/// The first diagnostic in README is the one that the quickstart without its rule gives.
#[test]
fn the_diagnostic_in_the_readme_is_real() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("\n```").next()).unwrap();
    let output = std::process::Command::new(gov().unwrap())
        .current_dir(root)
        .args(["check", "examples/quickstart-unsafe", "--color", "never"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    // The last line counts obligations, which no reader of README minds.
    assert_eq!(said.trim_end().rsplit_once("\n\n").unwrap().0, shown);
    assert_eq!(output.status.code(), Some(1));
}
