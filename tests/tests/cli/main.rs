//! The commands as a user meets them.

mod book;
mod check;
mod ci;
mod decide;
mod diff;
mod explain;
mod fix;
mod fmt;
mod graph;
mod lsp;
mod new;
mod packages;
mod pages;
#[cfg(unix)]
mod progress;
mod proofs;
mod readme;
mod runs;
mod tests;
mod watch;

/// A file without findings, of a package of that name.
fn clean(package: &str) -> String {
    format!("package {package}\n\nrole finance {{ user:alice }}\n")
}

/// A file with one finding, on line 2, of a package of that name.
fn wrong(package: &str) -> String {
    format!("package {package}\nrole {{ user:alice }}\n")
}

/// A manifest that gives a package that name.
fn manifest(package: &str) -> String {
    format!("[package]\nname = \"{package}\"\n")
}
