//! What the tests share: made-up texts, laws that hold for every text, and folders of files, and the `gov` program run in them.

pub mod blocks;
pub mod conformance;
pub mod generate;
pub mod laws;
pub mod package;
pub mod random;
pub mod simulated;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The `gov` program, built as users get it: without what tests add to its libraries.
///
/// # Errors
///
/// If it cannot be built.
pub fn gov() -> io::Result<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| build().ok().flatten())
        .clone()
        .ok_or_else(|| io::Error::other("`cargo build --package gov` failed"))
}

fn build() -> io::Result<Option<PathBuf>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "gov"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo tells this test of itself would have build scripts run again that ask for it (`ring` has one).
    for (name, _) in std::env::vars_os() {
        let own = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(own) {
            cargo.env_remove(name);
        }
    }
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    // The test itself lies in `deps`, in the folder of the profile.
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).ok_or(io::ErrorKind::NotFound)?;
    let built = cargo.status()?.success();
    Ok(built.then(|| folder.join("gov").with_extension(std::env::consts::EXE_EXTENSION)))
}

/// A folder of its own that goes away with it.
#[derive(Debug)]
pub struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// An empty folder.
    ///
    /// # Errors
    ///
    /// If there is no room for one.
    pub fn new() -> io::Result<Self> {
        Ok(Self { folder: tempfile::tempdir()? })
    }

    /// A folder with files, each a path and a text.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> io::Result<Self> {
        let sandbox = Self::new()?;
        for (path, text) in files {
            sandbox.write(path, text)?;
        }
        Ok(sandbox)
    }

    /// Where something in the folder is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file, and the folders on the way to it.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> io::Result<()> {
        let path = self.path(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    }

    /// What a file says.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn read(&self, path: &str) -> io::Result<String> {
        fs::read_to_string(self.path(path))
    }

    /// A command that runs `gov` in a folder below this one (`.` is this one).
    ///
    /// # Errors
    ///
    /// If `gov` cannot be built.
    pub fn command(&self, folder: &str) -> io::Result<Command> {
        let mut command = Command::new(gov()?);
        command.current_dir(self.path(folder)).env_remove("NO_COLOR").env("TERM", "xterm");
        Ok(command)
    }

    /// Runs `gov` in a folder below this one, to its end.
    ///
    /// # Errors
    ///
    /// If it cannot be run.
    pub fn gov_in(&self, folder: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> io::Result<Ran> {
        self.command(folder)?.args(arguments).output().map(Ran::from)
    }

    /// Runs `gov` in this folder, to its end.
    ///
    /// # Errors
    ///
    /// If it cannot be run.
    pub fn gov(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> io::Result<Ran> {
        self.gov_in(".", arguments)
    }
}

/// What a run of `gov` came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    /// The exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}
