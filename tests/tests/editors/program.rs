//! Programs of the system that tests run. `scripts/setup.d/system` installs them.

use std::path::PathBuf;
use std::process::Command;

/// A command of a program, or nothing where it is missing and the tests that need it are skipped.
///
/// Where `CI=true` nothing may be skipped, and this panics.
pub fn command(program: &str) -> Option<Command> {
    let runs = Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success());
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(runs || !in_ci, "`{program}` is missing, and nothing is skipped in CI");
    runs.then(|| Command::new(program))
}

/// Node.js with the packages that `scripts/setup.d/npm` installs; nothing where it is missing.
pub fn node() -> Option<Command> {
    command("npm")?;
    let mut command = Command::new("node");
    let packages = packages();
    assert!(packages.is_dir(), "{} is missing: run `make setup`", packages.display());
    command.env("NODE_PATH", packages);
    Some(command)
}

/// Where npm's packages are.
pub fn packages() -> PathBuf {
    target().join("npm/node_modules")
}

/// The target folder: the test itself lies in `deps`, in the folder of the profile.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}
