//! Collects the pages of `docs/errors/` into one table, so that `gov explain` needs no files beside it.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let pages = Path::new(&root).join("../docs/errors").canonicalize()?;
    println!("cargo::rerun-if-changed={}", pages.display());

    let mut files: Vec<_> =
        fs::read_dir(&pages)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let code = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if code.starts_with('G') && file.extension().is_some_and(|extension| extension == "md") {
            table.push_str(&format!("({code:?}, include_str!({file:?})),\n"));
        }
    }
    table.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), table)
}
