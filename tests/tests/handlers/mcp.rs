//! `handler mcp { … }` against a server of the reference implementation in Python, as a program and over HTTP.

use crate::program::{Program, free_port, packages, python, python_needs, script, wait_for};
use crate::shop::Shop;
use serde_json::{Value, json};

const SECRET: &str = "mcp_0123456789";

/// A package with a capability for a tool: what it takes and gives.
fn package(tool: &str, input: &str, output: &str, more: &str) -> String {
    let arguments = match input {
        "" => "",
        _ => "text: text",
    };
    let ty = output.trim_start_matches("value: ");
    format!(
        r#"package shop

capability tools.call: execute {{
    input   {{ {input} }}
    output  {{ {output} }}
    {more}
    risk    critical because "it is a test"
    compensate none because "it is a test"
    retry   2 times on transient
    timeout 20s
    handler mcp {{ server: "tools", tool: "{tool}" }}
}}

policy desk {{
    default deny
    escalate never because "it is a test"
    allow any to tools.*
}}

workflow call(text: String) -> {{ done: {ty} }} {{
    principal agent:support
    policy    desk
    step done = tools.call {{ {arguments} }}
    return {{ done: done.value }}
}}
"#
    )
}

const NO_EFFECT: &str = "effect  none";
const EFFECT: &str = "effect  irreversible external \"does something\"";

/// What `gov.toml` says of a server that is a program.
fn as_program() -> String {
    let list = python_needs().iter().map(|path| format!("{path:?}")).collect::<Vec<_>>().join(", ");
    format!(
        "[handlers.mcp.tools]\npath = {:?}\nargs = [{:?}]\nread = [{list}, {:?}]\nenv = {{ PYTHONPATH = {:?} }}\n\
         secrets = {{ TOOLS_KEY = \"TOOLS_KEY\" }}\n[secrets]\nTOOLS_KEY = {{ env = \"TOOLS_KEY\" }}\n",
        python(),
        script("tools.py"),
        script("tools.py"),
        packages().display().to_string(),
    )
}

fn shop(tool: &str, input: &str, output: &str, more: &str, config: &str) -> Shop {
    Shop::new(&package(tool, input, output, more), config).with("TOOLS_KEY", SECRET)
}

fn call(shop: &Shop) -> crate::shop::Run {
    shop.run("call", &json!({ "text": "cold tea" }))
}

#[test]
fn a_tool_of_a_program_is_called_and_what_it_gives_is_taken() {
    let config = as_program();
    let given = |tool: &str, output: &str| {
        let run = call(&shop(tool, "text: String", output, NO_EFFECT, &config));
        assert_eq!(run.state(), "completed", "{run:?}");
        run.output()["done"].clone()
    };
    assert_eq!(given("say", "value: String"), json!("said cold tea"));
    assert_eq!(given("as_json", "value: Json"), json!({ "number": 8, "title": "cold tea" }));
    let secret = shop("secret", "", "value: String", NO_EFFECT, &config);
    assert_eq!(call(&secret).output()["done"], "[secret TOOLS_KEY]");
    assert!(!secret.written().windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
}

#[test]
fn what_a_tool_says_is_wrong_is_wrong() {
    let config = as_program();
    let run = |tool: &str, input: &str, output: &str| call(&shop(tool, input, output, NO_EFFECT, &config));
    for (tool, input, output, words) in [
        ("fails", "text: String", "value: String", "no cold tea today"),
        ("nothing", "text: String", "value: String", "nothing"),
        ("open_issue", "text: String", "value: String", "title"),
        ("say", "text: String", "value: Int", "gave"),
    ] {
        let run = run(tool, input, output);
        assert_eq!((run.state(), run.attempts()), ("failed", 1), "{run:?}");
        assert!(run.error().contains(words) || run.error().contains("`value`"), "{run:?}");
    }
}

#[test]
fn nobody_knows_what_a_tool_did_whose_server_died() {
    let config = as_program();
    let run = call(&shop("dies", "", "value: String", EFFECT, &config));
    assert_eq!((run.state(), run.attempts()), ("stuck", 1), "{run:?}");
    // Where it leaves nothing behind, it is started and asked again.
    let run = call(&shop("dies", "", "value: String", NO_EFFECT, &config));
    assert_eq!((run.state(), run.attempts()), ("failed", 2), "{run:?}");
}

/// Lets this machine be called.
const LOOPBACK: &str = "[hosts]\nallow = [\"127.0.0.1\"]\nprivate = [\"127.0.0.1\"]\n";

/// The server of tools over HTTP, and the part of a `gov.toml` that names it.
fn over_http() -> (Program, String) {
    let port = free_port();
    let file = script("tools.py");
    let server = Program::start(&[&file, &port.to_string()]);
    wait_for(port);
    (server, format!("[handlers.mcp.tools]\nurl = \"http://127.0.0.1:{port}/mcp\"\n"))
}

#[test]
fn what_is_too_large_or_too_late_is_not_waited_for() {
    let (_server, server) = over_http();
    for config in [as_program(), format!("{LOOPBACK}{server}")] {
        let bounded = format!("{config}\n[limits]\nanswer = \"1MiB\"\n");
        let large = call(&shop("large", "", "value: String", EFFECT, &bounded));
        assert_eq!((large.state(), large.attempts()), ("stuck", 1), "{}", large.account["steps"]);
        let late = package("sleeps", "", "value: String", EFFECT).replace("timeout 20s", "timeout 10s");
        let late = Shop::new(&late, &config).with("TOOLS_KEY", SECRET);
        let late = call(&late);
        // Nobody knows what it still does.
        assert_eq!((late.state(), late.attempts()), ("stuck", 1), "{late:?}");
    }
}

#[test]
fn a_server_has_to_be_named_and_to_start() {
    let run = |config: &str| call(&shop("say", "text: String", "value: String", NO_EFFECT, config));
    run("").failed_saying("has no MCP server `tools`");
    run("[handlers.mcp.tools]\npath = \"/not/there\"\n").failed_saying("`tools` cannot be started");
    let ends = run("[handlers.mcp.tools]\npath = \"/bin/true\"\n");
    ends.failed_saying("the MCP server `tools` does not answer");
    assert_eq!(ends.attempts(), 2);
}

#[test]
fn a_tool_is_called_over_http() {
    let (_server, server) = over_http();
    let run = |tool: &str, config: &str| call(&shop(tool, "text: String", "value: String", NO_EFFECT, config));
    let both = format!("{LOOPBACK}{server}");
    let said = run("say", &both);
    assert_eq!(said.output()["done"], Value::from("said cold tea"), "{said:?}");
    run("fails", &both).failed_saying("no cold tea today");
    run("say", &server).failed_saying("does not allow `127.0.0.1` to be called");
    run("say", &format!("[hosts]\nallow = [\"127.0.0.1\"]\n{server}")).failed_saying("a loopback address");
    let named = server.replace("127.0.0.1", "localhost");
    run("say", &format!("[hosts]\nallow = [\"localhost\"]\n{named}")).failed_saying("`localhost` is at");
}

/// A package around the tools that are imported: what a person adds.
const PAGES: &str = r#"package tools

policy desk {
    default deny
    escalate never because "it is a test"
    allow any to tools.*
}

workflow pages() -> { per_page: Int, next: String? } {
    principal agent:support
    policy    desk
    step page = tools.list_pages {
        per_page: 5,
        line_ranges: [{ start_line: 3, labels: ["a"] }],
        any_thing: { per_page: 1, start_line: "x" },
    }
    return { per_page: page.per_page, next: page.next_page }
}
"#;

#[test]
fn tools_are_imported_from_a_server_and_called_by_its_names() {
    let (_server, server) = over_http();
    for config in [as_program(), format!("{LOOPBACK}{server}")] {
        let folder = gov_tests::Sandbox::new().unwrap();
        folder.write("gov.toml", format!("[package]\nname = \"tools\"\n{config}")).unwrap();
        let gov = |arguments: &[&str]| {
            let mut command = folder.command(".").unwrap();
            gov_tests::Ran::from(command.args(arguments).env("TOOLS_KEY", SECRET).output().unwrap())
        };
        let imported = gov(&["import", "mcp", "--server", "tools", "-o", "tools.gov"]);
        assert_eq!(imported.code, Some(0), "{imported:?}");
        assert!(imported.stderr.contains("9 tools"), "{imported:?}");
        let text = folder.read("tools.gov").unwrap();
        assert!(text.contains("capability tools.list_pages"), "{text}");
        for name in [
            "per_page: \"perPage\"",
            "start_line: \"startLine\"",
            "line_ranges: \"lineRanges\"",
            "next_page: \"nextPage\"",
        ] {
            assert!(text.contains(name), "{name}: {text}");
        }
        folder.write("pages.gov", PAGES).unwrap();
        let ran = gov(&["run", ".", "pages", "--format", "json"]);
        let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {ran:?}\n{text}"));
        // What is JSON goes as it is.
        let expected = json!({ "per_page": 5, "next": "{'per_page': 1, 'start_line': 'x'}" });
        assert_eq!(told["output"], expected, "{ran:?}");
    }
}

#[test]
fn a_server_that_cannot_be_asked_for_its_tools_is_an_error() {
    let folder = gov_tests::Sandbox::new().unwrap();
    let fails = |arguments: &[&str], words: &str| {
        let ran = folder.gov(["import"].iter().chain(arguments).copied()).unwrap();
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(words) && ran.stdout.is_empty(), "{ran:?}");
    };
    fails(&["mcp"], "<FILE>");
    fails(&["mcp", "--server", "tools", "--config", "not-there.toml"], "cannot read `not-there.toml`");
    folder.write("gov.toml", "[handlers.mcp.other]\npath = \"/bin/true\"\n").unwrap();
    fails(&["mcp", "--server", "tools"], "has no MCP server `tools`");
    fails(&["mcp", "--server", "other"], "`other` does not answer");
    fails(&["openapi", "--server", "other"], "only tools of an MCP server");
    fails(&["mcp", "--server", "other", "tools.json"], "cannot be used with");
    folder.write("gov.toml", "[handlers.mcp.tools]\nurl = \"http://127.0.0.1:1/mcp\"\n").unwrap();
    fails(&["mcp", "--server", "tools"], "does not allow `127.0.0.1` to be called");
    folder
        .write("gov.toml", "[handlers]\nexternal = \"forbidden\"\n[handlers.mcp.tools]\npath = \"/bin/true\"\n")
        .unwrap();
    fails(&["mcp", "--server", "tools"], "forbids calls to the outside");
}
