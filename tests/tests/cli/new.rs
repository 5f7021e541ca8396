//! `gov new` and `gov completions`.

use gov_tests::Sandbox;

#[test]
fn a_new_package_checks_clean() {
    let sandbox = Sandbox::new().unwrap();
    assert_eq!(sandbox.gov(["new", "some/where/acme.support"]).unwrap().code, Some(0));
    assert_eq!(sandbox.read("some/where/acme.support/gov.toml").unwrap(), "[package]\nname = \"acme.support\"\n");
    let ran = sandbox.gov_in("some/where/acme.support", ["check", "--format", "concise"]).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn nothing_is_overwritten() {
    let sandbox = Sandbox::with([("a/main.gov", "mine")]).unwrap();
    let ran = sandbox.gov(["new", "a"]).unwrap();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), "error: `a` exists and is not empty\n"));
    assert_eq!(sandbox.read("a/main.gov").unwrap(), "mine");
    let ran = sandbox.gov(["new", "a/main.gov/b"]).unwrap();
    assert_eq!(ran.code, Some(2));
}

#[test]
fn a_name_must_be_one_that_files_can_write() {
    let sandbox = Sandbox::new().unwrap();
    for name in ["Acme", "a b", "std.x", "..", "a..b", "1a"] {
        let ran = sandbox.gov(["new", name]).unwrap();
        assert_eq!(ran.code, Some(2), "{name}");
        assert!(ran.stderr.contains("is no package name"), "{}", ran.stderr);
    }
}

#[test]
fn shells_can_complete() {
    let sandbox = Sandbox::new().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = sandbox.gov(["completions", shell]).unwrap();
        assert_eq!(ran.code, Some(0));
        for word in ["check", "explain", "completions", "format"] {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_help_of_each_command_shows_an_example() {
    let sandbox = Sandbox::new().unwrap();
    let help = sandbox.gov(["--help"]).unwrap().stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A description that is too long for its line goes on in the next one, further in.
    let names = commands.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let commands: Vec<_> =
        names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    assert!(commands.len() >= 4, "{commands:?}");
    for command in commands {
        let help = sandbox.gov([command, "--help"]).unwrap().stdout;
        assert!(help.contains("Example") && help.contains(&format!("\n  gov {command}")), "{help}");
    }
}
