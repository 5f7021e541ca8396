//! `handler exec { … }`, any program that speaks JSON, and `sys.exec.run`: programs that the deployment names, without a
//! shell, with a cleared environment, and with limits.

mod output;
mod program;
mod sandbox;
mod spawned;

pub(crate) use program::Program;
pub(super) use spawned::Spawned;

use super::net::Secrets;
use crate::gate::{Call, Error, Handler, Later};
use output::{Output, collect};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::Arc;

/// What a program that may work the next time ends with (`EX_TEMPFAIL` of `sysexits.h`).
const TRY_AGAIN: i32 = 75;

/// The most characters of what a program wrote to its standard error that a message shows.
const SHOWN: usize = 500;

/// The programs of a deployment.
pub(super) struct Programs {
    pub(super) programs: BTreeMap<String, Program>,
    pub(super) secrets: Secrets,
}

/// `handler exec { program, args, secret }`: the input is JSON on standard input, the output JSON on standard output.
pub(super) struct Exec(pub(super) Arc<Programs>);

/// `sys.exec.run`: texts in, texts out.
pub(super) struct Run(pub(super) Arc<Programs>);

impl Handler for Exec {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let name = call.setting_text("program").unwrap_or_default();
            let arguments = texts(call.setting("args"));
            let secret = call.setting_text("secret");
            let input = call.input().to_string();
            let (program, output) = self.0.run(call, name, &arguments, secret, input.into_bytes()).await?;
            match failure(name, output.status, &output.errors) {
                // A program that was ended because it wrote too much is told of that.
                Some(failure) if !output.is_cut => Err(failure),
                _ => answer(name, program, output),
            }
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

impl Handler for Run {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let name = call.text("program")?;
            let arguments = texts(call.input().get("args"));
            let input = call.input().get("stdin").and_then(Json::as_str).unwrap_or_default();
            let (program, output) = self.0.run(call, name, &arguments, None, input.as_bytes().to_vec()).await?;
            let (status, is_cut) = (output.status, output.is_cut);
            let errors = String::from_utf8_lossy(&output.errors).into_owned();
            let written = text(name, program, output);
            match status.code() {
                Some(code) => Ok(json!({ "code": code, "stdout": written?, "stderr": errors })),
                None if is_cut => Err(written.err().unwrap_or_else(|| killed(name, status))),
                None => Err(killed(name, status)),
            }
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

impl Programs {
    /// Gives a program something to tell, as JSON.
    pub(super) async fn tell(&self, call: &Call, name: &str, told: &Json) -> Result<(), Error> {
        let (_, output) = self.run(call, name, &[], None, told.to_string().into_bytes()).await?;
        failure(name, output.status, &output.errors).map_or(Ok(()), Err)
    }

    async fn run(
        &self,
        call: &Call,
        name: &str,
        arguments: &[String],
        secret: Option<&str>,
        input: Vec<u8>,
    ) -> Result<(&Program, Output), Error> {
        let program = self.programs.get(name).ok_or_else(|| {
            let help = format!("`[handlers.exec.{name}]` with its `path` does");
            Error::Permanent(format!("this deployment does not allow the program `{name}`; {help}"))
        })?;
        let mut environment = program.environment(&self.secrets)?;
        if let Some(secret) = secret {
            environment.insert(secret.to_owned(), self.secrets.value(secret)?);
        }
        environment.insert("GOV_RUN".to_owned(), call.run().to_owned());
        environment.insert("GOV_KEY".to_owned(), call.key().to_owned());
        let spawned = Spawned::start(name, program, arguments, &environment).await?;
        let mut output = collect(name, spawned, input, program.limits.output).await?;
        // A message shows the end of it, and only the beginning is taken.
        output.errors = self.secrets.scrub_cut(&String::from_utf8_lossy(&output.errors)).into_bytes();
        Ok((program, output))
    }
}

/// What a program wrote, as JSON. Nothing at all is an object without fields.
fn answer(name: &str, program: &Program, output: Output) -> Result<Json, Error> {
    let text = text(name, program, output)?;
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    gov_plan::value::parse_json(&text)
        .map_err(|error| Error::Misfit(format!("what `{name}` wrote is no JSON: {error}")))
}

fn text(name: &str, program: &Program, output: Output) -> Result<String, Error> {
    if output.is_cut {
        let most = program.limits.output;
        return Err(Error::Misfit(format!("`{name}` wrote more than {most} bytes")));
    }
    String::from_utf8(output.written).map_err(|_| Error::Misfit(format!("what `{name}` wrote is not UTF-8")))
}

/// What it means that a program ended so, where it is no success.
fn failure(name: &str, status: ExitStatus, errors: &[u8]) -> Option<Error> {
    let code = match status.code() {
        Some(0) => return None,
        Some(code) => code,
        None => return Some(killed(name, status)),
    };
    let said = shown(errors);
    let said = if said.is_empty() { said } else { format!(": {said}") };
    let message = format!("`{name}` ended with {code}{said}");
    Some(if code == TRY_AGAIN { Error::Transient(message) } else { Error::Permanent(message) })
}

/// A program that did not end by itself may have done anything before.
fn killed(name: &str, status: ExitStatus) -> Error {
    use std::os::unix::process::ExitStatusExt;
    let signal = match status.signal().and_then(rustix::process::Signal::from_named_raw) {
        Some(rustix::process::Signal::XCPU) => "it needed more time of the processor than it may".to_owned(),
        Some(rustix::process::Signal::XFSZ) => "it wrote a larger file than it may".to_owned(),
        Some(signal) => format!("signal {}", signal.as_raw()),
        None => "a signal".to_owned(),
    };
    Error::Unknown(format!("`{name}` was ended: {signal}"))
}

/// The end of what was written, on one line, without what controls a terminal.
fn shown(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: Vec<char> = line.chars().filter(|c| !c.is_control()).collect();
    plain.iter().skip(plain.len().saturating_sub(SHOWN)).collect()
}

fn texts(list: Option<&Json>) -> Vec<String> {
    let elements = list.and_then(Json::as_array).into_iter().flatten();
    elements.filter_map(|element| element.as_str().map(str::to_owned)).collect()
}
