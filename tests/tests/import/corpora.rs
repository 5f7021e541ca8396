//! Files that nobody on this project wrote, from `../shared/corpora` beside the project. They come in whole, and the check finds
//! what is known to be wrong with them.

use std::fs;
use std::path::{Path, PathBuf};

use gov_tests::Sandbox;

/// A folder of the corpora; nothing, where they are not.
fn corpus(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora").join(path);
    let there = folder.exists();
    if !there {
        eprintln!("skipped: there is no `../shared/corpora/{path}` beside the project");
    }
    there.then_some(folder)
}

/// Imports into `main.gov` of a new folder; that folder, and what was said.
fn import(kind: &str, from: &Path, package: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new().unwrap();
    let from = from.to_str().unwrap();
    let ran = sandbox.gov(["import", kind, from, "--package", package, "-o", "main.gov"]).unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let formatted = sandbox.gov(["fmt", "--check", "main.gov"]).unwrap();
    assert_eq!(formatted.code, Some(0), "{from}: {formatted:?}");
    (sandbox, ran.stderr)
}

/// What the check finds, a line each.
fn findings(sandbox: &Sandbox) -> Vec<String> {
    let ran = sandbox.gov(["check", ".", "--pedantic", "--format", "concise"]).unwrap();
    ran.stdout.lines().map(str::to_owned).collect()
}

#[track_caller]
fn finds(findings: &[String], code: &str, words: &str) {
    let found = findings.iter().any(|found| found.contains(&format!("[{code}]")) && found.contains(words));
    assert!(found, "{code} about {words}: {findings:#?}");
}

#[test]
fn every_file_of_ai_first_comes_in() {
    let Some(folder) = corpus("ai-first") else { return };
    for kind in ["policies", "capabilities", "workflows"] {
        for file in fs::read_dir(folder.join(kind)).unwrap() {
            import("ai-first", &file.unwrap().path(), "own");
        }
        import("ai-first", &folder.join(kind), "own");
    }
}

#[test]
fn entries_that_guard_nothing_are_found() {
    let Some(folder) = corpus("ai-first/policies") else { return };
    for (file, nothing) in [
        ("policies.yaml", &["io.fs.delete_file", "io.fs.create_directory", "sys.run_command"][..]),
        ("policies-v3.yaml", &["io.fs.delete_file", "io.fs.create_directory"]),
    ] {
        let (sandbox, _) = import("ai-first", &folder.join(file), "own");
        let found = findings(&sandbox);
        for id in nothing {
            finds(&found, "G1204", &format!("`{id}` matches no capability"));
        }
        assert!(!found.iter().any(|found| found.contains("`io.fs.read_file`")), "{found:#?}");
    }
}

/// The rule "for testing" is cut into by two before it, once there is something for those to decide about.
#[test]
fn the_rule_for_testing_is_partly_shadowed() {
    let Some(folder) = corpus("ai-first/policies") else { return };
    let (sandbox, _) = import("ai-first", &folder.join("policies-v3.yaml"), "own");
    let missing: Vec<String> = findings(&sandbox)
        .iter()
        .filter(|found| found.contains("[G1204]"))
        .filter_map(|found| found.split('`').nth(1).map(str::to_owned))
        .collect();
    let declared = missing.iter().filter(|id| !id.starts_with("io.fs.")).map(|id| {
        let id = id.replace(".*", ".all");
        format!("capability {id}: execute {{ risk critical compensate none because \"an example\" }}\n")
    });
    let declared: String = declared.collect();
    sandbox.write("declared.gov", format!("package own\n{declared}")).unwrap();
    let text = sandbox.read("main.gov").unwrap();
    let text = text.replace("io.fs.create_directory", "io.fs.make_dir").replace("io.fs.delete_file", "io.fs.delete");
    sandbox.write("main.gov", &text).unwrap();
    let found = findings(&sandbox);
    let line = text.lines().position(|line| line.contains("agent:test_*")).unwrap() + 1;
    let cut = found.iter().find(|found| found.contains("[G1207]") && found.contains(&format!("main.gov:{line}:")));
    assert!(cut.is_some(), "line {line}: {found:#?}");
}

#[test]
fn what_is_wrong_with_the_onboarding_is_found() {
    let Some(folder) = corpus("ai-first/workflows") else { return };
    let (sandbox, said) = import("ai-first", &folder.join("customer_onboarding.yaml"), "own");
    assert!(said.contains("where `account_id` comes from: nothing before is declared to give it"), "{said}");
    // Names come first: nothing is proved of a workflow whose names mean nothing.
    let found = findings(&sandbox);
    for name in ["account_id", "tenant_id", "approver_email"] {
        finds(&found, "G0101", &format!("there is no name `{name}`"));
    }
    finds(&found, "G1204", "`crm.update_account`");
    // With names that are bound, the rest is found.
    let text = sandbox.read("main.gov").unwrap();
    let text = text
        .replace("account_id: account_id", "account_id: create_account.account_id")
        .replace("tenant_id: tenant_id", "tenant_id: provision_resources.tenant_id")
        .replace("approved_by: approver_email", "approved_by: human_approval.by")
        .replace(", crm.update_account", "")
        .replace(
            "capability crm.create_account: execute {",
            "capability crm.create_account: execute { output { account_id: String }",
        )
        .replace(
            "capability cloud.provision_tenant: execute {",
            "capability cloud.provision_tenant: execute { output { tenant_id: String }",
        );
    sandbox.write("main.gov", text).unwrap();
    let found = findings(&sandbox);
    finds(&found, "G1001", "`email.send`");
    finds(&found, "G1101", "`send_welcome_email`");
    assert!(!found.iter().any(|found| found.contains("[G0101]")), "{found:#?}");
}

#[test]
fn the_compensation_that_names_nothing_is_found() {
    let Some(file) = corpus("ai-first/capabilities/net.github.get_repo.yaml") else { return };
    let (sandbox, said) = import("ai-first", &file, "own");
    assert!(said.contains("it is said to be `automatic`, and names no capability"), "{said}");
    finds(&findings(&sandbox), "G0104", "`net.github.get_repo` has no `compensate` clause");
}

#[test]
fn every_tool_of_github_comes_in_as_it_says_it_is() {
    let Some(folder) = corpus("github-mcp/tools") else { return };
    let (sandbox, said) = import("mcp", &folder, "github");
    let counted = "117 tools: 58 only read, 10 are destructive, 24 are not, 25 are silent and taken as destructive";
    assert!(said.contains(counted), "{said}");
    let text = sandbox.read("main.gov").unwrap();
    let of = |kind: &str| text.lines().filter(|line| line.starts_with("capability ") && line.ends_with(kind)).count();
    assert_eq!((of(": read {"), of(": write {"), of(": delete {")), (58, 24, 35));
    assert_eq!(text.matches("that is the protocol's default").count(), 25);
    assert_eq!(findings(&sandbox), [""; 0]);
    // Names that Gov does not write go with the handler, and nothing of them is lost.
    assert!(!said.contains("the name `"), "{said}");
    let paged = text.lines().filter(|line| line.contains("per_page: \"perPage\"")).count();
    let camel = fs::read_dir(&folder)
        .unwrap()
        .filter(|tool| fs::read_to_string(tool.as_ref().unwrap().path()).unwrap().contains("\"perPage\":"));
    assert_eq!(paged, camel.count());
}
