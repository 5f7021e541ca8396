//! A program that was started, and everything that it started: they end together.

use super::program::{Limits, Program};
use super::sandbox;
use crate::gate::Error;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// A program and its group of processes. Whatever of it still runs when this is dropped is killed.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    group: Option<Pid>,
    /// Is told when the program has ended. It is a zombie until it is waited for, so that its group's number stays its own.
    ended: Option<oneshot::Receiver<()>>,
    /// The folder that it runs in, where that is its own.
    _folder: Option<TempDir>,
}

impl Spawned {
    /// Starts a program.
    ///
    /// # Errors
    ///
    /// Permanent, if it cannot be started; transient, if the system has no room for it now.
    pub(crate) async fn start(
        name: &str,
        program: &Program,
        arguments: &[String],
        environment: &BTreeMap<String, String>,
    ) -> Result<Spawned, Error> {
        let folder = match program.folder {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("gov-exec-").tempdir().map_err(|error| cannot(name, &error))?),
        };
        let here = folder.as_ref().map(TempDir::path).or(program.folder.as_deref());
        let mut command = Command::new(&program.path);
        command.args(&program.arguments).args(arguments).env_clear();
        if let Some(here) = here {
            command.current_dir(here).env("HOME", here).env("TMPDIR", here);
        }
        command
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        limit(command.as_std_mut(), program.limits);

        let (tell, told) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let (program, own) = (program.clone(), folder.as_ref().map(|folder| folder.path().to_owned()));
        // The thread lives as long as the program: the program is told to die with the thread that started it.
        let thread = std::thread::Builder::new().name("gov-exec".to_owned()).spawn(move || {
            let _within = runtime.enter();
            let started = match sandbox::enter(&program, own.as_deref()) {
                Ok(()) => command.spawn().map_err(Refusal::System),
                Err(why) => Err(Refusal::Sandbox(why)),
            };
            let id = started.as_ref().ok().and_then(Child::id);
            // If nobody waits any more, the program was dropped here, and killed.
            let _ = tell.send(started);
            if let Some(pid) = id.and_then(pid) {
                while let Err(rustix::io::Errno::INTR) =
                    rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
                {
                }
            }
            let _ = end.send(());
        });
        thread.map_err(|error| cannot(name, &error))?;
        let started = told.await.map_err(|_| Error::Transient(format!("`{name}` cannot be started")))?;
        let child = started.map_err(|refusal| match refusal {
            Refusal::Sandbox(why) => Error::Permanent(format!("`{name}` is not started: {why}")),
            Refusal::System(error) => cannot(name, &error),
        })?;
        let group = child.id().and_then(pid);
        Ok(Spawned { child, group, ended: Some(ended), _folder: folder })
    }

    /// Waits until the program ends, and ends all that it started. Where such a wait was given up before, it ends at once.
    pub(crate) async fn wait(&mut self) -> io::Result<std::process::ExitStatus> {
        if let Some(ended) = self.ended.take() {
            // Where nobody tells, the thread is gone, and so is the program.
            let _ = ended.await;
        }
        self.kill();
        self.child.wait().await
    }

    fn kill(&mut self) {
        if let Some(group) = self.group.take() {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.kill();
    }
}

enum Refusal {
    Sandbox(String),
    System(io::Error),
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

/// Makes a program the head of a group of its own, and bounds what it uses.
fn limit(command: &mut std::process::Command, limits: Limits) {
    command.process_group(0);
    #[expect(
        unsafe_code,
        reason = "between fork and exec, this makes system calls and nothing else: no memory, no locks"
    )]
    // SAFETY: as the standard library asks of `pre_exec`, only async-signal-safe functions are called.
    unsafe {
        command.pre_exec(move || bound(limits));
    }
}

fn bound(limits: Limits) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let bound = |resource: Resource, value: u64, later: u64| {
        // What the process itself may not have, it cannot give.
        let own = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        setrlimit(resource, Rlimit { current: Some(value.min(own)), maximum: Some(later.min(own)) })
    };
    bound(Resource::Core, 0, 0)?;
    bound(Resource::Fsize, limits.file, limits.file)?;
    bound(Resource::Nofile, limits.files, limits.files)?;
    if let Some(cpu) = limits.cpu {
        // A second later it is killed, whatever it makes of the signal.
        bound(Resource::Cpu, cpu, cpu.saturating_add(1))?;
    }
    if let Some(memory) = limits.memory {
        bound(Resource::As, memory, memory)?;
    }
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn cannot(name: &str, error: &io::Error) -> Error {
    let text = error.to_string();
    let text = text.rsplit_once(" (os error ").map_or(text.as_str(), |(text, _)| text).to_lowercase();
    let message = format!("`{name}` cannot be started: {text}");
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory | io::ErrorKind::ExecutableFileBusy => {
            Error::Transient(message)
        }
        _ => Error::Permanent(message),
    }
}
