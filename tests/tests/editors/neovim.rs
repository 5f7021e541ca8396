//! The plugin in the Neovim of the system, without a screen.

use std::process::Command;

use gov_tests::{Sandbox, gov};
use serde_json::Value;

use crate::corpus::root;
use crate::program;

/// Neovim with the plugin and nothing else, in a folder.
fn neovim(sandbox: &Sandbox) -> Option<Command> {
    let mut command = program::command("nvim")?;
    let plugin = root().join("lsp/editors/neovim").canonicalize().unwrap();
    let home = sandbox.path("home");
    command
        .args(["--headless", "-u", "NONE", "-i", "NONE", "-n"])
        .args(["--cmd", &format!("set runtimepath^={}", plugin.display())])
        .args(["-c", "filetype plugin on", "-c", "syntax on", "-c", "runtime! plugin/gov.lua"])
        .envs(
            ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"].map(|name| (name, &home)),
        )
        .current_dir(sandbox.path("."));
    Some(command)
}

const TEXT: &str = r#"package demo

/// Read a note.
capability notes.read: read { input { id: String } output { text: String } handler none }

policy desk { default deny
allow agent:assistant to notes.raed }

workflow show(id: String) -> { text: String } { principal agent:assistant policy desk
step note = notes.read { id: id }
return { text: note.text } }
"#;

fn package() -> Sandbox {
    Sandbox::with([("gov.toml", "[package]\nname = \"demo\"\n"), ("main.gov", TEXT)]).unwrap()
}

#[test]
fn without_a_server_it_colours_and_says_what_is_missing() {
    let sandbox = package();
    let Some(mut nvim) = neovim(&sandbox) else { return };
    let see =
        "call writefile([&filetype, &commentstring, synIDattr(synID(4, 1, 1), 'name'), execute('messages')], 'seen')";
    nvim.args(["-c", "let g:gov_command = ['no-such-gov', 'lsp']", "-c", "edit main.gov", "-c", see, "-c", "qall!"]);
    let ran = nvim.output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let seen = sandbox.read("seen").unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[..3], ["gov", "// %s", "govItem"], "{seen}");
    assert!(seen.contains("there is no program no-such-gov"), "{seen}");
}

#[test]
fn a_session_shows_a_diagnostic_hovers_renames_formats_and_proves() {
    let sandbox = package();
    let Some(mut nvim) = neovim(&sandbox) else { return };
    let script = root().join("lsp/editors/neovim/test/session.lua").canonicalize().unwrap();
    let program = gov().unwrap();
    nvim.args(["-c", &format!("let g:gov_command = ['{}', 'lsp']", program.display())])
        .args(["-c", &format!("luafile {}", script.display())])
        .env("GOV_SEEN", sandbox.path("seen"));
    let ran = nvim.output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let seen: Value = serde_json::from_str(&sandbox.read("seen").unwrap()).unwrap();
    assert_eq!(seen["problem"], Value::Null, "{seen:#}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!((&seen["filetype"], &seen["syntax"]), (&"gov".into(), &"govItem".into()));

    let diagnostics = seen["diagnostics"].as_array().unwrap();
    let diagnostic = &diagnostics[0];
    assert_eq!(
        (diagnostics.len(), &diagnostic["line"], &diagnostic["severity"]),
        (1, &7.into(), &1.into()),
        "{seen:#}"
    );
    let message = diagnostic["message"].as_str().unwrap();
    assert!(message.contains("`notes.raed`") && message.contains("`notes.read`"), "{message}");

    let hover = seen["hover"].as_str().unwrap();
    assert!(hover.contains("notes.read") && hover.contains("Read a note."), "{hover}");

    // Every use of the name, and nothing else.
    assert_eq!(seen["renamed"], TEXT.replace("desk", "front_desk"));
    // What `gov fmt` makes of it.
    sandbox.write("main.gov", TEXT.replace("desk", "front_desk")).unwrap();
    assert_eq!(sandbox.gov(["fmt"]).unwrap().code, Some(0));
    assert_eq!(seen["formatted"], sandbox.read("main.gov").unwrap());
    assert_eq!(seen["mended"], serde_json::json!([]));
    // The capability's, the policy's and the workflow's.
    assert_eq!(seen["lenses"].as_array().unwrap().len(), 3, "{seen:#}");
}
