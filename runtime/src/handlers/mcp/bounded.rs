//! What a program writes, cut off where one message becomes too long: a line is kept in memory until it ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// A reader that fails once a line is longer than it may be.
pub(super) struct Bounded<R> {
    inner: R,
    most: u64,
    /// How many bytes of the line that has not ended were read.
    line: u64,
}

impl<R> Bounded<R> {
    pub(super) fn new(inner: R, most: u64) -> Bounded<R> {
        Bounded { inner, most, line: 0 }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, into))?;
        let mut longest = 0;
        for byte in into.filled().get(before..).unwrap_or_default() {
            self.line = if *byte == b'\n' { 0 } else { self.line + 1 };
            longest = longest.max(self.line);
        }
        if longest <= self.most {
            return Poll::Ready(Ok(()));
        }
        // Who fails has read nothing.
        into.set_filled(before);
        Poll::Ready(Err(io::Error::other(format!("a message is larger than {} bytes", self.most))))
    }
}

#[cfg(test)]
mod tests {
    use super::Bounded;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn lines_are_bounded_and_what_has_ended_does_not_count() {
        let read = async |text: &[u8], most| {
            let mut all = Vec::new();
            Bounded::new(text, most).read_to_end(&mut all).await.map(|_| all)
        };
        assert_eq!(read(b"abc\nabc\n\nabc", 3).await.unwrap(), b"abc\nabc\n\nabc");
        for text in [&b"abcd"[..], b"abc\nabcd\n", b"\nabcd"] {
            assert_eq!(read(text, 3).await.unwrap_err().to_string(), "a message is larger than 3 bytes");
        }
    }
}
