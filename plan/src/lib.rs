//! What Gov executes.
