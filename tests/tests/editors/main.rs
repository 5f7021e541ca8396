//! What editors read Gov with: the tree-sitter and TextMate grammars, which take what the reference grammar takes; the VS Code
//! extension; and the Neovim plugin.

mod colours;
mod corpus;
mod neovim;
mod program;
mod queries;
mod textmate;
mod tree_sitter;
mod vscode;
