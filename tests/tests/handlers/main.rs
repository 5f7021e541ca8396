//! Handlers that leave the machine or start programs, run by `gov run` against real servers and programs.

mod approvals;
mod bad;
mod calendar;
#[path = "../../../runtime/src/handlers/postgres/cluster.rs"]
mod cluster;
mod desk;
mod exec;
mod http;
mod info;
mod mail;
mod mcp;
mod modules;
mod places;
mod postgres;
mod program;
mod secrets;
mod server;
mod shop;
mod tls;
