//! The services of the suite: they note who calls, and hang where they are told to.

use super::output;
use gov_runtime::gate::{Call, Error, Handler, Handlers, Later, Notice, Notifier, Probe};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Services that outlive the processes that call them.
#[derive(Default)]
pub struct Services {
    calls: Mutex<Vec<(String, i64, String)>>,
    /// Calls that do not answer, by their `n`: those that have happened, and those that have not.
    hang: Mutex<BTreeMap<i64, bool>>,
    happened: Mutex<BTreeSet<String>>,
    /// Whether the services can tell what happened.
    tells: Mutex<bool>,
    /// What somebody was told of, and how it went: by run.
    notices: Mutex<Vec<(String, Notified)>>,
    hears: Mutex<Notified>,
}

/// What becomes of a notice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notified {
    /// It arrives.
    #[default]
    Well,
    /// Nobody takes it.
    Refused,
    /// Nobody answers.
    Hanging,
}

struct Service(Arc<Services>);

impl Services {
    /// Services that work.
    pub fn new() -> Arc<Services> {
        Arc::new(Services { tells: Mutex::new(true), ..Services::default() })
    }

    /// Handlers that lead to them.
    pub fn handlers(self: &Arc<Self>) -> Handlers {
        let mut handlers = Handlers::new();
        handlers.external("http", Arc::new(Service(Arc::clone(self))));
        handlers.set_notifier(Arc::new(Service(Arc::clone(self))));
        handlers
    }

    /// Calls with this `n` hang from now on, having happened or not.
    pub fn hang(&self, n: i64, having_happened: bool) {
        self.hang.lock().unwrap().insert(n, having_happened);
    }

    /// Nothing hangs any more.
    pub fn work(&self) {
        self.hang.lock().unwrap().clear();
    }

    /// Nobody can tell any more what happened.
    pub fn forget(&self) {
        *self.tells.lock().unwrap() = false;
    }

    /// What becomes of notices from now on.
    pub fn hears(&self, how: Notified) {
        *self.hears.lock().unwrap() = how;
    }

    /// The notices so far, by run, and how they went.
    pub fn notices(&self) -> Vec<(String, Notified)> {
        self.notices.lock().unwrap().clone()
    }

    /// The calls so far: the capability, its `n` (0 for an undo), and the key.
    pub fn calls(&self) -> Vec<(String, i64, String)> {
        self.calls.lock().unwrap().clone()
    }

    /// The calls so far, each as `write 3` or `undo id-3`.
    pub fn said(&self) -> Vec<String> {
        self.calls().into_iter().map(|(said, ..)| said).collect()
    }

    /// Waits until so many calls were made.
    pub fn wait_for(&self, calls: usize) {
        let since = std::time::Instant::now();
        while self.calls.lock().unwrap().len() < calls {
            assert!(since.elapsed() < super::PATIENCE, "{:?}", self.said());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Handler for Service {
    fn call<'a>(&'a self, call: &'a Call) -> Later<'a, Result<Json, Error>> {
        Box::pin(async move {
            let n = call.input().get("n").and_then(Json::as_i64).unwrap_or_default();
            let short = call.capability().trim_start_matches("t.");
            let said = match call.input().get("id").and_then(Json::as_str) {
                Some(id) => format!("{short} {id}"),
                None => format!("{short} {n}"),
            };
            self.0.calls.lock().unwrap().push((said, n, call.key().to_owned()));
            let hangs = self.0.hang.lock().unwrap().get(&n).copied();
            if hangs != Some(false) {
                self.0.happened.lock().unwrap().insert(call.key().to_owned());
            }
            if hangs.is_some() {
                std::future::pending::<()>().await;
            }
            match n {
                13 => Err(Error::Permanent("thirteen is refused".to_owned())),
                _ if call.capability() == "t.undo" => Ok(serde_json::json!({})),
                n => Ok(output(n)),
            }
        })
    }

    fn probe<'a>(&'a self, call: &'a Call) -> Later<'a, Probe> {
        let n = call.input().get("n").and_then(Json::as_i64).unwrap_or_default();
        let happened = self.0.happened.lock().unwrap().contains(call.key());
        Box::pin(std::future::ready(match (*self.0.tells.lock().unwrap(), happened) {
            (false, _) => Probe::CannotTell,
            (true, true) => Probe::Happened(output(n)),
            (true, false) => Probe::DidNotHappen,
        }))
    }
}

impl Notifier for Service {
    fn notify<'a>(&'a self, notice: &'a Notice) -> Later<'a, Result<(), Error>> {
        let how = *self.0.hears.lock().unwrap();
        self.0.notices.lock().unwrap().push((notice.run.clone(), how));
        Box::pin(async move {
            match how {
                Notified::Well => Ok(()),
                Notified::Refused => Err(Error::Permanent("not now".to_owned())),
                Notified::Hanging => std::future::pending().await,
            }
        })
    }
}
