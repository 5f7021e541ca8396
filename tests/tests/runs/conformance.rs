//! The hosts that there are, held to what every host has to do.

use gov_runtime::gate::{Handlers, Later};
use gov_runtime::host::sqlite::Sqlite;
use gov_runtime::host::{Embedded, Host, Memory, Options, Store};
use gov_tests::Sandbox;
use gov_tests::conformance::{Deployment, hold};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

async fn host(store: impl Store, handlers: Handlers) -> Box<dyn Host> {
    let host = Embedded::new(store, Options { handlers, ..Options::default() });
    host.recover().await.unwrap();
    Box::new(host)
}

struct InMemory(Mutex<Memory>);

impl Deployment for InMemory {
    fn open(&self, handlers: Handlers) -> Later<'_, Box<dyn Host>> {
        let memory = self.0.lock().unwrap().beside();
        Box::pin(host(memory, handlers))
    }

    fn died(&self) {
        let mut memory = self.0.lock().unwrap();
        *memory = memory.reopened();
    }
}

struct InSqlite {
    folder: Sandbox,
    processes: AtomicU32,
}

impl Deployment for InSqlite {
    fn open(&self, handlers: Handlers) -> Later<'_, Box<dyn Host>> {
        let process = format!("process{}", self.processes.fetch_add(1, Ordering::Relaxed));
        let store = Sqlite::open(&self.folder.path("gov.db"), &process).unwrap();
        Box::pin(host(store, handlers))
    }

    fn died(&self) {}
}

#[test]
fn the_host_in_memory_conforms() {
    hold(|| Box::new(InMemory(Mutex::new(Memory::new()))));
}

#[test]
fn the_host_on_sqlite_conforms() {
    hold(|| Box::new(InSqlite { folder: Sandbox::new().unwrap(), processes: AtomicU32::new(0) }));
}
