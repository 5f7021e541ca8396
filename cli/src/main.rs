//! The `gov` command line: one file for each command in `command/`, what shows findings in `render/`.

mod command;
mod disk;
mod git;
mod import;
mod markdown;
mod output;
mod pages;
mod plans;
mod proofs;
mod render;
mod results;
mod runs;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::{Color, Outcome};

/// A check makes and drops many small things, and the server drops on one thread what another one made: this allocator takes
/// about two thirds of the time that the C library's takes for a keystroke (`gov-bench editor`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A control plane for AI agents: declare what they may do, prove it, run it.
#[derive(Debug, Parser)]
#[command(name = "gov", version, arg_required_else_help = true)]
struct Gov {
    #[command(subcommand)]
    command: Command,

    /// When to write in color; `auto` is on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", hide_possible_values = true)]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(command::new::Args),
    Check(command::check::Args),
    Fmt(command::fmt::Args),
    Compile(command::compile::Args),
    Diff(command::diff::Args),
    Graph(command::graph::Args),
    Test(command::test::Args),
    Run(command::run::Args),
    Runs(command::runs::Args),
    Show(command::show::Args),
    Decide(Box<command::decide::Args>),
    Approve(command::approve::Approve),
    Reject(command::approve::Reject),
    Cancel(command::cancel::Args),
    Resume(command::resume::Args),
    Resolve(command::resolve::Args),
    Replay(command::replay::Args),
    Audit(command::audit::Args),
    Import(command::import::Args),
    Explain(command::explain::Args),
    Completions(command::completions::Args),
    Lsp(command::lsp::Args),
    #[command(name = "lsp-prover", hide = true)]
    LspProver(command::lsp::Prover),
    Worker(command::worker::Args),
}

fn main() -> ExitCode {
    let gov = Gov::parse();
    let result = match gov.command {
        Command::New(args) => command::new::run(&args),
        Command::Check(args) => command::check::run(&args, gov.color),
        Command::Fmt(args) => command::fmt::run(&args, gov.color),
        Command::Compile(args) => command::compile::run(&args, gov.color),
        Command::Diff(args) => command::diff::run(&args, gov.color),
        Command::Graph(args) => command::graph::run(&args, gov.color),
        Command::Test(args) => command::test::run(&args, gov.color),
        Command::Run(args) => command::run::run(&args, gov.color),
        Command::Runs(args) => command::runs::run(&args, gov.color),
        Command::Show(args) => command::show::run(&args, gov.color),
        Command::Decide(args) => command::decide::run(&args, gov.color),
        Command::Approve(args) => command::approve::approve(&args, gov.color),
        Command::Reject(args) => command::approve::reject(&args, gov.color),
        Command::Cancel(args) => command::cancel::run(&args, gov.color),
        Command::Resume(args) => command::resume::run(&args, gov.color),
        Command::Resolve(args) => command::resolve::run(&args, gov.color),
        Command::Replay(args) => command::replay::run(&args, gov.color),
        Command::Audit(args) => command::audit::run(&args),
        Command::Import(args) => command::import::run(&args),
        Command::Explain(args) => command::explain::run(&args, gov.color),
        Command::Completions(args) => command::completions::run(&args),
        Command::Lsp(args) => command::lsp::run(&args),
        Command::LspProver(args) => command::lsp::prove(&args),
        Command::Worker(args) => command::worker::run(&args),
    };
    match result {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Ok(Outcome::Unreadable) => ExitCode::from(2),
        Ok(Outcome::Code(code)) => ExitCode::from(code),
        Err(failure) => {
            output::error(&failure);
            ExitCode::from(2)
        }
    }
}
