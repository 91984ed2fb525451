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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from banyan.demo.generating import Story

_STARTED: Final = time.monotonic()
#: Seconds that the web server may take to answer for the first time.
_PATIENCE_S: Final = 60


def show(*, port: int, reset: bool, postgres_url: str, scale: float) -> None:
    """Show the demonstration town until stopped.

    The doors open once the recent past is there; the rest of the three months is told while visitors are in the town
    already.  A telling that is broken off goes on at the next start.
    """
    _with_settings(postgres_url)
    from banyan.faces.cli.house import prepare_database

    if reset or _is_half_settled():
        _forget()
    _say("Preparing the database")
    prepare_database()
    story, told = _composed(scale)
    if story is not None and told < story.n_first:
        told = _told(story, told, story.n_first, every=3000)
    with _processes(port) as children:
        _wait_for(port, children)
        _welcome(port)
        _watch(children, story, told)


def _with_settings(postgres_url: str) -> None:
    """Begin again with the demonstration's settings in the environment, where they are not there yet."""
    wanted = {"BANYAN_DEMO": "1"} | ({"BANYAN_DATABASE_URL": postgres_url} if postgres_url else {})
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, "-m", "banyan.faces.cli", *sys.argv[1:]], {**os.environ, **wanted})  # noqa: S606


def _mark() -> Path:
    """Return the file that says which story this home tells, and how much of it is told."""
    from django.conf import settings

    return Path(settings.HOME) / "demonstration.json"


def _marked() -> dict[str, Any]:
    """Return what the mark says of the database in use, {} where it says nothing of it."""
    from django.conf import settings

    mark = _mark()
    said: dict[str, Any] = json.loads(mark.read_text(encoding="utf-8")) if mark.exists() else {}
    return said if said.get("database") == str(settings.DATABASES["default"]["NAME"]) else {}


def _keep(**words: Any) -> None:
    """Write the mark whole or not at all."""
    from django.conf import settings

    part = _mark().with_suffix(".part")
    part.write_text(json.dumps({"database": str(settings.DATABASES["default"]["NAME"]), **words}), encoding="utf-8")
    part.replace(_mark())


def _is_half_settled() -> bool:
    """Say whether the town is there without its mark (its settling was broken off), or the mark without its town."""
    from django.db import DatabaseError

    from banyan.apps.territory import queries as territory
    from banyan.demo.settling import SLUG

    try:
        is_there = territory.town_named(SLUG) is not None
    except DatabaseError:
        is_there = False
    if is_there and not _marked():
        _say("An earlier settling was broken off; it is begun again")
    return is_there != bool(_marked())


def _composed(scale: float) -> tuple[Story | None, int]:
    """Return the story that is still to be told, None where all of it is, and how much of it is told already."""
    from django.utils import timezone

    from banyan.demo.generating import compose

    held = _marked()
    if held and held["told"] == held["all"]:
        return None, held["told"]
    scale, now = held.get("scale", scale), datetime.fromisoformat(held["now"]) if held else timezone.now()
    story = compose(scale=scale, now=now, say=_say)
    _keep(scale=scale, now=now.isoformat(), told=held.get("told", 0), all=len(story.happenings))
    return story, held.get("told", 0)


def _told(story: Story, begin: int, end: int, *, every: int, check: Callable[[], None] | None = None) -> int:
    """Tell a part of a story, keeping the mark after each batch.

    `check` is asked after each batch; it is there where others are in the town, and then the telling gives way to them.
    """
    from banyan.demo.generating import tell

    held, n_lines = _marked(), begin // every

    def said(n_told: int) -> None:
        nonlocal n_lines
        _keep(**{**held, "told": n_told})
        if n_told // every != n_lines:
            n_lines = n_told // every
            _say(f"  {n_told:>6} of {len(story.happenings)} happenings replayed through the actions of the platform")
        if check is not None:
            check()

    done = tell(story, begin=begin, end=end, say=said, gives_way=check is not None)
    refused = sum(n for step, n in done.items() if step.startswith("refused"))
    _say(f"{done['report']} requests and {done.total() - done['report'] - refused} steps replayed, {refused} refused")
    return end


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


def _watch(children: list[subprocess.Popen[bytes]], story: Story | None, told: int) -> None:
    """Tell what is left of the story, then stay until stopped, or until one of the processes ends."""

    def check() -> None:
        if any(child.poll() is not None for child in children):
            raise click.ClickException("The web server or the worker ended by itself.")

    try:
        if story is not None and told < len(story.happenings):
            _say("The rest of the three months follows; look around meanwhile")
            _told(story, told, len(story.happenings), every=6000, check=check)
            _say("The three months are complete")
        while True:
            check()
            time.sleep(0.5)
    except KeyboardInterrupt:
        _say("Stopping")


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
