"""Files that wait to be brought in: kept under BANYAN_HOME with their profile, and thrown away once they are in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from banyan.apps.service_requests.actions import importing
from banyan.apps.service_requests.models import ImportRun
from banyan.apps.service_requests.rules.imports import Profile, read_profile
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound, Problem, mark
from banyan.base.ids import uuid7
from banyan.kit import files, guard, jobs, scopes
from banyan.kit.guard import Actor

#: Bytes of one uploaded file; what is larger is brought in on the command line.
MOST_BYTES: Final = 100_000_000
_PROFILES: Final = Path(__file__).parents[1] / "profiles"
_BRING_IN: Final = "banyan.apps.service_requests.actions.import_turns.bring_in"
_TAKE_BACK: Final = "banyan.apps.service_requests.actions.import_turns.take_back"
_MACROS: Final = (".xlsm", ".xltm", ".xlsb", ".xls")


def known_profiles(kind: str = "cases") -> list[str]:
    """Return the names of the profiles of a kind that come with the product."""
    return sorted(
        path.stem
        for path in _PROFILES.glob("*.toml")
        if ('kind = "tickets"' in path.read_text(encoding="utf-8")) == (kind == "tickets")
    )


def profile_text(name: str) -> str:
    """Return the text of a profile that comes with the product, or of a file on this machine (``path/to/mine.toml``).

    Raises
    ------
    NotFound
        There is no such profile.
    InvalidInput
        The file is no text.
    """
    path = Path(name) if name.endswith(".toml") else _PROFILES / f"{name}.toml"
    if not path.is_file() or (
        not name.endswith(".toml") and name not in {one.stem for one in _PROFILES.glob("*.toml")}
    ):
        raise NotFound("profile")
    return text_of_profile(path.read_bytes())


def text_of_profile(content: bytes) -> str:
    """Return the text of a profile; `InvalidInput` where it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = {"byte": error.start}
        problem = Problem("", "not_text", mark("The file is not UTF-8 text (byte {byte})."), place)
        raise InvalidInput(mark("The profile"), [problem]) from None


def profile_for(town: Town, text: str, *, name: str) -> Profile:
    """Read a profile for a town that is there: its zone and its bounds hold, whatever town the profile would found."""
    bounds = (town.min_lon, town.min_lat, town.max_lon, town.max_lat)
    return read_profile(text, name=name, town_zone=town.time_zone, town_bounds=bounds)


def take_upload(
    *, actor: Actor, town: Town, pieces: Iterable[bytes], file_name: str, profile: str, profile_name: str, at: datetime
) -> ImportRun:
    """Keep an uploaded file and bring it in with the next turn of the job queue; return its run.

    Parameters
    ----------
    profile
        Text of the profile; its table of a town is left aside: the file goes into the town it was uploaded to.

    Raises
    ------
    InvalidInput
        Lists every problem of the profile; the file is too large or may have macros.
    """
    guard.authorise(actor, "service_requests.import", subject=guard.Subject())
    profile_for(town, profile, name=profile_name)
    if file_name.lower().endswith(_MACROS):
        problem = Problem("file", "macros", mark("Only workbooks without macros are taken: save it as .xlsx."))
        raise InvalidInput(mark("The file"), [problem])
    upload_id = uuid7()
    sha256 = files.write_pieces(town.id, upload_id, suffix="upload", pieces=pieces, most_bytes=MOST_BYTES)
    with scopes.action_transaction():
        run = importing.begin_import(
            actor=actor,
            town=town,
            profile=profile_name,
            file_name=file_name,
            sha256=sha256,
            at=at,
            status=importing.WAITING,
        )
        kept = files.path_of(town.id, run.id, suffix="upload")
        kept.parent.mkdir(parents=True, exist_ok=True)
        files.path_of(town.id, upload_id, suffix="upload").replace(kept)
        files.write(town.id, run.id, suffix="toml", content=profile.encode())
        jobs.enqueue_alone(_BRING_IN, town_id=town.id, run_id=str(run.id))
    return run


def take_back_later(*, actor: Actor, town: Town, run_id: UUID) -> None:
    """Take a run back with the next turn of the job queue."""
    from banyan.apps.service_requests.actions.import_undo import begin_undo

    with scopes.action_transaction():
        begin_undo(actor=actor, run_id=run_id)
        jobs.enqueue_alone(_TAKE_BACK, town_id=town.id, run_id=str(run_id))


def stored(town: Town, run: ImportRun) -> tuple[Path, Profile]:
    """Return the file of a run that waits, and its profile for this town."""
    text = files.path_of(town.id, run.id, suffix="toml").read_text(encoding="utf-8")
    return files.path_of(town.id, run.id, suffix="upload"), profile_for(town, text, name=run.profile)


def drop(town_id: UUID, run_id: UUID) -> None:
    """Throw the file of a run away."""
    for suffix in ("upload", "toml"):
        files.path_of(town_id, run_id, suffix=suffix).unlink(missing_ok=True)
