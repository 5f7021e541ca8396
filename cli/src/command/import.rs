//! `gov import`: what others wrote, as Gov.

use std::fs;
use std::path::{Path, PathBuf};

use gov_compiler::manifest;

use crate::disk;
use crate::import::{self, Imported, Kind, Source};
use crate::output::{self, Failure, Outcome};
use crate::runs;
use crate::runs::config::Config;

/// Translate policies, tools or an API into a `.gov` file
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What cannot be translated is said, a line each, on standard error and in the file.\n\nExamples:\n  \
                  gov import ai-first policies.yaml workflows -o imported.gov\n  \
                  gov import mcp tools.json --package github    an answer to `tools/list`\n  \
                  gov import mcp --server github    the tools of a server that `gov.toml` names\n  \
                  gov import openapi api.yaml | gov fmt --stdin"
)]
pub struct Args {
    /// What they are: `ai-first`, `mcp` or `openapi`
    #[arg(value_enum, value_name = "KIND", hide_possible_values = true)]
    kind: Kind,

    /// The files, in JSON or YAML, or folders of them
    #[arg(value_name = "FILE", required_unless_present = "server")]
    files: Vec<PathBuf>,

    /// An MCP server of `gov.toml` to ask for its tools, instead of files
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    server: Option<String>,

    /// The `gov.toml` that names the server; the nearest one at or above OUT, or here, if nothing is said
    #[arg(long, value_name = "FILE", requires = "server")]
    config: Option<PathBuf>,

    /// The file to write; standard output if nothing is said
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    /// The name of the package; that of the `gov.toml` around OUT, or one made from the file's, if nothing is said
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
}

/// Reads the files, and writes what they come to.
///
/// # Errors
///
/// If a file cannot be read, or the result cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut sources = Vec::new();
    for path in &args.files {
        collect(path, &mut sources)?;
    }
    if let Some(server) = &args.server {
        sources.push(ask(args, server)?);
    }
    let package = package(args)?;
    let Imported { text, notes, summary } = import::import(args.kind, &package, args.server.as_deref(), &sources)
        .map_err(|error| Failure::new(format!("cannot import: {error}; this is a mistake in gov")))?;
    for note in &notes {
        output::progress(&format!("not translated: {note}"));
    }
    let rest = match notes.len() {
        0 => "everything is translated".to_owned(),
        1 => "1 thing is not translated".to_owned(),
        count => format!("{count} things are not translated"),
    };
    match &args.output {
        Some(path) => {
            let shown = path.display().to_string();
            disk::replace(path, &text).map_err(|error| Failure::io("write", &shown, &error))?;
            output::progress(&format!("wrote `{shown}`: {summary}; {rest}"));
        }
        None => {
            output::write(&text)?;
            output::progress(&format!("{summary}; {rest}"));
        }
    }
    Ok(Outcome::Good)
}

/// Asks a server for its tools.
fn ask(args: &Args, server: &str) -> Result<Source, Failure> {
    if args.kind != Kind::Mcp {
        return Err(
            Failure::new("only tools of an MCP server are asked for").help("say `gov import mcp --server NAME`")
        );
    }
    let place = match &args.config {
        Some(file) => Some(file.clone()),
        None => manifest_around(args),
    };
    let place = place.ok_or_else(|| {
        let help =
            format!("it says how the server is reached, under `[handlers.mcp.{server}]`; `--config FILE` names it");
        Failure::new("there is no `gov.toml` here").help(&help)
    })?;
    let deployment = Config::read(&place)?.deployment;
    let told = runs::block_on(async {
        let tools = gov_runtime::handlers::mcp::tools(&deployment, server).await;
        tools.map_err(|error| {
            Failure::new(format!("cannot ask the MCP server `{server}` for its tools: {}", error.message()))
        })
    })?;
    Ok(Source { name: format!("the MCP server `{server}`"), value: told })
}

/// The `gov.toml` at or above the folder of what is written, or else of here.
fn manifest_around(args: &Args) -> Option<PathBuf> {
    let output = args.output.clone().unwrap_or_else(|| PathBuf::from("."));
    let around = std::path::absolute(output).ok()?;
    let folders = around.ancestors().skip(usize::from(args.output.is_some()));
    folders.map(|folder| folder.join(manifest::FILE_NAME)).find(|path| path.is_file())
}

/// Reads a file, or every one in a folder.
fn collect(path: &Path, sources: &mut Vec<Source>) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let failed = |error: std::io::Error| Failure::io("read", &shown, &error);
    if path.is_dir() {
        let entries: Result<Vec<PathBuf>, _> =
            fs::read_dir(path).map_err(failed)?.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut entries = entries.map_err(failed)?;
        entries.sort();
        let known = |path: &PathBuf| {
            path.extension().is_some_and(|ending| ["json", "yaml", "yml"].iter().any(|own| ending == *own))
        };
        let before = sources.len();
        for entry in entries.iter().filter(|path| known(path)) {
            collect(entry, sources)?;
        }
        if sources.len() == before {
            return Err(Failure::new(format!("there is no JSON or YAML file in `{shown}`")));
        }
        return Ok(());
    }
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > gov_grammar::MAX_SIZE as u64 {
        return Err(Failure::new(format!("cannot read `{shown}`: it is larger than 16 MiB")));
    }
    let bytes = fs::read(path).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(format!("cannot read `{shown}`: it is not UTF-8")))?;
    let value = import::read(&text)
        .map_err(|error| Failure::new(format!("cannot read `{shown}`: it is neither JSON nor YAML: {error}")))?;
    sources.push(Source { name: path.file_name().map_or(shown, |name| name.to_string_lossy().into_owned()), value });
    Ok(())
}

/// The package that the result belongs to.
fn package(args: &Args) -> Result<String, Failure> {
    if let Some(name) = &args.package {
        return match manifest::is_package_name(name) {
            true => Ok(name.clone()),
            false => Err(Failure::new(format!("`{name}` is no package name"))
                .help("a name is words in lower case joined by dots, such as `acme.support`, and not under `std`")),
        };
    }
    let around = args.output.as_ref().and_then(|output| std::path::absolute(output).ok());
    let around = around.iter().flat_map(|output| output.ancestors().skip(1));
    let manifest = around.map(|folder| folder.join(manifest::FILE_NAME)).find(|path| path.is_file());
    let named = manifest.and_then(|path| fs::read_to_string(path).ok());
    let named = named.and_then(|text| text.parse::<toml::Table>().ok());
    let named = named.and_then(|table| Some(table.get("package")?.get("name")?.as_str()?.to_owned()));
    if let Some(name) = named {
        return Ok(name);
    }
    let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stem = args.output.iter().chain(&args.files).find_map(stem);
    let stem = stem.or_else(|| args.server.clone()).unwrap_or_default();
    Ok(import::package_name(&stem))
}
