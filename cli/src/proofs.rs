//! How packages are proved, as the command line says it, and how far it has come.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use gov_compiler::verify::{DEFAULT_RLIMIT, Options};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Failure;
use crate::results::Results;
use gov_workspace::Workspace;

/// How long nothing is said.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// How packages are proved.
#[derive(Debug, clap::Args)]
pub struct Proofs {
    /// Tell also what is legal and odd: rules that are cut into, defaults that nothing reaches
    #[arg(long)]
    pedantic: bool,

    /// How many proofs run at once; one for each core if nothing is said. What is found does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,

    /// How much the solver may do for one question, in its own units; what it cannot settle is an error
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RLIMIT, hide_default_value = true)]
    rlimit: u32,

    /// Write every question that the solver is asked into a folder, as SMT-LIB 2, for another solver
    #[arg(long, value_name = "DIR")]
    smt2: Option<PathBuf>,
}

impl Proofs {
    /// Checks and proves every package of a workspace. A bar shows how far it has come, on a terminal, after a second.
    ///
    /// # Errors
    ///
    /// If a question cannot be written.
    pub fn prove(&self, workspace: Workspace) -> Result<Results, Failure> {
        let failed: Mutex<Option<Failure>> = Mutex::new(None);
        if let Some(folder) = &self.smt2 {
            let cannot = |error| Failure::io("make", &folder.display().to_string(), &error);
            std::fs::create_dir_all(folder).map_err(cannot)?;
        }
        let write = |name: &str, text: &str| {
            let Some(folder) = &self.smt2 else { return };
            let file = folder.join(format!("{name}.smt2"));
            if let Err(error) = std::fs::write(&file, text)
                && let Ok(mut failed) = failed.lock()
            {
                failed.get_or_insert_with(|| Failure::io("write", &file.display().to_string(), &error));
            }
        };
        let bar = Bar::new();
        let progress = |done: usize, of: usize| bar.tell(done, of);
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let options = Options {
            jobs: self.jobs.map_or_else(cores, usize::from),
            rlimit: self.rlimit,
            pedantic: self.pedantic,
            smt2: self.smt2.is_some().then_some(&write),
            cancel: None,
            progress: Some(&progress),
        };
        let results = Results::of(workspace, &options);
        bar.end();
        match failed.lock().ok().and_then(|mut failed| failed.take()) {
            Some(failure) => Err(failure),
            None => Ok(results),
        }
    }
}

/// A bar on standard error that comes up where something takes longer than a second; nothing where that is no terminal.
struct Bar {
    bar: ProgressBar,
    /// Dropped when it is no longer needed.
    ended: Sender<()>,
    raising: JoinHandle<()>,
}

impl Bar {
    fn new() -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{spinner} proving {bar:40} {pos}/{len} after {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (ended, wait) = mpsc::channel();
        // One proof alone may take longer than a second, so that nobody else could raise it in time.
        let raised = bar.clone();
        let raising = std::thread::spawn(move || {
            if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                raised.set_draw_target(ProgressDrawTarget::stderr());
                raised.enable_steady_tick(TICK);
            }
        });
        Bar { bar, ended, raising }
    }

    fn tell(&self, done: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
    }

    fn end(self) {
        drop(self.ended);
        // It panics nowhere; were it to, there would be nothing to clear.
        let _ = self.raising.join();
        self.bar.finish_and_clear();
    }
}
