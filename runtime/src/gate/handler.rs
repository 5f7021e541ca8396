//! What handlers are, and what they are handed.

use gov_plan::model::Cost;
use gov_plan::types::Fields;
use serde_json::Value as Json;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Something that is answered later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Does what a capability says. Only the [`Gate`](super::Gate) can call it: nothing else can make a [`Call`].
pub trait Handler: Send + Sync {
    /// Does it, and gives the output that the capability declares; fields that it does not declare are left out by the gate.
    ///
    /// A handler that is dropped before it answers may have done it: the gate then says that nobody knows.
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>>;

    /// Whether what it does may leave the machine, or start a program: such calls a deployment can stub or forbid.
    fn is_external(&self) -> bool {
        false
    }

    /// Tells whether a call happened whose answer was lost. A handler that cannot tell says so: that is the default.
    fn probe<'a>(&'a self, _call: &'a Call) -> Later<'a, Probe> {
        Box::pin(std::future::ready(Probe::CannotTell))
    }
}

/// A call that the gate has let through. Nothing but the gate makes one.
///
/// ```compile_fail
/// let call = gov_runtime::gate::Call {};
/// ```
///
/// ```compile_fail
/// let call = gov_runtime::gate::Call::new();
/// ```
#[derive(Debug)]
pub struct Call {
    pub(super) capability: String,
    pub(super) run: String,
    pub(super) label: String,
    pub(super) key: String,
    pub(super) tenant: Option<String>,
    pub(super) input: Json,
    pub(super) settings: Settings,
    pub(super) rest: Json,
    pub(super) declared: Arc<Fields>,
    pub(super) output: Arc<Fields>,
    pub(super) repeatable: bool,
    pub(super) cost: Option<Cost>,
    pub(super) timeout: i64,
}

/// The settings of a capability's `handler` clause, evaluated, by name.
pub(super) type Settings = Vec<(String, Setting)>;

/// A setting.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) value: Json,
    pub(super) pieces: Vec<Piece>,
}

/// A part of a text that the plan writes with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As the plan has it.
    Written(String),
    /// What stands for a placeholder.
    Filled(String),
}

impl Call {
    /// The same call, for a thread that outlives this one. Only for what the gate has let through already.
    pub(crate) fn copy(&self) -> Call {
        Call {
            capability: self.capability.clone(),
            run: self.run.clone(),
            label: self.label.clone(),
            key: self.key.clone(),
            tenant: self.tenant.clone(),
            input: self.input.clone(),
            settings: self.settings.clone(),
            rest: self.rest.clone(),
            declared: Arc::clone(&self.declared),
            output: Arc::clone(&self.output),
            repeatable: self.repeatable,
            cost: self.cost,
            timeout: self.timeout,
        }
    }

    /// A call that no gate has seen, to try a handler with.
    #[cfg(test)]
    pub(crate) fn sample(capability: &str, key: &str, input: Json) -> Call {
        Call {
            capability: capability.to_owned(),
            run: "run".to_owned(),
            label: "step".to_owned(),
            key: key.to_owned(),
            tenant: None,
            input,
            settings: Vec::new(),
            rest: Json::Null,
            declared: Arc::default(),
            output: Arc::default(),
            repeatable: false,
            cost: None,
            timeout: 10_000,
        }
    }

    /// The same, with this long for it, in milliseconds.
    #[cfg(test)]
    pub(crate) fn within(mut self, timeout: i64) -> Call {
        self.timeout = timeout;
        self
    }

    /// The same, for a tenant.
    #[cfg(test)]
    pub(crate) fn of_tenant(mut self, tenant: &str) -> Call {
        self.tenant = Some(tenant.to_owned());
        self
    }

    /// The capability.
    pub fn capability(&self) -> &str {
        &self.capability
    }

    /// The run that calls.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The step that calls.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The same for every attempt of one call: two calls with one key are one.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// For whom.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The arguments, as the capability declares them: an object.
    pub fn input(&self) -> &Json {
        &self.input
    }

    /// What the arguments are declared to be.
    pub(crate) fn declared(&self) -> &Fields {
        &self.declared
    }

    /// A text among the arguments; the error says that it is not there.
    pub fn text(&self, name: &str) -> Result<&str, Error> {
        self.input
            .get(name)
            .and_then(Json::as_str)
            .ok_or_else(|| Error::Permanent(format!("the input of `{}` has no text `{name}`", self.capability)))
    }

    /// A setting of the capability's `handler` clause, evaluated.
    pub fn setting(&self, name: &str) -> Option<&Json> {
        self.find(name).map(|setting| &setting.value)
    }

    /// The parts of a text among the settings: one part where it has no placeholder, and none where there is no such text.
    pub fn pieces(&self, name: &str) -> Vec<Piece> {
        match self.find(name) {
            Some(setting) if setting.pieces.is_empty() => {
                setting.value.as_str().map(|text| Piece::Written(text.to_owned())).into_iter().collect()
            }
            Some(setting) => setting.pieces.clone(),
            None => Vec::new(),
        }
    }

    fn find(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|(own, _)| own == name).map(|(_, setting)| setting)
    }

    /// The arguments that no setting reads, and that are not the key of the call: an object.
    pub fn rest(&self) -> &Json {
        &self.rest
    }

    /// What the capability declares to give.
    pub fn output(&self) -> &Fields {
        &self.output
    }

    /// Whether doing it again is harmless: it leaves nothing behind, or is idempotent.
    pub fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// What the capability says that the call costs.
    pub fn cost(&self) -> Option<Cost> {
        self.cost
    }

    /// A text among the settings.
    pub fn setting_text(&self, name: &str) -> Option<&str> {
        self.setting(name).and_then(Json::as_str)
    }

    /// How long it may take, in milliseconds.
    pub fn timeout(&self) -> i64 {
        self.timeout
    }
}

/// Why a handler did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// It did not happen, and may later.
    Transient(String),
    /// It did not happen, and may after this many milliseconds: so the other side says.
    Busy {
        /// Why, in words.
        message: String,
        /// How long to wait, in milliseconds.
        after: i64,
    },
    /// It did not happen, and will not.
    Permanent(String),
    /// It may have happened.
    Unknown(String),
    /// It happened, but what it gave is not what the capability declares.
    Misfit(String),
}

impl Error {
    /// Why, in words.
    pub fn message(&self) -> &str {
        match self {
            Error::Busy { message, .. }
            | Error::Transient(message)
            | Error::Permanent(message)
            | Error::Unknown(message)
            | Error::Misfit(message) => message,
        }
    }

    /// The same, said in other words.
    pub(crate) fn said(self, words: impl FnOnce(String) -> String) -> Error {
        match self {
            Error::Transient(message) => Error::Transient(words(message)),
            Error::Busy { message, after } => Error::Busy { message: words(message), after },
            Error::Permanent(message) => Error::Permanent(words(message)),
            Error::Unknown(message) => Error::Unknown(words(message)),
            Error::Misfit(message) => Error::Misfit(words(message)),
        }
    }
}

/// Whether something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// It did, and gave this.
    Happened(Json),
    /// It did not.
    DidNotHappen,
    /// The handler cannot tell.
    CannotTell,
}
