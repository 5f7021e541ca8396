//! `docs/examples/quickstart.md`: what the page has one type is typed, and says what the page says.

use gov_tests::gov;
use std::process::Command;

#[test]
fn the_page_does_what_it_says() {
    let page = include_str!("../../../docs/examples/quickstart.md");
    let sandbox = super::copy("quickstart");
    let program = gov().unwrap();
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let blocks = page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let typed: Vec<&str> = blocks.flat_map(|block| block.split("$ ").skip(1)).collect();
    assert_eq!(typed.len(), 8, "{typed:?}");
    for command in typed {
        let (line, expected) = command.split_once('\n').unwrap();
        let mut typed = Command::new("bash");
        typed.args(["-c", line]).env("PATH", &path).current_dir(sandbox.path("."));
        let ran = typed.output().unwrap();
        let told = String::from_utf8(ran.stdout).unwrap();
        assert!(told == expected || expected == "…\n" && !told.is_empty(), "{line}: {told}");
    }
}
