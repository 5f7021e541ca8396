//! `gov explain`.

use gov_tests::Sandbox;

#[test]
fn a_code_is_explained_by_number_and_by_name() {
    let sandbox = Sandbox::new().unwrap();
    let page = sandbox.gov(["explain", "G0007"]).unwrap();
    assert_eq!(page.code, Some(0));
    assert!(page.stdout.starts_with("G0007: hidden-character\n"), "{}", page.stdout);
    assert!(!page.stdout.contains('\u{202e}'));
    for name in ["g0007", "hidden-character", "Hidden-Character"] {
        assert_eq!(sandbox.gov(["explain", name]).unwrap(), page);
    }
}

#[test]
fn without_a_code_all_are_listed() {
    let list = Sandbox::new().unwrap().gov(["explain"]).unwrap();
    assert_eq!(list.code, Some(0));
    let codes: Vec<_> = list.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(codes, gov_compiler::codes::Code::ALL.iter().map(|code| code.id()).collect::<Vec<_>>());
}

#[test]
fn an_unknown_code_is_wrong_usage() {
    let ran = Sandbox::new().unwrap().gov(["explain", "shadowed-rle"]).unwrap();
    assert_eq!(ran.code, Some(2));
    insta::assert_snapshot!(ran.stderr, @r"
    error: there is no diagnostic code `shadowed-rle`
    help: did you mean `shadowed-rule`? `gov explain` lists every code
    ");
}
