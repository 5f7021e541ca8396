//! The examples, as somebody who starts from one of them uses it.

#[path = "../../../runtime/src/handlers/postgres/cluster.rs"]
mod cluster;
mod every;
mod pipeline;
mod quickstart;
mod refunds;
mod stories;

use std::path::{Path, PathBuf};

use gov_tests::Sandbox;

/// The folders of the examples, but for the one that is there to be refused.
fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir() && !path.ends_with("quickstart-unsafe")).collect();
    folders.sort();
    folders
}

/// A copy of an example, so that running it leaves nothing behind.
fn copy(example: &str) -> Sandbox {
    let sandbox = Sandbox::new().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(example);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        sandbox.write(name, std::fs::read(&path).unwrap()).unwrap();
    }
    sandbox
}
