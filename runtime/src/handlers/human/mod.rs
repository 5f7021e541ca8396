//! `human.notify`: tells a person, in the way that the deployment has for them.

use super::exec::Programs;
use super::webhook::Webhooks;
use crate::deployment::Section;
use crate::gate::{Call, Error, Handler, Later};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// How a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// By a webhook of this name.
    Webhook(String),
    /// By a program of this name, which gets the message as JSON.
    Program(String),
    /// By a line on the standard error of the process.
    Console,
}

/// The people of a deployment.
pub(super) struct People {
    pub(super) ways: BTreeMap<String, Way>,
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) programs: Arc<Programs>,
}

impl Way {
    pub(crate) fn read(section: &Section<'_>) -> Option<Way> {
        section.only(&["webhook", "program", "console"]);
        let ways = [
            section.text("webhook").map(Way::Webhook),
            section.text("program").map(Way::Program),
            section.bool("console").filter(|console| *console).map(|_| Way::Console),
        ];
        let mut ways = ways.into_iter().flatten();
        match (ways.next(), ways.next()) {
            (Some(way), None) => Some(way),
            _ => {
                section.missing("webhook", "or a `program`, or `console = true`, and one of them only");
                None
            }
        }
    }
}

impl Handler for People {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let (to, message) = (call.text("to")?, call.text("message")?);
            let way = self.ways.get(to).ok_or_else(|| {
                let help = format!("`[handlers.human.{to}]` says how: `webhook`, `program` or `console`");
                Error::Permanent(format!("this deployment does not say how `{to}` is told; {help}"))
            })?;
            let told = json!({ "to": to, "message": message, "run": call.run(), "step": call.label() });
            let by = match way {
                Way::Webhook(hook) => {
                    self.webhooks.send(hook, "human.notify", call.key(), &told, Some(call)).await?;
                    "webhook"
                }
                Way::Program(program) => {
                    self.programs.tell(call, program, &told).await?;
                    "program"
                }
                Way::Console => {
                    on_console(to, message)?;
                    "console"
                }
            };
            Ok(json!({ "by": by }))
        })
    }

    fn is_external(&self) -> bool {
        true
    }
}

/// One line, without what controls a terminal.
fn on_console(to: &str, message: &str) -> Result<(), Error> {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String = line.chars().filter(|c| !c.is_control()).collect();
    let written = writeln!(std::io::stderr().lock(), "to {to}: {plain}");
    written.map_err(|error| Error::Transient(format!("the console cannot be written to: {error}")))
}
