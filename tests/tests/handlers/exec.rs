//! `handler exec { … }` and `sys.exec.run` with real programs.

use crate::shop::{Run, Shop};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

const PACKAGE: &str = r#"package shop

use std.sys.exec

/// Weigh a text.
capability tools.weigh: execute {
    input   { text: String }
    output  { words: Int, said: String }
    effect  none
    risk    low because "it is a test"
    compensate none because "it is a test"
    retry   2 times on transient
    timeout 60s
    handler exec { program: "tool", args: ["--as", "{text}"], secret: "TOOL_KEY" }
}

/// The same, but it does something.
capability tools.act: execute {
    input   { text: String }
    output  { words: Int }
    effect  irreversible local "does something"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    retry   2 times on transient
    timeout 2s
    handler exec { program: "tool" }
}

policy desk {
    default deny
    escalate never because "it is a test"
    allow any to tools.*, sys.exec.*
}

workflow weigh(text: String) -> { words: Int, said: String } {
    principal agent:support
    policy    desk
    step done = tools.weigh { text: text }
    return { words: done.words, said: done.said }
}

workflow act(text: String) -> { words: Int } {
    principal agent:support
    policy    desk
    step done = tools.act { text: text }
    return { words: done.words }
}

workflow run(program: String, args: List<String>, stdin: String) -> { code: Int, stdout: String, stderr: String } {
    principal agent:support
    policy    desk
    step done = sys.exec.run { program: program, args: args, stdin: stdin }
    return { code: done.code, stdout: done.stdout, stderr: done.stderr }
}
"#;

const SECRET: &str = "tool_0123456789";

/// A shop with a program that is this script.
fn shop(script: &str, more: &str) -> Shop {
    let config = format!(
        "[handlers.exec.tool]\npath = \"tool\"\n{more}\n[handlers.exec.sh]\npath = \"/bin/sh\"\n\
         [handlers.exec.cat]\npath = \"/bin/cat\"\n[secrets]\nTOOL_KEY = {{ env = \"TOOL_KEY\" }}\n"
    );
    let shop = Shop::new(PACKAGE, &config).with("TOOL_KEY", SECRET).with("LEAKED", "from outside");
    shop.folder.write("tool", format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(shop.folder.path("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    shop
}

fn weigh(shop: &Shop) -> Run {
    shop.run("weigh", &json!({ "text": "a $(touch x) b" }))
}

fn sh(shop: &Shop, script: &str) -> Run {
    shop.run("run", &json!({ "program": "sh", "args": ["-c", script], "stdin": "" }))
}

#[test]
fn the_input_is_json_and_so_is_the_output() {
    let shop =
        shop(r#"input=$(cat); printf '{ "words": %s, "said": "%s", "more": 1 }' "$#" "$2"; echo "$input" >&2"#, "");
    let run = weigh(&shop);
    assert_eq!(*run.output(), json!({ "words": 2, "said": "a $(touch x) b" }), "{run:?}");
    let echoed = shop.run("run", &json!({ "program": "cat", "args": [], "stdin": "{ \"text\": 1 }" }));
    assert_eq!(*echoed.output(), json!({ "code": 0, "stdout": "{ \"text\": 1 }", "stderr": "" }));
}

#[test]
fn the_environment_is_cleared() {
    let shop = shop("true", "");
    let run = sh(&shop, "env | sort | cut -d= -f1 | tr '\\n' ' '; pwd | grep -q gov-exec- && echo own");
    let said = run.output()["stdout"].as_str().unwrap_or_else(|| panic!("{run:?}"));
    assert_eq!(said, "GOV_KEY GOV_RUN HOME LANG PATH PWD TMPDIR own\n");
}

#[test]
fn a_secret_is_handed_over_and_written_down_nowhere() {
    let shop = shop(r#"printf '{ "words": 1, "said": "%s" }' "$TOOL_KEY""#, "");
    let run = weigh(&shop);
    assert_eq!(run.output()["said"], "[secret TOOL_KEY]", "{run:?}");
    let written = shop.written();
    assert!(!written.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    let shop = shop_without_secret();
    weigh(&shop).failed_saying("the secret `TOOL_KEY` is missing");
}

fn shop_without_secret() -> Shop {
    let shop = shop("touch started", "write = [\".\"]\nfolder = \".\"");
    let config = shop.folder.read("gov.toml").unwrap().replace("env = \"TOOL_KEY\"", "env = \"GOV_TEST_NOT_SET\"");
    shop.folder.write("gov.toml", config).unwrap();
    shop
}

#[test]
fn what_it_ends_with_says_what_it_means() {
    let run = weigh(&shop("echo \"no  such\n text\" >&2; exit 3", ""));
    run.failed_saying("`tool` ended with 3: no such text");
    assert_eq!(run.attempts(), 1);
    let run = weigh(&shop("exit 75", ""));
    run.failed_saying("`tool` ended with 75");
    assert_eq!(run.attempts(), 2, "{run:?}");
    let run = shop("kill -9 $$", "").run("act", &json!({ "text": "" }));
    assert_eq!(run.state(), "stuck", "{run:?}");
    let code = sh(&shop("true", ""), "echo out; echo err >&2; exit 4");
    assert_eq!(*code.output(), json!({ "code": 4, "stdout": "out\n", "stderr": "err\n" }));
}

#[test]
fn what_it_writes_has_to_fit() {
    for (script, words) in [
        ("echo '{ \"words\": \"two\", \"said\": \"\" }'", "`words`"),
        ("echo '{ \"words\": 1 }'", "`said`"),
        ("true", "`words`"),
        ("echo nonsense", "is no JSON"),
        ("echo '{ \"words\": 1, \"words\": 2, \"said\": \"\" }'", "is no JSON"),
        ("printf '\\377'", "is not UTF-8"),
        ("yes", "wrote more than 4096 bytes"),
    ] {
        weigh(&shop(script, "output = \"4KiB\"")).failed_saying(words);
    }
}

#[test]
fn only_programs_that_are_named_are_started() {
    let shop = shop("true", "");
    shop.run("run", &json!({ "program": "/bin/echo", "args": [], "stdin": "" }))
        .failed_saying("does not allow the program");
    std::fs::remove_file(shop.folder.path("tool")).unwrap();
    weigh(&shop).failed_saying("`tool` cannot be started: no such file");
    shop.folder.write("tool", "no program").unwrap();
    weigh(&shop).failed_saying("`tool` cannot be started: permission denied");
}

#[test]
fn all_that_it_started_ends_with_it() {
    // The children write to the folder of the test, which they may not, once the sandbox is on.
    let open = "sandbox = \"off\"\nfolder = \".\"";
    let late = "(sleep 2; echo late > late) & (sleep 2; echo late > late) >/dev/null 2>&1 & ";
    let done = shop(&format!("{late} echo '{{ \"words\": 1, \"said\": \"\" }}'"), open);
    assert_eq!(weigh(&done).state(), "completed");
    let slow = shop(&format!("{late} sleep 60"), open);
    let run = slow.run("act", &json!({ "text": "" }));
    assert_eq!((run.state(), run.attempts()), ("stuck", 1), "{run:?}");
    assert!(run.account["steps"][0]["state"] == "in_doubt", "{run:?}");
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(!done.folder.path("late").exists() && !slow.folder.path("late").exists());
}

#[test]
fn what_it_uses_is_bounded() {
    let busy = weigh(&shop("while :; do :; done", "cpu = \"1s\""));
    busy.failed_saying("more time of the processor");
    let files = shop("head -c 100000 /dev/zero > large; echo '{ \"words\": 1, \"said\": \"\" }'", "file = \"4KiB\"");
    let run = weigh(&files);
    // The signal ends `head`, and the shell goes on.
    assert_eq!(run.state(), "completed", "{run:?}");
    let memory = shop(
        "x=$(head -c 300000000 /dev/zero | tr '\\0' x); echo '{ \"words\": 1, \"said\": \"\" }'",
        "memory = \"100MiB\"",
    );
    assert_ne!(weigh(&memory).state(), "completed");
}

#[test]
fn the_kernel_keeps_it_from_files_and_the_network() {
    if !has_landlock() {
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "cat ../plan.yaml >/dev/null 2>&1 && echo read; cat \"$1\" >/dev/null 2>&1 && echo given; \
         echo x > /tmp/gov-test-not-there 2>/dev/null && echo wrote; echo x > own && echo owned; \
         python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}))' 2>/dev/null && echo connected; true"
    );
    let said = |more: &str| {
        let shop = Shop::new(PACKAGE, "");
        let plan = shop.folder.path("plan.yaml").display().to_string();
        shop.folder.write("gov.toml", format!("[handlers.exec.sh]\npath = \"/bin/sh\"\n{more}\n")).unwrap();
        let run = shop.run("run", &json!({ "program": "sh", "args": ["-c", script, "sh", plan], "stdin": "" }));
        run.output()["stdout"].as_str().unwrap_or_else(|| panic!("{run:?}")).to_owned()
    };
    assert_eq!(said("sandbox = \"required\""), "owned\n");
    assert_eq!(said("read = [\"plan.yaml\"]"), "given\nowned\n");
    let open = said("sandbox = \"off\"");
    std::fs::remove_file("/tmp/gov-test-not-there").unwrap();
    assert!(open.contains("given\nwrote\nowned\n"), "{open}");
}

/// Whether the kernel has Landlock; in CI it does.
fn has_landlock() -> bool {
    let has = std::fs::read_to_string("/sys/kernel/security/lsm").is_ok_and(|names| names.contains("landlock"));
    let shop = shop("echo '{ \"words\": 1, \"said\": \"\" }'", "sandbox = \"required\"");
    let has = has || weigh(&shop).state() == "completed";
    assert!(has || std::env::var("CI").is_err(), "the kernel has no Landlock");
    has
}

#[test]
fn programs_are_outside_too() {
    let shop = shop("true", "");
    let run = shop.run_with("weigh", &json!({ "text": "" }), &["--external", "forbidden"]);
    run.failed_saying("forbids calls to the outside");
}
