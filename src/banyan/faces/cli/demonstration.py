"""`banyan demo`: generate once, start web server and worker, show the accounts, stop everything together."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import click

_STARTED: Final = time.monotonic()
#: Seconds that the web server may take to answer for the first time.
_PATIENCE_S: Final = 60


def show(*, port: int, reset: bool, postgres_url: str, scale: float) -> None:
    """Show the demonstration town until stopped."""
    _with_settings(postgres_url)
    from banyan.faces.cli.house import prepare_database

    if reset or _is_half_done():
        _forget()
    _say("Preparing the database")
    prepare_database()
    if not _is_done():
        _generate(scale)
    with _processes(port) as children:
        _wait_for(port, children)
        _welcome(port)
        _watch(children)


def _with_settings(postgres_url: str) -> None:
    """Begin again with the demonstration's settings in the environment, where they are not there yet."""
    wanted = {"BANYAN_DEMO": "1"} | ({"BANYAN_DATABASE_URL": postgres_url} if postgres_url else {})
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, "-m", "banyan.faces.cli", *sys.argv[1:]], {**os.environ, **wanted})  # noqa: S606


def _mark() -> Path:
    """Return the file that says which database holds a finished demonstration town."""
    from django.conf import settings

    return Path(settings.HOME) / "demonstration.json"


def _is_done() -> bool:
    from django.conf import settings

    from banyan.apps.territory import queries as territory
    from banyan.demo.settling import SLUG

    mark = _mark()
    if not mark.exists() or territory.town_named(SLUG) is None:
        return False
    return bool(json.loads(mark.read_text(encoding="utf-8")).get("database") == settings.DATABASES["default"]["NAME"])


def _is_half_done() -> bool:
    """Say whether a generation was broken off: the town is there and the mark is not."""
    from django.db import DatabaseError

    from banyan.apps.territory import queries as territory
    from banyan.demo.settling import SLUG

    try:
        broken = territory.town_named(SLUG) is not None and not _is_done()
    except DatabaseError:
        return False
    if broken:
        _say("An earlier generation was broken off; it is begun again")
    return broken


def _forget() -> None:
    """Throw away the demonstration's database and files; a database with a town that is not synthetic is left alone."""
    from django.conf import settings
    from django.db import connection

    _refuse_real_towns()
    if connection.vendor == "sqlite":
        connection.close()
        for end in ("", "-wal", "-shm", "-journal"):
            Path(f"{settings.DATABASES['default']['NAME']}{end}").unlink(missing_ok=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    shutil.rmtree(settings.FILES_ROOT, ignore_errors=True)
    _mark().unlink(missing_ok=True)


def _refuse_real_towns() -> None:
    from django.db import DatabaseError

    from banyan.apps.territory import queries as territory

    try:
        real = [town.slug for town in territory.open_towns() if not town.is_synthetic]
    except DatabaseError:
        return
    if real:
        named = ", ".join(real)
        raise click.ClickException(
            f"This database holds towns that are not synthetic ({named}): nothing was thrown away."
        )


def _generate(scale: float) -> None:
    from django.conf import settings
    from django.utils import timezone

    from banyan.demo.generating import generate

    done = generate(scale=scale, now=timezone.now(), say=_say)
    refused = sum(n for step, n in done.items() if step.startswith("refused"))
    _say(f"{done['report']} requests and {done.total() - done['report'] - refused} steps replayed, {refused} refused")
    _mark().write_text(
        json.dumps({"database": settings.DATABASES["default"]["NAME"], "scale": scale}), encoding="utf-8"
    )


@contextmanager
def _processes(port: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run web server and worker; both end with us, however we end."""
    command = [sys.executable, "-m", "banyan.faces.cli"]
    _say("Starting the web server and the worker")
    signal.signal(signal.SIGTERM, _stop)
    children = [
        subprocess.Popen([*command, "serve", "--port", str(port)], start_new_session=True),
        subprocess.Popen([*command, "worker"], start_new_session=True),
    ]
    try:
        yield children
    finally:
        for child in children:
            if child.poll() is None:
                child.terminate()
        for child in children:
            try:
                child.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _wait_for(port: int, children: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if any(child.poll() is not None for child in children):
            raise click.ClickException(f"The web server or the worker ended at once. Is port {port} taken?")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise click.ClickException("The web server does not answer.")


def _watch(children: list[subprocess.Popen[bytes]]) -> None:
    """Stay until stopped, or until one of the processes ends."""
    try:
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
    except KeyboardInterrupt:
        _say("Stopping")
        return
    raise click.ClickException("The web server or the worker ended by itself.")


def _welcome(port: int) -> None:
    from banyan.demo.parties import DEMONSTRATION, DEMONSTRATION_PASSWORD

    rows = [("resident", "榕江居民", "Resident of Rongjiang"), *((m, t.zh, t.en) for _, m, _, _, t in DEMONSTRATION)]
    click.echo(f"\n  Rongjiang, a synthetic town / 榕江镇（虚构数据）:  http://127.0.0.1:{port}/\n")
    for mailbox, zh, en in rows:
        click.echo(f"    {mailbox + '@example.org':<26} {en} / {zh}")
    click.echo(f"\n    password / 密码: {DEMONSTRATION_PASSWORD}      Ctrl-C stops / 停止")
    _say("Ready")


def _say(words: str) -> None:
    click.echo(f"[{time.monotonic() - _STARTED:5.1f} s] {words}")
