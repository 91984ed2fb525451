"""A PostgreSQL of our own for tests and measurements: own data folder, unix socket only, never as root.

It has two login roles as a town's server should have: `banyan_owner` owns the tables and migrates, `banyan_app` owns
nothing and cannot bypass row security.  Everything written goes through `Server.connect`, which first asks the server
at the other end where its data lies and refuses any but this one.

    with private_postgres() as server:
        database = server.create_database("town")
        server.url(database, role=APP)

`scripts/test` turns `fsync` off (a power cut may take the tests' data); `scripts/bench` leaves it on.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    import psycopg

OWNER: Final = "banyan_owner"
APP: Final = "banyan_app"
SUPERUSER: Final = "banyan_house"
PORT: Final = 5432  # only names the socket file: the server listens on no network address

#: Why the tests on PostgreSQL cannot run here.
MISSING: Final = "PostgreSQL is missing: install the server (Debian: apt-get install postgresql)."

_BINARY_FOLDERS: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_QUICK: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class NotOurServer(RuntimeError):
    """The server at the other end is not the one started here; nothing was written to it."""


def binaries() -> Path | None:
    """Return the folder of `initdb` and `postgres`, the newest of those found, or None."""
    named = shutil.which("initdb")
    if named and (Path(named).resolve().parent / "postgres").exists():
        return Path(named).resolve().parent
    found = [folder for pattern in _BINARY_FOLDERS for folder in Path("/").glob(pattern[1:])]
    complete = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return max(complete, key=_version_in, default=None)


def _version_in(folder: Path) -> tuple[int, ...]:
    digits = "".join(letter if letter.isdigit() else " " for letter in str(folder)).split()
    return tuple(int(number) for number in digits)


@dataclass(frozen=True, slots=True)
class Server:
    """A running private server, known by the folder that holds its data and its socket."""

    folder: Path

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self.folder / "data"

    def url(self, database: str, *, role: str = APP) -> str:
        """Return the address of a database for a role, in the form `BANYAN_DATABASE_URL` takes."""
        return f"postgresql://{role}@{quote(str(self.folder), safe='')}:{PORT}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as the superuser of this server, in autocommit, after making sure that it is this server.

        Raises
        ------
        NotOurServer
            Another server answers at the socket.
        """
        import psycopg

        connection = psycopg.connect(self.url(database, role=SUPERUSER), autocommit=True)
        try:
            self.refuse_others(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def refuse_others(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Raise `NotOurServer` unless the connection leads to this server: same data, same socket, no network."""
        said = {}
        for name in ("data_directory", "unix_socket_directories", "listen_addresses"):
            row = connection.execute(f"SHOW {name}").fetchone()
            said[name] = row[0] if row else None
        ours = {
            "data_directory": str(self.data),
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "",
        }
        if said != ours:
            raise NotOurServer(f"This server is not ours, nothing was written: expected {ours}, found {said}.")

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """Create an empty database owned by `banyan_owner`, in the place of one of that name; return its name."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE "{template}"')
        with self.connect(name) as connection:
            connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, closing whatever is connected to it."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def private_postgres(*, durable: bool = False) -> Iterator[Server]:
    """Start a private server, and stop it and remove its folder at the end.

    Parameters
    ----------
    durable
        Whether commits reach the disk, as on a real server; tests do without.

    Raises
    ------
    RuntimeError
        PostgreSQL is not installed, or it did not start; the text says why.
    """
    programs = binaries()
    if programs is None:
        raise RuntimeError(MISSING)
    # The path of a unix socket may have some 100 letters, and the server's user must reach the folder.
    parent = "/tmp" if os.access("/tmp", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="banyan-pg-", dir=parent)).resolve()
    try:
        identity = _identity()
        if identity:
            os.chown(folder, identity["user"], identity["group"])
        server = Server(folder)
        _initialise(programs, server, identity)
        child = _start(programs, server, identity, durable=durable)
        try:
            _await_readiness(server, child)
            _make_roles(server)
            yield server
        finally:
            _stop(child)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _identity() -> dict[str, Any]:
    """Return as whom the server runs: root may not, so the user `postgres` or else `nobody`."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL may not run as root, and there is neither a user `postgres` nor `nobody`.")


def _initialise(programs: Path, server: Server, identity: dict[str, Any]) -> None:
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    done = subprocess.run(
        [
            *(programs / "initdb", "--pgdata", server.data, "--username", SUPERUSER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", locale, "--no-sync", "--no-instructions"),
        ],
        cwd=server.folder,
        env=_plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        **identity,
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")


def _start(programs: Path, server: Server, identity: dict[str, Any], *, durable: bool) -> subprocess.Popen[bytes]:
    # Trust is enough between the socket's two ends: its folder belongs to the server's user alone.
    settings = ["listen_addresses=", f"unix_socket_directories={server.folder}", f"port={PORT}"]
    settings += ["unix_socket_permissions=0700", "max_connections=100", "shared_buffers=128MB", "timezone=UTC"]
    settings += [] if durable else _QUICK
    words = [word for setting in settings for word in ("-c", setting)]
    with (server.folder / "log").open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", server.data, *words],
            cwd=server.folder,
            env=_plain_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A session of its own: Ctrl-C ends the tests first, and they end the server.
            start_new_session=True,
            preexec_fn=_stop_with_parent,
            **identity,
        )


def _plain_environment() -> dict[str, str]:
    """Return the environment without PG* words, which could lead the programs to another server."""
    return {key: text for key, text in os.environ.items() if not key.startswith("PG")}


_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def _stop_with_parent() -> None:
    """Ask Linux to stop the server when its parent dies without a chance to do so."""
    if _LIBC is not None:
        pr_set_pdeathsig = 1
        _LIBC.prctl(pr_set_pdeathsig, int(signal.SIGINT))


def _await_readiness(server: Server, child: subprocess.Popen[bytes], *, seconds: float = 30) -> None:
    import psycopg

    until = time.monotonic() + seconds
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError as refused:
            if child.poll() is not None or time.monotonic() > until:
                log = (server.folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {refused}\n{log}") from refused
            time.sleep(0.05)


def _make_roles(server: Server) -> None:
    powers = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    with server.connect() as connection:
        for role in (OWNER, APP):
            connection.execute(f"CREATE ROLE {role} LOGIN {powers}")
        connection.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Stop the server by its own number: politely, then at once."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
