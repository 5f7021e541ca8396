//! Which packages a path leads to.

use gov_tests::Sandbox;

use super::{clean, manifest, wrong};

/// The files with findings, in order, of a check in a folder.
fn found(sandbox: &Sandbox, folder: &str, paths: &[&str]) -> Vec<String> {
    let arguments = ["check", "--format", "concise"].iter().chain(paths);
    let ran = sandbox.gov_in(folder, arguments).unwrap();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{}", ran.stdout);
    ran.stdout.lines().filter_map(|line| line.split(':').next()).map(str::to_owned).collect()
}

#[test]
fn a_package_is_found_from_any_folder_inside_it() {
    let sandbox = Sandbox::with([
        ("gov.toml", manifest("a").as_str()),
        ("main.gov", &wrong("a")),
        ("deep/er/x.gov", &wrong("a")),
        ("deep/er/notes.txt", "none"),
        (".hidden/x.gov", &wrong("a")),
    ])
    .unwrap();
    assert_eq!(found(&sandbox, ".", &[]), ["deep/er/x.gov", "main.gov"]);
    assert_eq!(found(&sandbox, "deep/er", &[]), ["x.gov", "../../main.gov"]);
    assert_eq!(found(&sandbox, ".", &["deep/er/x.gov"]), ["deep/er/x.gov", "main.gov"]);
    assert_eq!(found(&sandbox, "deep", &["../gov.toml", "er"]), ["er/x.gov", "../main.gov"]);
}

#[test]
fn a_folder_or_a_file_without_a_manifest_is_a_package() {
    let sandbox = Sandbox::with([("x/a.gov", wrong("a").as_str()), ("x/b/b.gov", &wrong("a"))]).unwrap();
    assert_eq!(found(&sandbox, ".", &["x"]), ["x/a.gov", "x/b/b.gov"]);
    assert_eq!(found(&sandbox, "x", &["b/b.gov"]), ["b/b.gov"]);
}

#[test]
fn every_package_below_a_folder_is_found() {
    let sandbox = Sandbox::with([
        ("one/gov.toml", manifest("one").as_str()),
        ("one/one.gov", &wrong("one")),
        ("one/inner/gov.toml", &manifest("inner")),
        ("one/inner/inner.gov", &wrong("inner")),
        ("two/gov.toml", &manifest("two")),
        ("two/two.gov", &wrong("two")),
        ("stray.gov", &wrong("stray")),
    ])
    .unwrap();
    let all = ["stray.gov", "one/one.gov", "one/inner/inner.gov", "two/two.gov"];
    let mut sorted = found(&sandbox, ".", &[]);
    sorted.sort();
    let mut expected = all.to_vec();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(found(&sandbox, ".", &["one/inner"]), ["one/inner/inner.gov"]);
    assert_eq!(found(&sandbox, ".", &["two", "two/two.gov"]), ["two/two.gov"]);
}

#[test]
fn a_workspace_is_its_members() {
    let sandbox = Sandbox::with([
        ("gov.toml", "[workspace]\nmembers = [\"packages/*\", \"tool\", \".\"]\n"),
        ("packages/one/gov.toml", &manifest("one")),
        ("packages/one/one.gov", &wrong("one")),
        ("packages/two/two.gov", &wrong("two")),
        ("packages/readme.txt", "none"),
        ("tool/gov.toml", &manifest("tool")),
        ("tool/tool.gov", &wrong("tool")),
        ("docs/notes.txt", "none"),
    ])
    .unwrap();
    let all = ["packages/one/one.gov", "tool/tool.gov", "packages/two/two.gov"];
    assert_eq!(found(&sandbox, ".", &["gov.toml"]), all);
    assert_eq!(found(&sandbox, "docs", &[]), all.map(|path| format!("../{path}")));
    assert_eq!(found(&sandbox, "packages/one", &[]), ["one.gov"]);
}

#[test]
fn a_member_that_is_missing_is_found_in_the_manifest() {
    let text = "[workspace]\nmembers = [\"gone\", \"none/*\", \"[\"]\n";
    let sandbox =
        Sandbox::with([("gov.toml", text), ("a/gov.toml", &manifest("a")), ("a/a.gov", &clean("a"))]).unwrap();
    let ran = sandbox.gov(["check", "--format", "concise"]).unwrap();
    insta::assert_snapshot!(ran.stdout, @r"
    gov.toml:2:12: error[G0404] the member `gone` matches no folder that holds a package
    gov.toml:2:20: error[G0404] the member `none/*` matches no folder that holds a package
    gov.toml:2:30: error[G0404] the member `[` is no pattern of folders: invalid range pattern
    ");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn dependencies_that_lead_nowhere_are_found_in_the_manifest() {
    let dependencies = "[dependencies]\ngone = { path = \"gone\" }\nfile = { path = \"a.gov\" }\nempty = { path = \"empty\" }\n\
        other = { path = \"b\" }\nspace = { path = \"space\" }\n";
    let sandbox = Sandbox::with([
        ("gov.toml", (manifest("a") + dependencies).as_str()),
        ("a.gov", &clean("a")),
        ("b/gov.toml", &manifest("b")),
        ("b/b.gov", &clean("b")),
        ("space/gov.toml", "[workspace]\nmembers = []\n"),
        ("empty/notes.txt", "none"),
    ])
    .unwrap();
    let ran = sandbox.gov(["check", "--format", "concise", "a.gov"]).unwrap();
    insta::assert_snapshot!(ran.stdout, @r"
    gov.toml:4:17: error[G0404] the dependency `gone` cannot be reached at `gone`: there is no such file or folder
    gov.toml:5:17: error[G0404] the dependency `file` leads to `a.gov`, which is no folder
    gov.toml:6:18: error[G0404] the dependency `empty` leads to `empty`, which holds no `.gov` file
    gov.toml:7:18: error[G0404] the dependency `other` leads to `b`, which is the package `b`
    gov.toml:8:18: error[G0404] the dependency `space` leads to `space`, which is a workspace and no package
    ");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn what_is_wrong_with_a_dependency_is_said_once() {
    let uses = |name: &str| format!("{}[dependencies]\nbase = {{ path = \"../base\" }}\n", manifest(name));
    let sandbox = Sandbox::with([
        ("base/gov.toml", manifest("base").as_str()),
        ("base/base.gov", &wrong("base")),
        ("one/gov.toml", &uses("one")),
        ("one/one.gov", &clean("one")),
        ("two/gov.toml", &uses("two")),
        ("two/two.gov", &clean("two")),
    ])
    .unwrap();
    assert_eq!(found(&sandbox, ".", &[]), ["base/base.gov"]);
    assert_eq!(found(&sandbox, ".", &["one", "two"]), ["base/base.gov"]);
}

#[test]
fn packages_in_a_circle_or_of_one_name_are_found_once() {
    let uses = |name: &str, of: &[(&str, &str)]| {
        let lines: String = of.iter().map(|(name, path)| format!("{name} = {{ path = \"{path}\" }}\n")).collect();
        format!("{}[dependencies]\n{lines}", manifest(name))
    };
    let sandbox = Sandbox::with([
        ("a/gov.toml", uses("a", &[("b", "../b")]).as_str()),
        ("a/a.gov", &wrong("a")),
        ("b/gov.toml", &uses("b", &[("a", "../a")])),
        ("b/b.gov", &wrong("b")),
        ("c/gov.toml", &uses("c", &[("d", "../d"), ("e", "../e")])),
        ("c/c.gov", &wrong("c")),
        ("d/gov.toml", &manifest("d")),
        ("d/d.gov", &clean("d")),
        ("e/gov.toml", &uses("e", &[("d", "../other")])),
        ("e/e.gov", &clean("e")),
        ("other/gov.toml", &manifest("d")),
        ("other/d.gov", &clean("d")),
    ])
    .unwrap();
    let ran = sandbox.gov(["check", "--format", "concise"]).unwrap();
    insta::assert_snapshot!(ran.stdout, @r"
    b/gov.toml:4:14: error[G0405] packages depend on one another: `a` on `b` on `a`
    e/gov.toml:4:14: error[G0102] two packages are named `d`: `d` and `other`
    ");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn nothing_to_check_is_wrong_usage() {
    let sandbox = Sandbox::with([("a/notes.txt", "none")]).unwrap();
    let ran = sandbox.gov(["check", "a"]).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ran.stderr, @r"
    error: there is no `.gov` file below `a`
    help: `gov new NAME` makes a package to begin with
    ");
    let ran = sandbox.gov(["check", "a/notes.txt"]).unwrap();
    assert_eq!(ran.code, Some(2));
    insta::assert_snapshot!(ran.stderr, @r"
    error: `a/notes.txt` is no `.gov` file
    help: name a folder, a `.gov` file or a `gov.toml`
    ");
}
