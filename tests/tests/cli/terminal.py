"""Runs a program on a terminal of its own, and tells what it wrote there and how it ended, as JSON.

    terminal.py TEXT KEY PROGRAM [ARGUMENT]…

When TEXT is first seen on the terminal, KEY is typed once; an empty TEXT is never looked for. The time limit is there to end
a test that has failed.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 300  # seconds


def main():
    text, key, *program = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(program[0], program)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    written, typed, end = b"", not text, time.monotonic() + LIMIT
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            sys.exit(f"nothing came for too long after {written!r}")
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so when the last program has closed the terminal.
            piece = b""
        if not piece:
            break
        written += piece
        if not typed and text.encode() in written:
            os.write(terminal, key.encode())
            typed = True
    _, status = os.waitpid(child, 0)
    json.dump({"written": written.decode(errors="replace"), "code": os.waitstatus_to_exitcode(status)}, sys.stdout)


main()
