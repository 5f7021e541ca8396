//! What `gov import` makes of files that others wrote, and what `gov check` then finds in them.

mod corpora;
mod own;
