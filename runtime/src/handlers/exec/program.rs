//! What a deployment says of a program.

use crate::deployment::Section;
use crate::gate::Error;
use crate::handlers::net::Secrets;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A program that may be started, and how.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Its file.
    pub(crate) path: PathBuf,
    /// The arguments that come first.
    pub(crate) arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    /// Names of secrets, by the variables that hold them.
    secrets: BTreeMap<String, String>,
    /// Where it runs; a folder of its own, where nothing is said.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) sandbox: Sandbox,
    pub(crate) limits: Limits,
}

/// What a program may reach.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sandbox {
    pub(crate) mode: Mode,
    /// Files and folders that it may read, beside those of the system.
    pub(crate) read: Vec<PathBuf>,
    /// Files and folders that it may change.
    pub(crate) write: Vec<PathBuf>,
    /// Whether it may use the network.
    pub(crate) network: bool,
}

/// Whether there has to be a sandbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As good a one as the kernel has.
    #[default]
    Wanted,
    /// Without a whole one, the program is not started.
    Required,
    /// There is none.
    Off,
}

/// How much a program may use. Memory and time are bounded where something is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Seconds of the processor.
    pub(crate) cpu: Option<u64>,
    /// Bytes of address space.
    pub(crate) memory: Option<u64>,
    /// The largest file that it writes, in bytes.
    pub(crate) file: u64,
    /// Open files.
    pub(crate) files: u64,
    /// What is taken from its standard output, in bytes.
    pub(crate) output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpu: None, memory: None, file: 1 << 30, files: 1_024, output: 1 << 20 }
    }
}

const KEYS: [&str; 14] = [
    "path", "args", "env", "secrets", "folder", "sandbox", "read", "write", "network", "cpu", "memory", "file",
    "files", "output",
];

impl Program {
    /// Reads the table of a program; paths are seen from `folder`.
    pub(crate) fn read(section: &Section<'_>, folder: &Path) -> Option<Program> {
        section.only(&KEYS);
        let path = section.text("path");
        if path.is_none() && !section.has("path") {
            section.missing("path", "the file of the program");
        }
        let path = folder.join(path?);
        let paths = |key: &str| {
            let paths = section.texts(key).unwrap_or_default();
            paths.iter().map(|path| folder.join(path)).collect::<Vec<_>>()
        };
        let mode = |text: &str| match text {
            "wanted" => Some(Mode::Wanted),
            "required" => Some(Mode::Required),
            "off" => Some(Mode::Off),
            _ => None,
        };
        let sandbox = Sandbox {
            mode: section.parsed("sandbox", "`wanted`, `required` or `off`", mode).unwrap_or_default(),
            read: paths("read"),
            write: paths("write"),
            network: section.bool("network").unwrap_or(false),
        };
        let default = Limits::default();
        let limits = Limits {
            cpu: section.duration("cpu").and_then(|time| u64::try_from(time).ok()).map(|time| time.div_ceil(1_000)),
            memory: section.bytes("memory"),
            file: section.bytes("file").unwrap_or(default.file),
            files: section.count("files").unwrap_or(default.files),
            output: section.bytes("output").unwrap_or(default.output),
        };
        Some(Program {
            path,
            arguments: section.texts("args").unwrap_or_default(),
            variables: section.text_table("env"),
            secrets: section.text_table("secrets"),
            folder: section.text("folder").map(|own| folder.join(own)),
            sandbox,
            limits,
        })
    }

    /// Its environment: the little that programs need, and what the deployment says.
    ///
    /// # Errors
    ///
    /// Permanent, if a secret is missing.
    pub(crate) fn environment(&self, secrets: &Secrets) -> Result<BTreeMap<String, String>, Error> {
        let little = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8")];
        let mut environment: BTreeMap<String, String> =
            little.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        environment.extend(self.variables.clone());
        for (variable, secret) in &self.secrets {
            environment.insert(variable.clone(), secrets.value(secret)?);
        }
        Ok(environment)
    }
}
