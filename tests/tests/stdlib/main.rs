//! The standard modules: what they promise, and what their handlers do when `gov run` calls them.

mod modules;
mod registry;
mod runs;
