//! Many requests: one a line, and a decision a line, in order.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use gov_plan::decide::{Engine, Unevaluable};
use gov_plan::value::parse_json;
use serde_json::Value;

use super::answer::Answer;
use crate::output::{Failure, reason};

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 16 << 20;

/// Decides every line of a file, or of standard input where it is `-`, as it comes. Gives whether one was denied.
///
/// # Errors
///
/// If the file cannot be read, or standard output not written.
pub fn run(engine: &Engine, file: &Path, explain: bool) -> Result<bool, Failure> {
    let shown = file.display().to_string();
    let unreadable = |error: io::Error| Failure::io("read", &shown, &error);
    let input: Box<dyn Read> = match shown.as_str() {
        "-" => Box::new(io::stdin().lock()),
        _ => Box::new(File::open(file).map_err(unreadable)?),
    };
    let mut input = BufReader::new(input);
    let mut output = BufWriter::new(io::stdout().lock());
    let mut denied = false;
    loop {
        // Whoever sends one request and waits for its decision gets it.
        let waiting = input.buffer().is_empty();
        if waiting && !written(output.flush())? {
            return Ok(denied);
        }
        let Some(line) = next_line(&mut input).map_err(unreadable)? else {
            break;
        };
        let answer = match line.and_then(|line| read(&line)) {
            Ok(request) => super::answer(engine, &request, explain),
            Err(why) => Answer::unevaluable(engine, &why),
        };
        denied |= answer.is_denied();
        if !written(writeln!(output, "{}", answer.to_json()?))? {
            return Ok(denied);
        }
    }
    written(output.flush())?;
    Ok(denied)
}

/// The next line, or why it is not taken; `None` at the end.
fn next_line(input: &mut BufReader<Box<dyn Read>>) -> io::Result<Option<Result<Vec<u8>, Unevaluable>>> {
    let mut line = Vec::new();
    input.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() == MAX_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(Unevaluable::Unreadable(format!("the line is longer than {MAX_LINE} bytes")))));
    }
    Ok(Some(Ok(line)))
}

fn read(line: &[u8]) -> Result<Value, Unevaluable> {
    let text = std::str::from_utf8(line).map_err(|_| Unevaluable::Unreadable("the line is not UTF-8".to_owned()))?;
    parse_json(text.trim_end()).map_err(|error| Unevaluable::Unreadable(format!("the line is not JSON: {error}")))
}

/// Whether somebody still reads what is written.
fn written(result: io::Result<()>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(format!("cannot write to standard output: {}", reason(&error)))),
    }
}
