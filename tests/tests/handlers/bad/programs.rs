//! Handlers that start programs.

use super::Bad::{Refused, Secret, Shape, Size, Text, Time};
use super::Kind::{Misfit, Permanent, Transient, Unknown};
use super::{Family, cases, hold, variable};
use crate::program::{packages, python, python_needs, script};
use gov_tests::Sandbox;

pub fn families() -> Vec<Family> {
    vec![run(), exec(), mcp()]
}

const PROGRAMS: &str = "[secrets]\nGONE = { env = \"GOV_TEST_NOT_SET\" }\n\
                        [handlers.exec.sh]\npath = \"/bin/sh\"\noutput = \"4KiB\"\n\
                        [handlers.exec.gone]\npath = \"/bin/sh\"\nsecrets = { KEY = \"GONE\" }\n\
                        [handlers.exec.none]\npath = \"not-there\"\n";

fn run() -> Family {
    let cases = cases([
        (Shape, Permanent, "sys.exec.run { program: \"none\", args: [] }", "cannot be started: no such file"),
        (Secret, Permanent, "sys.exec.run { program: \"gone\", args: [] }", "the secret `GONE` is missing"),
        (Refused, Permanent, "sys.exec.run { program: \"/bin/sh\", args: [] }", "does not allow the program `/bin/sh`"),
        (Size, Misfit, "sys.exec.run { program: \"sh\", args: [\"-c\", \"yes\"] }", "wrote more than 4096 bytes"),
        (Time, Unknown, "sys.exec.run { program: \"sh\", args: [\"-c\", \"sleep 60\"] } timeout 1s", ""),
        (Text, Misfit, "sys.exec.run { program: \"sh\", args: [\"-c\", \"printf '\\\\377'\"] }", "is not UTF-8"),
    ]);
    Family { name: "sys.exec", package: "use std.sys.exec", config: PROGRAMS, cases }
}

fn exec() -> Family {
    let package = r#"
capability tool.act: execute {
    input   { script: String }
    output  { done: String }
    effect  irreversible local "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler exec { program: "sh", args: ["-c", script] }
}
capability tool.look: execute {
    input   { script: String }
    output  { done: String }
    effect  none
    risk    low because "it is a test"
    compensate none because "it is a test"
    handler exec { program: "sh", args: ["-c", script] }
}
capability tool.gone: execute {
    output  { done: String }
    effect  none
    risk    low because "it is a test"
    compensate none because "it is a test"
    handler exec { program: "gone" }
}
capability tool.else: execute {
    output  { done: String }
    effect  none
    risk    low because "it is a test"
    compensate none because "it is a test"
    handler exec { program: "else" }
}"#;
    let cases = cases([
        (Shape, Misfit, "tool.act { script: \"echo nonsense\" }", "is no JSON"),
        (Shape, Misfit, "tool.act { script: \"echo '\\{}'\" }", "`done`"),
        (Secret, Permanent, "tool.gone {}", "the secret `GONE` is missing"),
        (Refused, Permanent, "tool.else {}", "does not allow the program `else`"),
        (Size, Misfit, "tool.act { script: \"yes\" }", "wrote more than 4096 bytes"),
        (Time, Unknown, "tool.act { script: \"sleep 60\" } timeout 1s", ""),
        (Time, Transient, "tool.look { script: \"sleep 60\" } timeout 1s", "no answer within 1s"),
        (Text, Misfit, "tool.act { script: \"printf '\\\\377'\" }", "is not UTF-8"),
    ]);
    Family { name: "handler exec", package, config: PROGRAMS, cases }
}

#[test]
fn what_is_bad_about_programs_is_told_and_undone() {
    let folder = Sandbox::new().unwrap();
    for family in [run(), exec()] {
        hold(&family, &folder, &[], &[]);
    }
}

fn mcp() -> Family {
    let package = r#"
capability tools.say: execute {
    input   { text: String }
    output  { done: Int }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler mcp { server: "tools", tool: "say" }
}
capability tools.large: execute {
    output  { done: String }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler mcp { server: "tools", tool: "large" }
}
capability tools.sleeps: execute {
    output  { done: String }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler mcp { server: "tools", tool: "sleeps" }
}
capability silent.say: execute {
    output  { done: String }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler mcp { server: "silent", tool: "say" }
}
capability raw.say: execute {
    output  { done: String }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler mcp { server: "raw", tool: "say" }
}
capability gone.say: execute {
    output  { done: String }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler mcp { server: "gone", tool: "say" }
}
capability none.say: execute {
    output  { done: String }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler mcp { server: "none", tool: "say" }
}
capability far.say: execute {
    output  { done: String }
    effect  irreversible external "it is a test"
    risk    critical because "it is a test"
    compensate none because "it is a test"
    handler mcp { server: "far", tool: "say" }
}"#;
    let config = "[limits]\nanswer = \"1MiB\"\n[secrets]\nGONE = { env = \"GOV_TEST_NOT_SET\" }\nTOOLS_KEY = { env = \"GOV_TEST_KEY\" }\n\
                  [handlers.mcp.tools]\npath = \"<python>\"\nargs = [\"<tools>\"]\nread = [<needs>]\nenv = { PYTHONPATH = \"<packages>\" }\n\
                  secrets = { TOOLS_KEY = \"TOOLS_KEY\" }\n\
                  [handlers.mcp.silent]\npath = \"/bin/sh\"\nargs = [\"-c\", \"sleep 60\"]\n\
                  [handlers.mcp.raw]\npath = \"/bin/sh\"\nargs = [\"-c\", \"printf '\\\\377\\\\n'; sleep 60\"]\n\
                  [handlers.mcp.gone]\npath = \"/bin/sh\"\nsecrets = { KEY = \"GONE\" }\n\
                  [handlers.mcp.far]\nurl = \"https://other.example/mcp\"\n";
    let cases = cases([
        (Shape, Misfit, "tools.say { text: \"a\" } timeout 60s", "gave no JSON"),
        (Secret, Permanent, "gone.say {}", "the secret `GONE` is missing"),
        (Refused, Permanent, "none.say {}", "has no MCP server `none`"),
        (Refused, Permanent, "far.say {}", "does not allow `other.example`"),
        (Size, Unknown, "tools.large {} timeout 60s", ""),
        (Time, Unknown, "tools.sleeps {} timeout 15s", ""),
        (Time, Transient, "silent.say {} timeout 1s", "does not answer in time"),
        (Text, Transient, "raw.say {} timeout 1s", "does not answer"),
    ]);
    Family { name: "handler mcp", package, config, cases }
}

#[test]
fn what_is_bad_about_tools_is_told_and_undone() {
    let needs = python_needs().iter().chain([&script("tools.py")]).map(|path| format!("{path:?}")).collect::<Vec<_>>();
    let words = [
        ("<python>", python()),
        ("<tools>", script("tools.py")),
        ("<needs>", needs.join(", ")),
        ("<packages>", packages().display().to_string()),
    ];
    hold(&mcp(), &Sandbox::new().unwrap(), &words, &[variable("GOV_TEST_KEY", "k_0123456789")]);
}
