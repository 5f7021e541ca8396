//! One constructor function for each diagnostic code, one file for each range of codes.
//!
//! A checker says what it found by calling the constructor; the words, labels and fixes live here, where they can be read
//! side by side.

pub mod compensation;
pub mod lexical;
pub mod names;
pub mod package;
pub mod policy;
pub mod proof;
pub mod risk;
pub mod structure;
pub mod types;
pub mod workflow;
