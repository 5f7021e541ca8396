//! `gov check --fix`.

use gov_tests::Sandbox;

use super::manifest;

#[test]
fn safe_fixes_are_made_and_the_rest_is_left() {
    let main = "package a\n\u{200b}role\u{202e} finance { user:alice }\n";
    let other = "package a\ncapability a.b: read {\n    deprecated \"x\u{202e}\u{202e}y\"\n    vresion \"1.0.0\"\n}\n";
    let sandbox =
        Sandbox::with([("gov.toml", manifest("a").as_str()), ("main.gov", main), ("x/other.gov", other)]).unwrap();

    let ran = sandbox.gov_in("x", ["check", "--fix", "--format", "concise"]).unwrap();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "made 3 fixes in 2 files\n"));
    assert!(ran.stdout.starts_with("other.gov:4:5: error[G0103] "), "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert_eq!(sandbox.read("main.gov").unwrap(), main.replace(['\u{200b}', '\u{202e}'], ""));
    assert_eq!(sandbox.read("x/other.gov").unwrap(), other.replace('\u{202e}', "\\u{202e}"));

    let again = sandbox.gov(["check", "--fix", "--format", "concise"]).unwrap();
    assert_eq!(again.stderr, "made 0 fixes in 0 files\n");
    assert_eq!(std::fs::read_dir(sandbox.path("x")).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written_is_left_as_it_was() {
    use std::os::unix::fs::PermissionsExt;

    let text = "package a\nrole\u{202e} finance { user:alice }\n";
    let sandbox = Sandbox::with([("a/a.gov", text)]).unwrap();
    let folder = sandbox.path("a");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere.
    let powerless = std::fs::write(folder.join("probe"), "").is_err();
    let ran = sandbox.gov(["check", "--fix", "a"]).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    if powerless {
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), "error: cannot write `a/a.gov`: permission denied\n"));
        assert_eq!(sandbox.read("a/a.gov").unwrap(), text);
    }
}
