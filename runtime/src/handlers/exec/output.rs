//! What a program writes, as much of it as is taken.

use super::spawned::Spawned;
use crate::gate::Error;
use std::process::ExitStatus;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

/// The most of a program's standard error that is kept, in bytes: the beginning.
const ERRORS: u64 = 64 << 10;

/// What a program came to.
pub(super) struct Output {
    pub(super) status: ExitStatus,
    pub(super) written: Vec<u8>,
    /// Whether it wrote more than is taken; it was ended then.
    pub(super) is_cut: bool,
    pub(super) errors: Vec<u8>,
}

/// Gives a program its input, and takes what it writes until it ends.
///
/// # Errors
///
/// Unknown, if it cannot be told what became of it.
pub(super) async fn collect(name: &str, mut spawned: Spawned, input: Vec<u8>, most: u64) -> Result<Output, Error> {
    let (stdin, stdout, stderr) =
        (spawned.child.stdin.take(), spawned.child.stdout.take(), spawned.child.stderr.take());
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program need not read what it is given.
            let _ = stdin.write_all(&input).await;
        }
    };
    let (cut, mut is_full) = tokio::sync::oneshot::channel();
    let end = async {
        tokio::select! {
            status = spawned.wait() => status,
            // Asked the second time, it does not wait any more.
            Ok(()) = &mut is_full => spawned.wait().await,
        }
    };
    let (_, (written, is_cut), (errors, _), status) =
        tokio::join!(feed, take(stdout, most, Some(cut)), take(stderr, ERRORS, None), end);
    let status = status.map_err(|error| Error::Unknown(format!("it is not known how `{name}` ended: {error}")))?;
    Ok(Output { status, written, is_cut, errors })
}

/// What can be read, up to `most` bytes, and whether there is more. Somebody is told when there is; where nobody is, the rest
/// is read and left.
async fn take(
    pipe: Option<impl AsyncRead + Unpin>,
    most: u64,
    full: Option<tokio::sync::oneshot::Sender<()>>,
) -> (Vec<u8>, bool) {
    let mut taken = Vec::new();
    let Some(mut pipe) = pipe else { return (taken, false) };
    let read = (&mut pipe).take(most.saturating_add(1)).read_to_end(&mut taken).await;
    let is_more = taken.len() as u64 > most;
    if read.is_ok() && is_more {
        taken.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        match full {
            Some(full) => drop(full.send(())),
            None => drop(tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await),
        }
    }
    (taken, is_more)
}
