"""The rules of a town: what they would do, taking them out and bringing them in."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from django.utils import timezone

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.cli.root import as_whom, entered, in_town, requests
from banyan.apps.service_requests.rules import Urgency
from banyan.apps.service_requests.rules.rulesets import SUBJECTS
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound
from banyan.kit import guard


@requests.command()
@in_town
@as_whom
@click.option("--service", "service_code", default="", help="Code of the service of the report that is imagined.")
@click.option("--place", "place_code", default="", help="Code of its place.")
@click.option("--urgency", default="", type=click.Choice(["", *map(str, Urgency)]), help="Default: the service's own.")
@click.option("--at", "at_text", default="", help="When it is reported, with its offset (ISO 8601); default: now.")
@click.option("--text", "words", default="", help="Its words.")
@click.option("--all", "all_past", is_flag=True, help="Every past request instead of one report.")
@click.option(
    "--rules", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Rules to try, not yet published."
)
def route(*, slug: str, who: str, all_past: bool, rules: Path | None, **asked: str) -> None:
    """Say what the routing rules would do with a report, and why; or with every past request.  Nothing is stored."""
    with entered(slug, who) as (town, actor):
        if who:
            guard.authorise(actor, "service_requests.read_rules", subject=guard.Subject())
        ready = queries.compiled_for(town, _checked_rules(town, "routing", rules)) if rules else None
        if all_past:
            _say_past(queries.over_past(town, rules=ready))
            return
        service = queries.catalogue(town).offered.get(asked["service_code"])
        place = territory.tree(town).by_code.get(asked["place_code"])
        if service is None:
            raise NotFound("service")
        if asked["place_code"] and place is None:
            raise NotFound("place")
        fate = queries.what_would_happen(
            town,
            service=service,
            place=place,
            urgency=asked["urgency"] or service.default_urgency,
            at=_instant(asked["at_text"]),
            words=asked["words"],
            rules=ready,
        )
    _say_fate(fate)


def _instant(text: str) -> datetime:
    if not text:
        return timezone.now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError("--at needs a date and time such as 2026-03-18T22:30+08:00.") from error
    if at.utcoffset() is None:
        raise click.UsageError("--at needs its offset from UTC, such as +08:00.")
    return at


def _checked_rules(town: Town, subject: str, file: Path) -> dict[str, Any]:
    try:
        body = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The rules", ["The file holds no JSON."]) from error
    if not isinstance(body, dict):
        raise InvalidInput("The rules", ["The file holds no JSON object."])
    if problems := SUBJECTS[subject].problems(body, actions.known_of(town)):
        raise InvalidInput("The rules", problems)
    return body


def _say_fate(fate: queries.Fate) -> None:
    party = fate.party
    click.echo(f"party     {party.code} ({party.name_zh} / {party.name_en})" if party else "party     nobody")
    rule = f", rule {fate.decision.rule}" if fate.decision else ""
    click.echo(f"by        {fate.by}{rule}{', at once' if fate.is_automatic else ''}")
    if fate.decision and fate.by == "rule":
        click.echo(f"way       {fate.decision.way}   urgency {fate.decision.urgency or 'as it is'}")
    for one in fate.trace:
        why = f"{one.condition}: wants {', '.join(one.wanted)}; is {one.had or '-'}" if one.condition else ""
        click.echo(f"  {one.outcome:<12} {one.rule:<24} {why}".rstrip())


def _say_past(past: queries.Past) -> None:
    click.echo(f"requests {past.n}, no rule fits {past.n_unmatched}, nobody answers {past.n_nobody}")
    click.echo(f"dispatched at once {past.n_automatic}")
    for title, counted in (("rule", past.by_rule), ("party", past.by_party)):
        for code, n in counted.items():
            click.echo(f"  {title:<6} {code:<40} {n:>9}")


@requests.group("rules")
def rules_group() -> None:
    """Take the rules a town sets for itself out as a file, or bring them in: a new version each time."""


_subject = click.argument("subject", type=click.Choice(sorted(SUBJECTS)))


@rules_group.command("export")
@_subject
@in_town
def export_rules(subject: str, slug: str) -> None:
    """Print the rules in force on a subject as JSON."""
    with entered(slug, "") as (_, _actor_of_nobody):
        body = queries.rules_now(subject).body
    click.echo(json.dumps(dict(body), ensure_ascii=False, indent=2))


@rules_group.command("import")
@_subject
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@in_town
@as_whom
def import_rules(*, subject: str, file: Path, slug: str, who: str) -> None:
    """Bring the rules of a JSON file into force, or list every problem and change nothing."""
    with entered(slug, who) as (town, actor):
        body = _checked_rules(town, subject, file)
        row = actions.publish_rules(actor=actor, town=town, subject=subject, body=body, at=timezone.now())
    click.echo(f"{subject}: version {row.version} is in force.")
