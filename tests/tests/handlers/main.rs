//! Handlers that leave the machine or start programs, run by `gov run` against real servers and programs.

mod approvals;
mod calendar;
mod desk;
mod exec;
mod http;
mod mail;
mod mcp;
mod modules;
mod places;
mod program;
mod server;
mod shop;
