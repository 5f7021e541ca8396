//! Packages and plans as a git revision has them. All that is done is reading: `git` is run, and nothing of the repository changes.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::output::{self, Failure};

/// The most that one file of a revision may hold, in bytes.
const MOST: u64 = 64 << 20;

/// A path in the repository that holds it.
#[derive(Debug)]
pub struct Place {
    /// The folder of the repository.
    top: PathBuf,
    /// The path below it, with forward slashes; empty for all of it.
    path: String,
}

/// What a revision has: files in a folder that goes away with it.
#[derive(Debug)]
pub struct Checkout {
    /// Where the path lies in the folder.
    pub path: PathBuf,
    /// The folder.
    pub folder: TempDir,
}

impl Place {
    /// Where a path of the working tree belongs. It need not be there any more.
    ///
    /// # Errors
    ///
    /// If there is no `git`, or the path is in no repository.
    pub fn of(path: &Path) -> Result<Place, Failure> {
        let shown = path.display().to_string();
        let whole = std::path::absolute(path).map_err(|error| Failure::io("find", &shown, &error))?;
        let folder = whole.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(|error| Failure::io("read", &shown, &error))?;
        let below = whole.strip_prefix(whole.ancestors().find(|folder| folder.is_dir()).unwrap_or(&whole));
        let top = run(&folder, ["rev-parse", "--show-toplevel"])?.map_err(|_| {
            Failure::new(format!("`{shown}` is in no git repository")).help(
                "`--git` reads a revision of the repository around the path; name two plans or packages otherwise",
            )
        })?;
        let top = PathBuf::from(text(&top).trim_end_matches(['\n', '\r']));
        let top = top.canonicalize().map_err(|error| Failure::io("read", &shown, &error))?;
        let within =
            folder.strip_prefix(&top).map_err(|_| Failure::new(format!("`{shown}` is in no git repository")))?;
        let mut parts: Vec<String> = Vec::new();
        for part in within.join(below.unwrap_or(Path::new(""))).components() {
            match part {
                Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
                Component::ParentDir => drop(parts.pop()),
                _ => {}
            }
        }
        Ok(Place { top, path: parts.join("/") })
    }

    /// The path as a revision has it: its file, or the packages of the whole revision, so that what it depends on is there too.
    ///
    /// # Errors
    ///
    /// If there is no such revision, or no such path in it.
    pub fn at(&self, revision: &str) -> Result<Checkout, Failure> {
        let commit = self.commit(revision)?;
        let folder = tempfile::tempdir().map_err(|error| Failure::io("make", "a temporary folder", &error))?;
        // Links within the temporary folder's own path would make paths look different.
        let root = folder.path().canonicalize().map_err(|error| Failure::io("read", "a temporary folder", &error))?;
        let listed = run(&self.top, ["ls-tree", "-r", "-z", "--full-tree", &commit])?;
        let listed = listed.map_err(|why| Failure::new(format!("git cannot list `{revision}`: {why}")))?;
        let below = format!("{}/", self.path);
        let mut is_there = self.path.is_empty();
        let mut wanted: Vec<(String, PathBuf)> = Vec::new();
        for entry in text(&listed).split('\0').filter(|entry| !entry.is_empty()) {
            let Some((kind, path)) = entry.split_once('\t') else { continue };
            let is_own = path == self.path;
            is_there |= is_own || path.starts_with(&below);
            let is_source = path.ends_with(".gov") || path == "gov.toml" || path.ends_with("/gov.toml");
            let mut kind = kind.split(' ');
            // Links and modules are passed over, as they are when a folder is read.
            let is_file = kind.next().is_some_and(|mode| mode.starts_with("100"));
            let Some(object) = kind.nth(1).filter(|_| is_file && (is_own || is_source)) else { continue };
            let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            if plain {
                wanted.push((object.to_owned(), root.join(path)));
            }
        }
        if !is_there {
            let failure = Failure::new(format!("there is no `{}` in the revision `{revision}`", self.path));
            return Err(failure.help(format!("`git ls-tree {revision}` lists what it has")));
        }
        self.write(revision, &wanted)?;
        let path = if self.path.is_empty() { root } else { root.join(&self.path) };
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(|error| Failure::io("make", "a folder", &error))?;
        if !path.exists() {
            fs::create_dir_all(&path).map_err(|error| Failure::io("make", "a folder", &error))?;
        }
        Ok(Checkout { path, folder })
    }

    fn commit(&self, revision: &str) -> Result<String, Failure> {
        let unknown = || {
            Failure::new(format!("there is no git revision `{revision}`"))
                .help("name a commit, a branch or a tag; in a clone that is not whole, `git fetch` it first")
        };
        // What begins like an option is none of git's.
        if revision.starts_with('-') || revision.is_empty() {
            return Err(unknown());
        }
        let wanted = format!("{revision}^{{commit}}");
        let found = run(&self.top, ["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])?;
        found.map(|commit| text(&commit).trim().to_owned()).map_err(|_| unknown())
    }

    /// Writes objects of the repository into files.
    fn write(&self, revision: &str, wanted: &[(String, PathBuf)]) -> Result<(), Failure> {
        let failed = |why: &dyn std::fmt::Display| Failure::new(format!("git cannot read `{revision}`: {why}"));
        let mut git = git(&self.top);
        git.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut git = git.spawn().map_err(|error| no_git(&error))?;
        let (Some(mut ask), Some(answer)) = (git.stdin.take(), git.stdout.take()) else {
            return Err(failed(&"it cannot be talked to"));
        };
        let mut answer = std::io::BufReader::new(answer);
        for (object, path) in wanted {
            writeln!(ask, "{object}").and_then(|()| ask.flush()).map_err(|error| failed(&output::reason(&error)))?;
            let mut head = String::new();
            std::io::BufRead::read_line(&mut answer, &mut head).map_err(|error| failed(&output::reason(&error)))?;
            let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
            let Some(size) = size.filter(|size| *size <= MOST) else { return Err(failed(&head.trim_end())) };
            let mut bytes = Vec::new();
            let read = answer.by_ref().take(size).read_to_end(&mut bytes).and_then(|_| {
                // A line break ends it.
                answer.by_ref().take(1).read_to_end(&mut Vec::new())
            });
            read.map_err(|error| failed(&output::reason(&error)))?;
            let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, &bytes));
            written.map_err(|error| Failure::io("write", &path.display().to_string(), &error))?;
        }
        drop(ask);
        git.wait().map_err(|error| failed(&output::reason(&error)))?;
        Ok(())
    }
}

fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    // The repository is that of the folder, whatever repository a hook that runs this is about.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(variable);
    }
    git.arg("-C").arg(folder).env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    git
}

/// What a command of git writes, or what it complains of.
fn run<A: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Result<Result<Vec<u8>, String>, Failure> {
    let ran = git(folder).args(arguments).stdin(Stdio::null()).output().map_err(|error| no_git(&error))?;
    Ok(if ran.status.success() { Ok(ran.stdout) } else { Err(text(&ran.stderr).trim().to_owned()) })
}

fn no_git(error: &std::io::Error) -> Failure {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "it is not installed, or not on the PATH".to_owned(),
        _ => output::reason(error),
    };
    Failure::new(format!("cannot run `git`: {reason}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
