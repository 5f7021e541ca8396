//! `gov check` proving: the same bytes however it is run, little resources, and an end when somebody wants one.

use std::process::{Command, Stdio};
use std::time::Duration;

use gov_compiler::package::{File, Input};
use gov_compiler::verify::Options;
use gov_tests::Sandbox;

/// A package in four files, with something to find in each part of the proofs.
const FILES: [(&str, &str); 4] = [
    (
        "capabilities.gov",
        r#"package desk

context { frozen: Bool, hour: Int where hour >= 0 and hour < 24 }
role boss { user:boss }

capability db.read: read { input { id: String, n: Int, m: Int } output { open: Bool } cost 1 EUR }
capability db.put: write {
    input { id: String, n: Int where n >= 0 }
    output { key: String }
    effect irreversible local "puts" when n > 5, reversible local "puts" otherwise
    compensate with db.drop { key: output.key }
    idempotent
}
capability db.drop: write { input { key: String } compensate none because "an undo" retry until success idempotent }
capability mail.send: network { input { to: String } risk critical compensate none because "sent" idempotent }
"#,
    ),
    (
        "policies.gov",
        r#"package desk

policy strict {
    default deny
    allow system:rollback to db.drop
    deny agent:* to db.put when input.n > 3
    allow agent:x to db.put when input.n > 7
    allow agent:x to db.read when input.n + input.m > 3
    allow agent:* to db.read when input.n + input.m > 4 and context.hour > 3
    require approval from user:boss for user:boss to mail.send
}
policy open { default allow escalate never because "an example" }
prove some in strict: never allow agent:* to db.read when input.n > input.m
"#,
    ),
    (
        "workflows.gov",
        r#"package desk

workflow one(id: String, n: Int, ids: List<String>) {
    principal agent:x
    policy open
    budget 3 EUR, 4 calls, 1h
    for each in ids up to 3 { step put = db.put { id: each, n: n } }
    step mail = mail.send { to: id }
    step found = db.read { id: id, n: n, m: n }
}
workflow two(id: String) {
    principal agent:y
    policy strict
    parallel {
        step found = db.read { id: id, n: 2, m: 3 }
        step put = db.put { id: id, n: 9 }
    }
}
"#,
    ),
    ("claims.gov", "package desk\n\nprove undone in one: always undoes\nprove spent in one: spends at most 2 EUR\n"),
];

const MANIFEST: &str = "[package]\nname = \"desk\"\n";

fn check(files: impl DoubleEndedIterator<Item = (&'static str, &'static str)>, arguments: &[&str]) -> String {
    let sandbox = Sandbox::with([("gov.toml", MANIFEST)]).unwrap();
    for (path, text) in files {
        sandbox.write(path, text).unwrap();
    }
    let ran = sandbox.gov([&["check", "--format", "json"], arguments].concat()).unwrap();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{}", ran.stdout);
    ran.stdout
}

#[test]
fn the_bytes_do_not_depend_on_jobs_or_the_order_of_files() {
    let expected = check(FILES.into_iter(), &["--jobs", "1"]);
    for code in ["G1001", "G1101", "G1201", "G1206", "G1302", "G1304", "G1401"] {
        assert!(expected.contains(code), "{code} is to be found: {expected}");
    }
    for jobs in ["2", "3", "16"] {
        assert_eq!(check(FILES.into_iter(), &["--jobs", jobs]), expected, "--jobs {jobs}");
    }
    assert_eq!(check(FILES.into_iter().rev(), &[]), expected, "written the other way round");
}

/// Whoever gives the compiler the files in another order finds the same of each.
#[test]
fn what_is_found_does_not_depend_on_the_order_of_files() {
    let found = |order: [usize; 4]| {
        let file = |index: usize| File { path: FILES[index].0.into(), text: FILES[index].1.into() };
        let files = order.into_iter().map(file).collect();
        let mut checked = gov_compiler::check(&Input { files, ..Input::default() });
        gov_compiler::prove(&mut checked, &Options::default()).unwrap();
        let told = |found: &gov_compiler::diagnostic::Diagnostic| {
            let place = checked.sources.path(found.primary.span.file).to_owned();
            format!(
                "{place} {:?} {} {} {:?} {:?}",
                found.primary.span.range(),
                found.code,
                found.message,
                found.notes,
                found.witness
            )
        };
        let mut all: Vec<String> = checked.diagnostics.iter().map(told).collect();
        all.sort();
        let mut proofs: Vec<String> =
            checked.proofs.iter().map(|one| format!("{} {:?} {:?}", one.code, one.subject, one.outcome)).collect();
        proofs.sort();
        (all, proofs)
    };
    let expected = found([0, 1, 2, 3]);
    for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        assert_eq!(found(order), expected, "{order:?}");
    }
}

#[test]
fn what_the_solver_has_no_resources_for_is_an_error_that_says_what_to_do() {
    let starved = check(FILES.into_iter(), &["--rlimit", "1"]);
    let report: serde_json::Value = serde_json::from_str(&starved).unwrap();
    let unproved: Vec<&serde_json::Value> =
        report["diagnostics"].as_array().unwrap().iter().filter(|found| found["code"] == "G1402").collect();
    assert!(!unproved.is_empty());
    for found in unproved {
        assert_eq!(found["severity"], "error");
        assert!(found["help"].as_str().is_some_and(|help| help.contains("--rlimit")), "{found}");
    }
}

/// A proof that would take minutes ends when it is asked to. How soon is no matter of tests; that it ends is.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_long_proof() {
    let steps = |workflow: usize| {
        let conditions =
            |step: usize| format!("n * {} + m * {} != {}", step + 3, step * 7 + 5, step * 1_000_003 + workflow);
        (0..60).map(|step| format!("    check {} else \"no\"\n", conditions(step))).collect::<String>()
    };
    let workflows: String = (0..200)
        .map(|index| {
            format!("workflow w{index}(n: Int, m: Int) {{\n    principal agent:x\n    policy p\n{}}}\n", steps(index))
        })
        .collect();
    let text = format!("package long\npolicy p {{ default deny }}\n{workflows}");
    let sandbox = Sandbox::with([("a.gov", text.as_str())]).unwrap();
    let mut child = sandbox
        .command(".")
        .unwrap()
        .args(["check", "--jobs", "1", "--rlimit", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(child.try_wait().unwrap(), None, "the proof is to take longer than that");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert!(!status.success() && status.code() != Some(1), "it ended by itself: {status}");
}

/// The system's loader says what it loads. Where Z3 is linked as it is (see `scripts/setup.d/z3`), there is nothing to see.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn what_proves_nothing_starts_without_z3() {
    let sandbox = Sandbox::with(FILES).unwrap();
    let loads_z3 = |arguments: &[&str]| {
        let output = sandbox.command(".").unwrap().args(arguments).env("LD_DEBUG", "files").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("libc.so"), "{said}");
        said.contains("libz3.so")
    };
    if !loads_z3(&["check"]) {
        return;
    }
    for arguments in [["--version"].as_slice(), &["fmt", "--check"], &["runs"]] {
        assert!(!loads_z3(arguments), "{arguments:?}");
    }
}
