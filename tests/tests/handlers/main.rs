//! Handlers that leave the machine or start programs, run by `gov run` against real servers and programs.

mod calendar;
mod exec;
mod http;
mod mail;
mod mcp;
mod modules;
mod program;
mod server;
mod shop;
