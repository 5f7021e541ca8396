//! What others run in their CI: the steps of the GitHub Action, and the hooks of pre-commit, with the `gov` that is built here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gov_tests::{Sandbox, gov};
use serde_json::Value;

const SHOP: &str = "package shop\n\n\
    capability crm.read: read {\n    input { order: String }\n}\n\n\
    policy desk {\n    default deny\n    allow agent:support to crm.read\n}\n\n\
    test \"support reads\" {\n    expect allow for agent:support to crm.read { order: \"o\" }\n}\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn yaml(path: &str) -> Value {
    serde_yaml_ng::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// A repository on GitHub as an action sees it, and a pull request to it.
struct Runner {
    sandbox: Sandbox,
    base: String,
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

/// What stands in for GitHub's own program, which the comment is sent with: it keeps what it is called with.
const GH: &str = "#!/usr/bin/env bash\necho \"$*\" >>\"$RUNNER_TEMP/gh.log\"\n\
    for word in \"$@\"; do case $word in body=@*) cp \"${word#body=@}\" \"$RUNNER_TEMP/sent.md\";; esac; done\n\
    case \"$*\" in *--paginate*) cat \"$RUNNER_TEMP/known\" 2>/dev/null || true;; esac\n";

impl Runner {
    fn new(inputs: &[(&str, &str)]) -> Runner {
        let sandbox = Sandbox::with([("work/shop.gov", SHOP), ("bin/gh", GH)]).unwrap();
        fs::create_dir(sandbox.path("temp")).unwrap();
        let chmod = Command::new("chmod").arg("+x").arg(sandbox.path("bin/gh")).status().unwrap();
        assert!(chmod.success());
        let mut runner = Runner { sandbox, base: String::new(), inputs: BTreeMap::new(), outputs: BTreeMap::new() };
        let action = yaml(".github/actions/gov/action.yml");
        for (name, input) in action["inputs"].as_object().unwrap() {
            let default = input["default"].as_str().unwrap().replace("${{ github.token }}", "token");
            runner.inputs.insert(name.clone(), default);
        }
        for (name, value) in inputs {
            assert!(runner.inputs.insert((*name).to_owned(), (*value).to_owned()).is_some(), "{name}");
        }
        runner.git(&["init", "--quiet", "--initial-branch=main"]);
        runner.commit();
        runner.base = runner.git(&["rev-parse", "HEAD"]).trim().to_owned();
        runner
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.current_dir(self.sandbox.path("work")).args(["-c", "user.name=t", "-c", "user.email=t@t"]);
        let ran = git.args(arguments).output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message=change"]);
    }

    /// An expression of the action's as GitHub replaces it.
    fn value(&self, expression: &str) -> String {
        let inner = expression.trim().trim_start_matches("${{").trim_end_matches("}}").trim();
        match inner.split('.').collect::<Vec<_>>().as_slice() {
            ["inputs", name] => self.inputs[*name].clone(),
            ["steps", step, "outputs", name] => {
                self.outputs.get(&format!("{step}.{name}")).cloned().unwrap_or_default()
            }
            ["github", "event", "pull_request", "base", "sha"] => self.base.clone(),
            ["github", "event", "pull_request", "number"] => "7".to_owned(),
            _ => panic!("`{expression}` is nothing that this test knows"),
        }
    }

    /// Runs the steps of the action until one fails.
    fn run(&mut self) -> Output {
        let action = yaml(".github/actions/gov/action.yml");
        let mut last = None;
        for step in action["runs"]["steps"].as_array().unwrap() {
            let script = step["run"].as_str().unwrap();
            assert_eq!(step["shell"], "bash");
            assert!(!script.contains("${{"), "what others write becomes part of a script: {script}");
            let (temp, output) = (self.sandbox.path("temp"), self.sandbox.path("temp/output"));
            fs::write(&output, "").unwrap();
            // As GitHub runs it.
            let mut bash = Command::new("bash");
            bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
            let program = gov().unwrap();
            let path = [program.parent().unwrap().to_owned(), self.sandbox.path("bin")];
            let path = std::env::join_paths(
                path.into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
            );
            bash.current_dir(self.sandbox.path("work")).env("PATH", path.unwrap());
            bash.env("RUNNER_TEMP", &temp).env("GITHUB_OUTPUT", &output).env("GITHUB_REPOSITORY", "acme/shop");
            bash.env("GITHUB_STEP_SUMMARY", temp.join("summary.md"));
            bash.env("GITHUB_ACTION_PATH", root().join(".github/actions/gov"));
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                bash.env(name, self.value(value.as_str().unwrap()));
            }
            let ran = bash.output().unwrap();
            for line in fs::read_to_string(&output).unwrap().lines() {
                let (name, value) = line.split_once('=').unwrap();
                self.outputs.insert(format!("{}.{name}", step["id"].as_str().unwrap()), value.to_owned());
            }
            let failed = !ran.status.success();
            last = Some(ran);
            if failed {
                break;
            }
        }
        last.unwrap()
    }

    fn read(&self, name: &str) -> String {
        self.sandbox.read(&format!("temp/{name}")).unwrap_or_default()
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_action_says_what_a_pull_request_changes() {
    let mut runner = Runner::new(&[]);
    runner.sandbox.write("work/shop.gov", SHOP.replace("allow agent:support", "allow agent:*")).unwrap();
    let ran = runner.run();
    assert!(ran.status.success(), "{}", said(&ran));
    let sent = runner.read("sent.md");
    assert!(sent.starts_with("<!-- gov diff -->\n## 🔴 wider"), "{sent}");
    assert!(sent.contains("`agent:*`"), "{sent}");
    assert_eq!(runner.read("summary.md"), sent.replacen("<!-- gov diff -->\n", "", 1));
    assert!(runner.read("gh.log").contains("issues/7/comments --method POST"), "{}", runner.read("gh.log"));
    // A comment that is there already is written anew.
    runner.sandbox.write("temp/known", "41\n").unwrap();
    assert!(runner.run().status.success());
    assert!(runner.read("gh.log").contains("issues/comments/41 --method PATCH"), "{}", runner.read("gh.log"));
}

#[test]
fn the_action_fails_where_it_has_to() {
    let wider = SHOP.replace("allow agent:support", "allow agent:*");
    let mut runner = Runner::new(&[("deny-widening", "true")]);
    assert!(runner.run().status.success());
    runner.sandbox.write("work/shop.gov", &wider).unwrap();
    let ran = runner.run();
    assert_eq!(ran.status.code(), Some(1), "{}", said(&ran));
    assert!(runner.read("sent.md").contains("wider"));

    let mut runner = Runner::new(&[("plan", "plan.yaml")]);
    let compiled = runner.sandbox.gov_in("work", ["compile", "-o", "plan.yaml"]).unwrap();
    assert_eq!(compiled.code, Some(0), "{}", compiled.stderr);
    let ran = runner.run();
    assert!(ran.status.success(), "{}", said(&ran));
    runner.sandbox.write("work/shop.gov", &wider).unwrap();
    let ran = runner.run();
    assert!(said(&ran).contains("is not the plan of the source"), "{}", said(&ran));
    assert_eq!(ran.status.code(), Some(1));

    let mut runner = Runner::new(&[]);
    runner.sandbox.write("work/shop.gov", SHOP.replace("expect allow", "expect deny")).unwrap();
    assert_eq!(runner.run().status.code(), Some(1));
    runner.sandbox.write("work/shop.gov", "package shop\nrole {\n").unwrap();
    let ran = runner.run();
    assert!(said(&ran).contains("::error file=shop.gov"), "{}", said(&ran));
}

#[test]
fn the_action_has_nothing_to_compare_with_at_first() {
    let mut runner = Runner::new(&[("path", "desk")]);
    runner.sandbox.write("work/desk/desk.gov", SHOP.replace("package shop", "package desk")).unwrap();
    let ran = runner.run();
    assert!(ran.status.success(), "{}", said(&ran));
    assert!(runner.read("sent.md").contains("no plan of the base"), "{}", runner.read("sent.md"));
    runner.base.clear();
    fs::remove_file(runner.sandbox.path("temp/sent.md")).unwrap();
    runner.outputs.clear();
    assert!(runner.run().status.success());
    assert_eq!(runner.read("sent.md"), "");
}

#[test]
fn the_example_uses_what_the_action_has() {
    let (action, example) = (yaml(".github/actions/gov/action.yml"), yaml(".github/actions/gov/example.yml"));
    let steps = example["jobs"]["gov"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["uses"].as_str().unwrap().contains("actions/gov@")).unwrap();
    let folder = step["uses"].as_str().unwrap().trim_start_matches("OWNER/gov/").split('@').next().unwrap();
    assert!(root().join(folder).join("action.yml").exists());
    for name in step["with"].as_object().unwrap().keys() {
        assert!(action["inputs"].get(name).is_some(), "{name}");
    }
    assert_eq!(example["permissions"]["pull-requests"], "write");
}

#[test]
fn the_hooks_check_and_format() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hook = |id: &str| hooks.as_array().unwrap().iter().find(|hook| hook["id"] == id).unwrap().clone();
    let run = |sandbox: &Sandbox, id: &str| {
        let hook = hook(id);
        assert_eq!(hook["language"], "system");
        let mut words = hook["entry"].as_str().unwrap().split(' ');
        assert_eq!(words.next(), Some("gov"));
        let mut words: Vec<&str> = words.collect();
        if hook["pass_filenames"] != false {
            words.push("shop.gov");
        }
        sandbox.gov(words).unwrap().code
    };
    let sandbox = Sandbox::with([("shop.gov", SHOP.replace("    default", "  default").as_str())]).unwrap();
    assert_eq!(run(&sandbox, "gov-check"), Some(0));
    // A hook that changes a file is one that failed: pre-commit looks at the files.
    assert_eq!(run(&sandbox, "gov-fmt"), Some(0));
    assert_eq!(sandbox.read("shop.gov").unwrap(), SHOP);
    sandbox.write("shop.gov", "package shop\nrole {\n").unwrap();
    assert_eq!(run(&sandbox, "gov-check"), Some(1));
}
