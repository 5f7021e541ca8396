//! Runs, whatever happens to them.

mod conformance;
mod crash_points;
mod damage;
mod gate;
mod processes;
mod simulation;
