//! What handlers are, and what they are handed.

use serde_json::Value as Json;
use std::future::Future;
use std::pin::Pin;

/// Something that is answered later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Does what a capability says. Only the [`Gate`](super::Gate) can call it: nothing else can make a [`Call`].
pub trait Handler: Send + Sync {
    /// Does it, and gives the output that the capability declares; fields that it does not declare are left out by the gate.
    ///
    /// A handler that is dropped before it answers may have done it: the gate then says that nobody knows.
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>>;

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
    pub(super) settings: Vec<(String, Json)>,
    pub(super) timeout: i64,
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

    /// A text among the arguments; the error says that it is not there.
    pub fn text(&self, name: &str) -> Result<&str, Error> {
        self.input
            .get(name)
            .and_then(Json::as_str)
            .ok_or_else(|| Error::Permanent(format!("the input of `{}` has no text `{name}`", self.capability)))
    }

    /// A setting of the capability's `handler` clause, evaluated.
    pub fn setting(&self, name: &str) -> Option<&Json> {
        self.settings.iter().find(|(own, _)| own == name).map(|(_, value)| value)
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
    /// It did not happen, and will not.
    Permanent(String),
    /// It may have happened.
    Unknown(String),
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
