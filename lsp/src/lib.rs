//! The language server of Gov: `gov lsp`.
//!
//! One thread owns the state (`server`). Requests run on worker threads over a [`world::World`] that does not change, so
//! that a fault costs one request and a slow one holds nothing up. What a package means comes from the compiler, names from
//! its index; nothing is resolved here.

mod capabilities;
mod edit;
mod features;
mod position;
mod proofs;
mod server;
mod workers;
mod world;

pub use position::{Encoding, Lines};
pub use proofs::prover::answer as prove;
pub use server::{Options, run};

use lsp_server::Connection;

/// Serves a client on standard input and output until it says `exit`.
///
/// # Errors
///
/// If the client breaks the protocol, or goes away without `exit`.
pub fn serve(options: Options) -> Result<(), String> {
    let (connection, threads) = Connection::stdio();
    let result = run(&connection, options);
    drop(connection);
    result.and_then(|()| threads.join().map_err(|error| error.to_string()))
}
