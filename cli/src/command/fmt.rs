//! `gov fmt`: files in the one layout.

use std::io::Read;
use std::path::PathBuf;

use crate::disk;
use crate::output::{self, Color, Failure, Outcome};
use crate::render::{self, Format, Part, Report};
use gov_workspace::{self as workspace, Selection};

/// Put files into the one layout; what cannot be read in them is left as it stands
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  gov fmt                        the package around the current folder\n  \
                  gov fmt --check examples       tell which files below a folder would change\n  \
                  gov fmt --stdin < main.gov     for editors")]
pub struct Args {
    /// Folders or `.gov` files; the package around the current folder if there are none
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Change nothing; name the files that would change, and end with exit code 1 if there are any
    #[arg(long)]
    check: bool,

    /// Take a text from standard input and write it to standard output
    #[arg(long, conflicts_with = "paths")]
    stdin: bool,
}

/// Formats files in place, or names those that would change.
///
/// # Errors
///
/// If a path leads to nothing, or something cannot be written.
pub fn run(args: &Args, color: Color) -> Result<Outcome, Failure> {
    if args.stdin { stdin(args.check) } else { files(args, color) }
}

fn stdin(check: bool) -> Result<Outcome, Failure> {
    let mut bytes = Vec::new();
    let limit = gov_grammar::MAX_SIZE as u64;
    let cannot = |reason: &str| Failure::new(format!("cannot read standard input: {reason}"));
    std::io::stdin().lock().take(limit + 1).read_to_end(&mut bytes).map_err(|error| cannot(&output::reason(&error)))?;
    if bytes.len() as u64 > limit {
        return Err(cannot("it is larger than 16 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| cannot("it is not UTF-8"))?;
    let formatted = formatted("standard input", &text)?;
    if check {
        return Ok(if formatted == text { Outcome::Good } else { Outcome::Findings });
    }
    output::write(&formatted)?;
    Ok(Outcome::Good)
}

fn files(args: &Args, color: Color) -> Result<Outcome, Failure> {
    let Selection { files, sources, diagnostics } = workspace::files(&args.paths)?;
    let mut changed = Vec::new();
    for file in &files {
        let text = formatted(&file.path, &file.text)?;
        if *text == *file.text {
            continue;
        }
        if !args.check {
            disk::replace(&file.place, &text).map_err(|error| Failure::io("write", &file.path, &error))?;
        }
        changed.push(format!("{}\n", file.path));
    }
    let count = render::counted(files.len(), "files");
    if args.check {
        output::write(&changed.concat())?;
        output::progress(&format!("{} of {count} would change", changed.len()));
    } else {
        output::progress(&format!("formatted {} of {count}", changed.len()));
    }
    if !diagnostics.is_empty() {
        let parts = vec![Part { sources: &sources, diagnostics: &diagnostics }];
        let report = Report { parts, files: files.len(), ..Report::default() };
        output::progress(render::render(Format::Concise, &report, color.on_stdout()).trim_end());
        return Ok(Outcome::Unreadable);
    }
    Ok(if args.check && !changed.is_empty() { Outcome::Findings } else { Outcome::Good })
}

fn formatted(path: &str, text: &str) -> Result<String, Failure> {
    gov_compiler::format::format(text).map_err(|refused| Failure::new(format!("cannot format `{path}`: {refused}")))
}
