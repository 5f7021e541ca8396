//! What the kernel keeps a program from: files that it has no business with, and the network (Landlock).
//!
//! Landlock holds for the thread that asks for it and for what that thread starts. So a thread of its own asks, starts the
//! program, and ends.

use super::program::{Mode, Program};
use std::path::Path;

/// What programs of a system need to start at all.
const SYSTEM: [&str; 19] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/localtime",
    "/etc/passwd",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
];

/// Puts the thread, and all that it starts, into the sandbox of a program. `own` is the folder that it runs in.
///
/// # Errors
///
/// If the deployment requires a sandbox, and there is none, in words.
#[cfg(target_os = "linux")]
pub(super) fn enter(program: &Program, own: Option<&Path>) -> Result<(), String> {
    use landlock::RulesetStatus::{FullyEnforced, NotEnforced};
    if program.sandbox.mode == Mode::Off {
        return Ok(());
    }
    let status = restrict(program, own).map_err(|error| format!("the sandbox cannot be made: {error}"))?;
    match (program.sandbox.mode, status) {
        (Mode::Required, status) if status != FullyEnforced => {
            let what = if status == NotEnforced { "no sandbox" } else { "no whole sandbox" };
            Err(format!("this kernel has {what}, and `sandbox = \"required\"`"))
        }
        _ => Ok(()),
    }
}

/// Elsewhere there is no Landlock.
///
/// # Errors
///
/// If the deployment requires a sandbox.
#[cfg(not(target_os = "linux"))]
pub(super) fn enter(program: &Program, _own: Option<&Path>) -> Result<(), String> {
    match program.sandbox.mode {
        Mode::Required => Err("this system has no sandbox, and `sandbox = \"required\"`".to_owned()),
        Mode::Wanted | Mode::Off => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn restrict(program: &Program, own: Option<&Path>) -> Result<landlock::RulesetStatus, landlock::RulesetError> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope,
        path_beneath_rules,
    };
    // What is asked for; the kernel gives as much of it as it has.
    const VERSION: ABI = ABI::V6;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?;
    if !program.sandbox.network {
        ruleset = ruleset.handle_access(AccessNet::from_all(VERSION))?;
    }
    let read = SYSTEM.iter().map(Path::new).chain([program.path.as_path()]);
    let read = read.chain(program.sandbox.read.iter().map(AsRef::as_ref)).chain(program.folder.as_deref());
    let write = program.sandbox.write.iter().map(AsRef::as_ref).chain(own).chain([Path::new("/dev/null")]);
    let status = ruleset
        .create()?
        .add_rules(path_beneath_rules(read, AccessFs::from_read(VERSION)))?
        .add_rules(path_beneath_rules(write, AccessFs::from_all(VERSION)))?
        .restrict_self()?;
    Ok(status.ruleset)
}
