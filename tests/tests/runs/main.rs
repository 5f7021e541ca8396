//! Runs, whatever happens to them.

mod conformance;
mod crash_points;
mod damage;
mod gate;
mod guards;
mod processes;
mod simulation;
