//! `gov new`: a package to begin with.

use std::fs;
use std::path::{Path, PathBuf};

use gov_compiler::manifest;

use crate::output::{self, Failure, Outcome};

/// Make a new package: a folder with a `gov.toml` and a first `.gov` file
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gov new acme.support && cd acme.support && gov check")]
pub struct Args {
    /// The package's name, and the folder to make: names in lower case joined by dots; a path before it says where
    #[arg(value_name = "NAME")]
    path: PathBuf,
}

const SPEC: &str = include_str!("new.gov");

/// Makes the folder and its files.
///
/// # Errors
///
/// If the name is none, the folder exists and is not empty, or something cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let shown = args.path.display().to_string();
    let name = args.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !manifest::is_package_name(name) {
        return Err(Failure::new(format!("`{name}` is no package name"))
            .help("a name is words in lower case joined by dots, such as `acme.support`, and not under `std`"));
    }
    if fs::read_dir(&args.path).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::new(format!("`{shown}` exists and is not empty")));
    }
    fs::create_dir_all(&args.path).map_err(|error| Failure::io("make", &shown, &error))?;
    write(&args.path.join(manifest::FILE_NAME), &format!("[package]\nname = \"{name}\"\n"))?;
    write(&args.path.join("main.gov"), &SPEC.replacen("package new", &format!("package {name}"), 1))?;
    output::progress(&format!("made the package `{name}` in `{shown}`: `gov check {shown}` checks it"));
    Ok(Outcome::Good)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::io("write", &path.display().to_string(), &error))
}
