//! `gov diff`: plans, packages and git revisions, what ends with which exit code, and what cannot be read.

use std::path::Path;
use std::process::Command;

use gov_tests::{Ran, Sandbox};
use serde_json::Value;

const SHOP: &str = "package shop\n\n\
    role finance { user:alice }\n\n\
    capability pay.refund: network {\n    input { amount: Money<USD> where amount > 0 USD }\n    \
    effect irreversible external \"money leaves\"\n    risk high because \"moves money\"\n    \
    compensate manually because \"ask the bank\"\n}\n\n\
    policy desk {\n    default deny\n    require approval from role:finance for agent:support to pay.refund\n}\n";

fn wider() -> String {
    SHOP.replace("agent:support to", "agent:* to")
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(folder).args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]);
    let ran = git.args(arguments).output().unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// A repository whose one commit has the package in `shop/`, with its plan beside it.
fn repository() -> Sandbox {
    let manifest = "[package]\nname = \"shop\"\n";
    let sandbox = Sandbox::with([("shop/shop.gov", SHOP), ("shop/gov.toml", manifest)]).unwrap();
    let compiled = sandbox.gov(["compile", "shop", "-o", "plan.yaml"]).unwrap();
    assert_eq!(compiled.code, Some(0), "{}", compiled.stderr);
    git(&sandbox.path("."), &["init", "--quiet", "--initial-branch=main"]);
    git(&sandbox.path("."), &["add", "."]);
    git(&sandbox.path("."), &["commit", "--quiet", "--message=first"]);
    sandbox
}

fn direction(ran: &Ran) -> String {
    let json: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    json["direction"].as_str().unwrap().to_owned()
}

#[test]
fn plans_and_packages_are_compared() {
    let sandbox = Sandbox::with([("old.gov", SHOP), ("new.gov", &wider())]).unwrap();
    for name in ["old", "new"] {
        let plan = format!("{name}.yaml");
        assert_eq!(sandbox.gov(["compile", &format!("{name}.gov"), "-o", &plan]).unwrap().code, Some(0));
    }
    for (old, new) in [("old.yaml", "new.yaml"), ("old.gov", "new.yaml"), ("old.yaml", "new.gov")] {
        let ran = sandbox.gov(["diff", old, new, "--format", "json"]).unwrap();
        assert_eq!((ran.code, direction(&ran).as_str()), (Some(0), "wider"), "{old} {new}");
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(json["policies"][0]["changes"][0]["who"], serde_json::json!(["agent:*"]));
        let denied = sandbox.gov(["diff", old, new, "--deny", "widening"]).unwrap();
        assert_eq!(denied.code, Some(1));
        assert!(denied.stderr.contains("lets more through"), "{}", denied.stderr);
    }
    let back = sandbox.gov(["diff", "new.yaml", "old.yaml", "--format", "json", "--deny", "widening"]).unwrap();
    assert_eq!((back.code, direction(&back).as_str()), (Some(0), "narrower"));
    let same = sandbox.gov(["diff", "old.gov", "old.yaml", "--deny", "widening"]).unwrap();
    assert_eq!(same.code, Some(0));
    assert!(same.stdout.contains("both plans are the same"), "{}", same.stdout);
}

/// The witness of a change is a line of a batch: both plans decide it as the difference says.
#[test]
fn a_witness_is_decided_as_it_is_told() {
    let sandbox = Sandbox::with([("old.gov", SHOP), ("new.gov", &wider())]).unwrap();
    let ran = sandbox.gov(["diff", "old.gov", "new.gov", "--format", "json"]).unwrap();
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let change = &json["policies"][0]["changes"][0];
    sandbox.write("requests.jsonl", format!("{}\n", change["witness"])).unwrap();
    for (plan, side) in [("old.gov", "before"), ("new.gov", "after")] {
        let decided = sandbox.gov(["decide", plan, "--batch", "requests.jsonl"]).unwrap();
        let decided: Value = serde_json::from_str(&decided.stdout).unwrap();
        assert_eq!(decided["decision"], change[side]["decision"], "{plan}");
    }
}

#[test]
fn a_revision_is_compared_with_the_working_tree_or_another_revision() {
    let sandbox = repository();
    let diff = |arguments: &[&str]| {
        let all = [&["diff", "--format", "json"], arguments].concat();
        let ran = sandbox.gov(&all).unwrap();
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        direction(&ran)
    };
    assert_eq!(diff(&["--git", "main", "shop"]), "same");
    sandbox.write("shop/shop.gov", wider()).unwrap();
    assert_eq!(diff(&["--git", "main", "shop"]), "wider");
    assert_eq!(diff(&["--git", "main", "shop/shop.gov"]), "wider");
    assert_eq!(diff(&["--git", "HEAD", "plan.yaml"]), "same");
    git(&sandbox.path("."), &["commit", "--quiet", "--all", "--message=second"]);
    assert_eq!(diff(&["--git", "HEAD~1..HEAD", "shop"]), "wider");
    assert_eq!(diff(&["--git", "HEAD..HEAD~1", "shop"]), "narrower");
    let inside = sandbox.gov_in("shop", ["diff", "--git", "HEAD~1", "--format", "json"]).unwrap();
    assert_eq!((inside.code, direction(&inside).as_str()), (Some(0), "wider"));
    // A package that a package depends on is that of the revision too.
    let uses = "[package]\nname = \"app\"\n[dependencies]\nshop = { path = \"../shop\" }\n";
    let app = "package app\nuse shop\npolicy p {\n    default deny\n    allow agent:a to pay.refund\n}\n";
    sandbox.write("app/gov.toml", uses).unwrap();
    sandbox.write("app/app.gov", app).unwrap();
    git(&sandbox.path("."), &["add", "."]);
    git(&sandbox.path("."), &["commit", "--quiet", "--message=third"]);
    sandbox.write("shop/shop.gov", wider().replace("risk high", "risk critical")).unwrap();
    let ran = sandbox.gov(["diff", "--git", "HEAD", "app", "--format", "json"]).unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let risk = &json["text"][0]["fields"][0];
    assert_eq!(
        (risk["name"].as_str(), risk["after"].as_str()),
        (Some("risk"), Some("critical because \"moves money\""))
    );
}

#[test]
fn what_cannot_be_compared_says_why() {
    let sandbox = repository();
    let outside = Sandbox::with([("shop.gov", SHOP)]).unwrap();
    let plan = sandbox.read("plan.yaml").unwrap();
    sandbox.write("drifted.yaml", plan.replace("agent:support", "agent:other")).unwrap();
    sandbox.write("note.yaml", "hello: world\n").unwrap();
    let fails = |sandbox: &Sandbox, arguments: &[&str], code: i32, says: &str| {
        let ran = sandbox.gov([&["diff"], arguments].concat()).unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("/tmp/.tmp"), "{}", ran.stderr);
    };
    fails(&sandbox, &["--git", "nowhere", "shop"], 2, "there is no git revision `nowhere`");
    fails(&sandbox, &["--git=--upload-pack=x", "shop"], 2, "there is no git revision `--upload-pack=x`");
    fails(&sandbox, &["--git", "main", "gone"], 2, "there is no `gone` in the revision `main`");
    fails(&outside, &["--git", "main", "shop.gov"], 2, "`shop.gov` is in no git repository");
    fails(&sandbox, &["plan.yaml"], 2, "a difference has two sides");
    fails(&sandbox, &["--git", "main", "shop", "plan.yaml"], 2, "two were named");
    fails(&sandbox, &["plan.yaml", "missing.yaml"], 2, "cannot read `missing.yaml`");
    fails(&sandbox, &["plan.yaml", "drifted.yaml"], 2, "the plan was changed after it was made");
    fails(&sandbox, &["plan.yaml", "note.yaml"], 2, "`note.yaml` is not a plan that can be used");
    sandbox.write("shop/shop.gov", "package shop\nrole {\n").unwrap();
    fails(&sandbox, &["--git", "main", "shop"], 1, "G0001");
    git(&sandbox.path("."), &["commit", "--quiet", "--all", "--message=broken"]);
    sandbox.write("shop/shop.gov", SHOP).unwrap();
    fails(&sandbox, &["--git", "main", "shop"], 1, "main:shop/shop.gov");
}
