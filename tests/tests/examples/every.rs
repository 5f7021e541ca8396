//! What holds for each of them.

use gov_tests::Sandbox;

#[test]
fn every_example_checks_without_a_finding_passes_its_tests_and_is_formatted() {
    let sandbox = Sandbox::new().unwrap();
    let folders = super::examples();
    assert!(folders.len() >= 4, "{folders:?}");
    for folder in folders {
        let folder = folder.to_str().unwrap();
        for arguments in [vec!["check", "--format", "json"], vec!["test"], vec!["fmt", "--check"]] {
            let ran = sandbox.gov(arguments.iter().copied().chain([folder])).unwrap();
            assert_eq!(ran.code, Some(0), "gov {arguments:?} {folder}: {ran:?}");
            let found = ran.stdout.contains("\"severity\"");
            assert!(!found, "{folder} has a finding: {}", ran.stdout);
        }
    }
}

/// A test that does not reach a rule or an undo shows half of what an example is for.
#[test]
fn every_test_of_an_example_reaches_all_rules_and_steps() {
    let sandbox = Sandbox::new().unwrap();
    for folder in super::examples().into_iter().filter(|folder| !folder.ends_with("quickstart")) {
        let ran = sandbox.gov(["test", folder.to_str().unwrap()]).unwrap();
        let reached = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("reached: ")).unwrap_or_default();
        for part in reached.split(", ").filter(|part| part.ends_with("rules") || part.ends_with("steps")) {
            let (of, all) = part.split_once(" of ").unwrap();
            assert_eq!(Some(of), all.split(' ').next(), "{folder:?}: {part}");
        }
    }
}
