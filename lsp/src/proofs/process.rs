//! The process that proves, seen from the server: started with a question, read from, and killed when it is not wanted.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use super::prover::{Line, Question};
use super::{Event, Item, Said};
use crate::world::{Source, Unit};

/// A running process. It ends when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts the prover on some items of a package. What it says is told, in order, and that it has ended at the end.
    ///
    /// # Errors
    ///
    /// If the program cannot be started.
    pub fn start(
        program: &Path,
        arguments: &[String],
        unit: &Arc<Unit>,
        items: Vec<Item>,
        tell: impl Fn(Said) + Send + 'static,
    ) -> io::Result<Process> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (mut input, output) = (child.stdin.take(), child.stdout.take());
        let unit = Arc::clone(unit);
        thread::Builder::new().name("prover".to_owned()).spawn(move || {
            let question = question(&unit, items);
            if let (Some(input), Ok(line)) = (&mut input, serde_json::to_string(&question)) {
                // A process that was killed meanwhile says nothing more, which is noticed below.
                let _ = writeln!(input, "{line}");
            }
            drop(input);
            for line in output.into_iter().flat_map(|output| BufReader::new(output).lines().map_while(Result::ok)) {
                if let Ok(line) = serde_json::from_str::<Line>(&line) {
                    tell(Said::Line(line));
                }
            }
            tell(Said::Ended);
        })?;
        Ok(Process { child })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where it has ended by itself there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An event of a run.
pub fn event(run: u64, said: Said) -> Event {
    Event { run, said }
}

fn question(unit: &Unit, items: Vec<Item>) -> Question {
    let file = |source: &Arc<Source>| (source.shown.clone(), source.text().to_string());
    let dependency = |(name, files): &(String, Vec<Arc<Source>>)| (name.clone(), files.iter().map(file).collect());
    Question {
        name: unit.name.clone(),
        files: unit.own.iter().map(file).collect(),
        dependencies: unit.dependencies.iter().map(dependency).collect(),
        items,
    }
}
