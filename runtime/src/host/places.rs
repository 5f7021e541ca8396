//! Where runs were started, and the gates that they have because of that.
//!
//! A run may be gone on with by a process that was started elsewhere, for other runs: it still has the handlers, hosts and
//! secrets of its own place, and no others.

use super::Error;
use crate::gate::{Gate, Handlers};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Gives the handlers of the place that is kept with a run, or says why they cannot be had; nothing is kept with runs that
/// were started by a process without a place.
pub type Outfit = Box<dyn Fn(Option<&str>) -> Result<Handlers, String> + Send + Sync>;

/// The gate of this process, and those of the other places whose runs it drives.
pub(super) struct Places {
    own: Option<String>,
    gate: Arc<Gate>,
    outfit: Option<Outfit>,
    others: Mutex<BTreeMap<Option<String>, Arc<Gate>>>,
}

impl Places {
    pub(super) fn new(own: Option<String>, handlers: Handlers, outfit: Option<Outfit>) -> Places {
        Places { own, gate: Arc::new(Gate::new(handlers)), outfit, others: Mutex::default() }
    }

    /// What is kept with the runs that this process starts.
    pub(super) fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }

    /// The gate of the runs that this process starts.
    pub(super) fn own_gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// The gate of the runs of a place. It is made once, so that its circuit breakers hold for all of them.
    pub(super) fn gate(&self, place: Option<String>) -> Result<Arc<Gate>, Error> {
        let Some(outfit) = self.outfit.as_ref().filter(|_| place.is_none() || place != self.own) else {
            return Ok(self.own_gate());
        };
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = others.get(&place) {
            return Ok(Arc::clone(gate));
        }
        let gate = Arc::new(Gate::new(outfit(place.as_deref()).map_err(Error::Place)?));
        others.insert(place, Arc::clone(&gate));
        Ok(gate)
    }
}
