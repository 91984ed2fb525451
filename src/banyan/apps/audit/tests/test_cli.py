"""`banyan audit` as an auditor uses it."""

from __future__ import annotations

from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from banyan.apps.audit import actions
from banyan.apps.audit.models import Entry
from banyan.apps.audit.tests.histories import CLERK, MORNING, a_town, lived_in
from banyan.faces.cli import main
from banyan.kit import scopes

pytestmark = pytest.mark.django_db


def banyan(*words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words])


@pytest.fixture
def town() -> str:
    lived_in(a_town("audited"), Random(6), n_checkpoints=2)
    return "audited"


def test_a_clean_history_is_verified_with_its_counts(town: str) -> None:
    done = banyan("verify", "--town", town)

    assert done.exit_code == 0, done.output
    assert "Read 12 entries" in done.output
    assert "Nothing found" in done.output


def test_a_town_without_history_is_no_success() -> None:
    a_town("silent")

    done = banyan("verify", "--town", "silent")

    assert done.exit_code == 66
    assert "proves nothing" in done.output


def test_a_history_that_was_cut_short_is_found_with_the_checkpoint_kept(town: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    assert banyan("checkpoint", "--town", town, "--out", str(kept)).exit_code == 0
    assert banyan("verify", "--town", town, "--checkpoint", str(kept)).exit_code == 0
    lived_in(a_town("short"), Random(6), n_checkpoints=1)
    of_the_short_one = kept.read_text().replace(town_id("audited"), town_id("short"))
    kept.write_text(of_the_short_one)

    done = banyan("verify", "--town", "short", "--checkpoint", str(kept))

    assert done.exit_code == 1
    assert "[truncated]" in done.output
    assert banyan("verify", "--town", "short").exit_code == 0


def town_id(slug: str) -> str:
    from banyan.apps.territory.queries import Town

    return str(Town.objects.get(slug=slug).id)


def test_a_file_that_is_no_checkpoint_is_refused_with_every_problem(town: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"\xff\xfe")
    empty = tmp_path / "empty.json"
    empty.write_text("{}")

    refused = [banyan("verify", "--town", town, "--checkpoint", str(file)) for file in (broken, empty)]

    assert [done.exit_code for done in refused] == [65, 65]
    assert all(name in refused[1].output for name in ("town", "number", "length", "merkle_root", "head", "at"))


def test_sealing_by_hand_seals_what_waits(town: str) -> None:
    with scopes.town(Entry._meta.get_field("town").related_model.objects.get(slug=town).id):
        actions.record(actor=CLERK, verb="x", subject=("thing", uuid4()), at=MORNING)

    assert "1 entries wait" in banyan("verify", "--town", town).output
    assert "Sealed 1 entries in 1" in banyan("seal", "--town", town).output
    assert "0 entries wait" in banyan("verify", "--town", town).output


def test_a_timeline_is_shown_without_its_personal_words(town: str) -> None:
    subject = ("service_request", uuid4())
    with scopes.town(Entry._meta.get_field("town").related_model.objects.get(slug=town).id):
        words = {"phone": "13812345678"}
        actions.record(actor=CLERK, verb="received", subject=subject, at=MORNING, personal=words, facts={"a": "路"})

    done = banyan("show", "--town", town, "--subject", f"{subject[0]}:{subject[1]}")

    assert done.exit_code == 0
    assert "received" in done.output and "路" in done.output and "personal words: phone" in done.output
    assert "13812345678" not in done.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["verify", "--town", "nowhere"], 66),
        (["checkpoint", "--town", "silent", "--out", "x.json"], 66),
        (["show", "--town", "silent", "--subject", "nonsense"], 65),
        (["show", "--town", "silent", "--subject", f"thing:{uuid4()}"], 66),
    ],
)
def test_what_is_not_there_is_said_with_an_exit_code(words: list[str], code: int) -> None:
    a_town("silent")

    assert banyan(*words).exit_code == code


@pytest.mark.parametrize("command", ["verify", "checkpoint", "seal", "show"])
def test_every_command_explains_itself(command: str) -> None:
    done = banyan(command, "--help")

    assert done.exit_code == 0
    assert len(done.output.split()) > 30
