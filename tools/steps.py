"""Steps of the commands: say what is going on, run a program, take turns, stop cleanly.  Standard library only."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"

#: Exit code of a program stopped by Ctrl-C, as shells count it.
INTERRUPTED = 130


class StepFailed(Exception):
    """A step could not be done; the text says which and what to do about it."""


class Terminated(KeyboardInterrupt):
    """A SIGTERM asked this command, and it alone, to stop."""


def say(text: str) -> None:
    """Print one line at once."""
    print(text, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step, and say how long it took when that was over a second."""
    say(f"· {text}")
    begun = time.monotonic()
    yield
    took = time.monotonic() - begun
    if took >= 1:
        say(f"  done in {took:.0f} s")


def run_quietly(
    command: Sequence[str | Path], *, failing: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> str:
    """Run a program and return what it printed; its output is shown only when it fails, after `failing`."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-25:])
        raise StepFailed(f"{failing}\n{tail}")
    return done.stdout


def run_openly(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> int:
    """Run a program whose output belongs to the reader; return its exit code.

    Ctrl-C reaches the program from the terminal; this waits until it has put its things away.
    """
    child = subprocess.Popen([str(word) for word in command], cwd=ROOT, env=env)
    try:
        return child.wait()
    except KeyboardInterrupt as stop:
        settle(child, stop)
        raise


def settle(child: subprocess.Popen[str] | subprocess.Popen[bytes], stop: KeyboardInterrupt) -> None:
    """Wait until a child has put its things away; after half a minute end it, by its own number.

    The terminal's Ctrl-C has reached the child too, a second one would interrupt its tidying; a SIGTERM has not.
    """
    if isinstance(stop, Terminated):
        child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=30)
    except subprocess.TimeoutExpired:
        child.terminate()
        child.wait(timeout=10)


@contextmanager
def turn(name: str) -> Iterator[None]:
    """Let one command at a time do this part of the set-up; the others wait for it."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("· Waiting for another command that is setting up the same checkout")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def command(main: Callable[[Sequence[str]], int]) -> None:
    """Run the body of a command: failures become a sentence and exit code 1, Ctrl-C stops without a traceback."""
    signal.signal(signal.SIGTERM, _terminated)
    # A shell that starts a command in the background makes it deaf to Ctrl-C, and its children with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = main(sys.argv[1:])
    except StepFailed as failed:
        print(failed, file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        code = INTERRUPTED
    sys.stdout.flush()
    sys.exit(code)


def _terminated(_number: int, _frame: object) -> None:
    raise Terminated


def on_path(name: str, *, path: str | None = None) -> Path | None:
    """Return where a program is, or None."""
    for folder in (path if path is not None else os.environ.get("PATH", "")).split(os.pathsep):
        found = Path(folder) / name
        if folder and os.access(found, os.X_OK) and found.is_file():
            return found
    return None
