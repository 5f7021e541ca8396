//! The plugin in the Neovim of the system, without a screen.

use std::process::Command;

use gov_tests::Sandbox;

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
