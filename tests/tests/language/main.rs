//! The compiler on whole packages: the example of the language's reference, its lines taken out and misspelt one at a time,
//! and random packages.

mod generated;
mod mutated;
mod random;
mod whole_file;
