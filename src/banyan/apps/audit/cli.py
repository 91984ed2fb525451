"""`banyan audit`: seal history, verify it, keep a checkpoint outside, show what happened to a record."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import click
from django.utils import timezone

from banyan.apps.audit import actions, queries
from banyan.base.errors import EXIT_CODE, InvalidInput, NotFound, Problem, mark
from banyan.kit import scopes
from banyan.kit.problem import say
from banyan.kit.rows import town_rows

_town = click.option("--town", "slug", required=True, metavar="SLUG", help="Town, by its short name in addresses.")


@click.group()
def audit() -> None:
    """History: one append-only chain of entries for each record, sealed every minute.

    \b
    An auditor's habit:
      banyan audit verify --town SLUG                         is all of it as it was written?
      banyan audit checkpoint --town SLUG --out FILE          keep FILE where this server cannot reach it
      banyan audit verify --town SLUG --checkpoint FILE       later: was anything cut off or rewritten since?

    Without a checkpoint kept outside, a history that was cut short, or rewritten from end to end with all its seals,
    cannot be told from an honest one.
    """


@audit.command()
@_town
@click.option(
    "--checkpoint",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint kept outside, as `banyan audit checkpoint` wrote it.",
)
def verify(slug: str, file: Path | None) -> None:
    """Verify a town's history: hashes, links, personal words against their commitments, seals, checkpoints.

    Exit code 0: something was read and all of it is as it was written.  1: something was found; each finding is listed.
    66: there was nothing to read, which proves nothing.
    """
    outside = queries.Anchor.from_json(_text(file)) if file else None
    with scopes.town(_town_id(slug)):
        findings = queries.verify(outside=outside)
    _print(findings, outside=outside)
    if findings.n_found:
        raise SystemExit(1)
    if findings.is_empty:
        raise SystemExit(EXIT_CODE["not_found"])


def _print(findings: queries.Findings, *, outside: queries.Anchor | None) -> None:
    click.echo(
        f"Read {findings.n_entries} entries in {findings.n_chains} chains, {findings.n_words} personal words "
        f"({findings.n_erased} more erased), {findings.n_sealed} seals under {findings.n_checkpoints} checkpoints; "
        f"{findings.n_unsealed} entries wait for their seal."
    )
    for problem in findings.found:
        click.echo(f"  - {problem.where}: {say(problem)} [{problem.code}]")
    if findings.n_found > len(findings.found):
        click.echo(f"  ... and {findings.n_found - len(findings.found)} more.")
    if findings.n_found:
        click.echo(f"{findings.n_found} findings: this is not the history that was written.")
    elif findings.is_empty:
        click.echo("There was nothing to verify: this proves nothing.")
    elif outside is None:
        click.echo("Nothing found. Whether it was cut short or rewritten as a whole only --checkpoint can tell.")
    else:
        click.echo(f"Nothing found, and checkpoint {outside.number} of {outside.at.isoformat()} stands as it was kept.")


@audit.command()
@_town
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, for example on a stick.",
)
def checkpoint(slug: str, out: Path) -> None:
    """Write the newest checkpoint to a file, to be kept where nobody who can write this database can write.

    It holds four numbers and two hashes, nothing about anybody: it may be published.
    """
    with scopes.town(_town_id(slug)):
        newest = queries.newest_checkpoint()
    if newest is None:
        raise NotFound("checkpoint")
    try:
        out.write_text(newest.to_json() + "\n", encoding="ascii")
    except OSError as refused:
        raise click.FileError(str(out), hint=refused.strerror or str(refused)) from refused
    click.echo(f"Checkpoint {newest.number} over {newest.length} entries is in {out}. Keep it elsewhere.")


@audit.command()
@_town
def seal(slug: str) -> None:
    """Seal now whatever is committed and not sealed yet; the worker does the same every minute."""
    with scopes.town(_town_id(slug)):
        sealed = actions.seal(at=timezone.now(), sweep=True)
    click.echo(f"Sealed {sealed.n_entries} entries in {sealed.n_checkpoints} new checkpoints.")


@audit.command()
@_town
@click.option(
    "--subject", "named", required=True, metavar="TYPE:ID", help="Record, such as service_request:01a2... (a UUID)."
)
def show(slug: str, named: str) -> None:
    """Show what happened to one record, oldest first.

    Personal words are named and not printed: who wants to read them asks on the pages, where the look is noted.
    """
    kind, _, identifier = named.partition(":")
    try:
        subject = (kind, UUID(identifier))
    except ValueError:
        problem = Problem("--subject", "pattern", mark("Write it as TYPE:ID, the identifier being a UUID."))
        raise InvalidInput(mark("The subject"), [problem]) from None
    with scopes.town(_town_id(slug)):
        moments = queries.timeline(subject)
    if not moments:
        raise NotFound("history")
    for moment in moments:
        who = f"{moment.role or '-'} by {moment.channel}"
        words = [name if value is not None else f"{name} (erased)" for name, value in moment.words.items()]
        click.echo(f"{moment.sequence:4}  {moment.at.isoformat(timespec='seconds')}  {moment.verb}  ({who})")
        click.echo(f"      {json.dumps(moment.facts, ensure_ascii=False)}")
        if words:
            click.echo(f"      personal words: {', '.join(sorted(words))}")


def _town_id(slug: str) -> UUID:
    found: UUID | None = town_rows().filter(slug=slug).values_list("id", flat=True).first()
    if found is None:
        raise NotFound("town")
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(
            mark("The checkpoint"), [Problem("", "not_text", mark("This is not text in UTF-8."))]
        ) from None
