//! What does what capabilities say: the handlers of this deployment.
//!
//! Each gives typed errors: transient where it did not happen and may later, permanent where it did not happen and will not,
//! unknown where it may have happened.

pub mod files;
