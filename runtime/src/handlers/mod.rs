//! What does what capabilities say: the handlers of this deployment.
//!
//! Each gives typed errors: transient where it did not happen and may later, permanent where it did not happen and will not,
//! unknown where it may have happened.

mod blocking;
mod database;
pub mod files;
pub mod info;
pub mod json;
pub mod kv;
pub mod postgres;
pub mod regex;
pub mod sqlite;
pub mod template;
