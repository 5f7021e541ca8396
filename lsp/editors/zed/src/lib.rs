//! Gov in Zed: which program serves the editor.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{self as zed, Command, Extension, LanguageServerId, Result, Worktree};

struct Gov;

impl Extension for Gov {
    fn new() -> Self {
        Gov
    }

    /// The program that Zed's settings name under `lsp.gov.binary`, and otherwise `gov lsp` from the `PATH`.
    fn language_server_command(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = LspSettings::for_worktree(server.as_ref(), worktree)?.binary;
        let (path, arguments) = binary.map_or((None, None), |binary| (binary.path, binary.arguments));
        let command = path.or_else(|| worktree.which("gov")).ok_or(
            "the program `gov` is not on the PATH; install it, or name it in the settings under `lsp.gov.binary.path`",
        )?;
        let args = arguments.unwrap_or_else(|| vec!["lsp".to_owned()]);
        Ok(Command { command, args, env: worktree.shell_env() })
    }
}

zed::register_extension!(Gov);
