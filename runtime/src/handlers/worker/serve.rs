//! The process that does tasks: seen from inside.

use super::{MOST_BYTES, Task};
use crate::handlers::{json, regex};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io::{self, Read, Write};

/// The most memory that the process may take, in bytes.
const MOST_MEMORY: u64 = 512 << 20;

/// The most time on a processor, in seconds. The one that asks has less patience, but may be gone.
const MOST_SECONDS: u64 = 60;

/// Reads a task, does it, and writes `{"values": […]}` or `{"error": "…"}`. The process limits itself first, for good: it is
/// meant to end when this returns.
///
/// # Errors
///
/// If it cannot be limited, or if what is read is no task.
pub fn serve(input: impl Read, mut output: impl Write) -> io::Result<()> {
    limit(Resource::As, MOST_MEMORY)?;
    limit(Resource::Cpu, MOST_SECONDS)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    let task: Task = serde_json::from_reader(input)?;
    let name = task.name();
    let mut taken = Taken::default();
    let done = match task {
        Task::Filter(filter, value) => json::run(&filter, &value, &mut |value| taken.add(value)),
        Task::Match(pattern, text) => regex::find(&pattern, &text).map(|found| {
            taken.add(found.to_string());
        }),
    };
    match done {
        Ok(()) if taken.is_full => {
            write!(
                output,
                "{}",
                serde_json::json!({ "error": format!("the {name} gives more than {MOST_BYTES} bytes") })
            )?;
        }
        // What is no JSON, such as a number that is none, is told by the one that reads it.
        Ok(()) => write!(output, "{{\"values\":[{}]}}", taken.values.join(","))?,
        Err(error) => write!(output, "{}", serde_json::json!({ "error": error }))?,
    }
    output.flush()
}

/// Values as JSON, as many as may be given.
#[derive(Default)]
struct Taken {
    values: Vec<String>,
    size: usize,
    is_full: bool,
}

impl Taken {
    /// Takes a value, and says whether more are wanted.
    fn add(&mut self, value: String) -> bool {
        self.size += value.len() + 1;
        self.is_full = self.size > MOST_BYTES;
        if !self.is_full {
            self.values.push(value);
        }
        !self.is_full
    }
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}
