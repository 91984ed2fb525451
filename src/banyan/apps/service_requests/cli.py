"""Service requests on the command line: the whole loop, and bringing in cases of another system."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import click
from django.utils import timezone

from banyan.apps.accounts import queries as accounts
from banyan.apps.audit import queries as audit
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.actions import uploads
from banyan.apps.service_requests.models import ImportRun
from banyan.apps.service_requests.rules import Intake, Step, Urgency
from banyan.apps.service_requests.rules.imports import QUIRKS, read_profile
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.service_requests.rules.rulesets import SUBJECTS
from banyan.apps.service_requests.rules.tickets import TicketProfile, read_ticket_profile
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.base.errors import InvalidInput, NotFound
from banyan.base.ids import read_tracking_number
from banyan.kit import guard, scopes
from banyan.kit.guard import Actor, Channel


@click.group()
def requests() -> None:
    """Report, list, handle, verify and rate service requests; bring in cases of another system.

    \b
    The loop by four people (--as takes the e-mail or phone of an account):
      banyan requests report --town rongjiang --as resident@example.org \\
          --service stair_light --text "The lamp is out" --place RY-08
      banyan requests step NUMBER triage   --town rongjiang --as coordinator@example.org
      banyan requests step NUMBER dispatch --town rongjiang --as coordinator@example.org
      banyan requests step NUMBER accept   --town rongjiang --as worker@example.org
      banyan requests step NUMBER start    --town rongjiang --as worker@example.org
      banyan requests step NUMBER resolve  --town rongjiang --as worker@example.org --remedy "New bulb"
      banyan requests step NUMBER verify   --town rongjiang --as coordinator@example.org
      banyan requests rate NUMBER 5        --town rongjiang --as resident@example.org
      banyan requests show NUMBER          --town rongjiang --as resident@example.org
    """


_town = click.option("--town", "slug", required=True, help="Name of the town in its address.")
_as = click.option("--as", "who", default="", help="E-mail or phone of the account that acts.")


@contextmanager
def _entered(slug: str, who: str) -> Iterator[tuple[Town, Actor]]:
    """Enter a town as somebody."""
    town = territory.town_named(slug)
    if town is None:
        raise NotFound("town")
    with scopes.town(town.id):
        yield town, _actor(who, town) if who else guard.Actor(channel=Channel.CLI)


def _actor(who: str, town: Town) -> Actor:
    account_id = accounts.account_called(who)
    if account_id is None:
        raise NotFound("account")
    return accounts.actor_of(account_id, town_id=town.id, channel=Channel.CLI)


def _id_of(name: str) -> UUID:
    """Return the identifier that a tracking number or an identifier names."""
    try:
        return UUID(name)
    except ValueError:
        return queries.by_tracking_number(read_tracking_number(name)).id


@requests.command()
@_town
@_as
@click.option("--service", "service_code", required=True, help="Code of the service: `banyan requests services`.")
@click.option("--text", "description", required=True, help="What it is about.")
@click.option("--lon", type=float, help="Longitude in degrees.")
@click.option("--lat", type=float, help="Latitude in degrees.")
@click.option("--system", "coordinate_system", default="wgs84", show_default=True, help="wgs84, gcj02 or bd09.")
@click.option("--place", "place_code", default="", help="Code of the place, where there is no point.")
@click.option("--address", default="", help="The place in words.")
@click.option("--urgency", default="", type=click.Choice(["", *map(str, Urgency)]), help="Default: the service's own.")
@click.option("--channel", "intake", default="api", type=click.Choice(list(map(str, Intake))), help="How it came in.")
@click.option("--photo", "photos", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", "contact_name", default="", help="Name of the one who reports.")
@click.option("--phone", "contact_phone", default="", help="Phone of the one who reports.")
@click.option("--privacy", default="named", type=click.Choice(list(map(str, Privacy))), help="Who may know of it.")
@click.option("--attribute", "answers", multiple=True, metavar="CODE=VALUE", help="What the service asks; may repeat.")
def report(slug: str, who: str, photos: tuple[Path, ...], answers: tuple[str, ...], **words: object) -> None:
    """Report something; prints the tracking number, which is a secret of the reporter."""
    given: dict[str, list[str]] = {}
    for answer in answers:
        given.setdefault(answer.partition("=")[0], []).append(answer.partition("=")[2])
    draft = actions.Draft(**words, attributes=given)  # type: ignore[arg-type]
    with _entered(slug, who) as (town, actor):
        shots = [photo.read_bytes() for photo in photos]
        received = actions.report(actor=actor, town=town, draft=draft, at=timezone.now(), photos=shots)
    click.echo(f"{received.tracking_number}  {received.id}")


@requests.command()
@click.argument("number")
@click.argument("step", type=click.Choice(list(map(str, Step))))
@_town
@_as
@click.option("--reason", default="", help="Why (return, pause, refute, reopen, reject).")
@click.option("--remedy", default="", help="What was done (resolve).")
@click.option("--party", "party_code", default="", help="Code of the party (dispatch); default: who answers there.")
@click.option("--service", "service_code", default="", help="The right service (triage).")
@click.option("--urgency", default="", type=click.Choice(["", *map(str, Urgency)]), help="The right urgency (triage).")
@click.option("--publish/--no-publish", "is_text_public", default=None, help="Show the words to everybody (triage).")
def step(number: str, step: str, slug: str, who: str, party_code: str, **words: object) -> None:
    """Take one step of the state table with a request (tracking number or identifier)."""
    from banyan.apps.parties import queries as parties

    with _entered(slug, who) as (town, actor):
        party_id = parties.register(town).by_code.get(party_code) if party_code else None
        if party_code and party_id is None:
            raise NotFound("party")
        wanted = actions.Wanted(party_id=party_id, **words)  # type: ignore[arg-type]
        done = actions.take_step(
            actor=actor, town=town, service_request_id=_id_of(number), step=Step(step), at=timezone.now(), wanted=wanted
        )
    click.echo(f"{number}: {done.status}")


@requests.command()
@click.argument("number")
@click.argument("rating", type=int)
@_town
@_as
@click.option("--words", default="", help="In your own words.")
def rate(number: str, rating: int, slug: str, who: str, words: str) -> None:
    """Rate how a request was handled, 1 (poor) to 5 (very good)."""
    with _entered(slug, who) as (town, actor):
        actions.rate(
            actor=actor, town=town, service_request_id=_id_of(number), rating=rating, words=words, at=timezone.now()
        )
    click.echo("Thank you.")


@requests.command()
@click.argument("number")
@_town
@_as
def show(number: str, slug: str, who: str) -> None:
    """Show a request and its history, as far as the account may read it."""
    with _entered(slug, who) as (town, actor):
        found = queries.readable(actor, _id_of(number), town=town)
        service = queries.catalogue(town).by_id[found.service_id]
        steps = ", ".join(queries.steps_for(actor, found, town=town))
        click.echo(f"{service.name_zh} / {service.name_en}  [{found.status}]  {found.description}")
        click.echo(f"deadline {found.deadline_at or '-'}   your steps: {steps or '-'}   rating {found.rating or '-'}")
        subject = queries.subject_of(found, town=town)
        hears_inner = guard.may(actor, "service_requests.read_internal", subject=subject)
        for moment in audit.timeline(("service_request", found.id)):
            if moment.facts.get("is_internal") and not hears_inner:
                continue
            said = "; ".join(f"{name}: {text}" for name, text in moment.words.items() if text)
            click.echo(f"{moment.at:%Y-%m-%d %H:%M}  {moment.verb.partition('.')[2]:<14} {moment.role:<12} {said}")


@requests.command("list")
@_town
@_as
@click.option("--status", multiple=True, help="Only these states.")
@click.option("--overdue", is_flag=True, help="Only those whose deadline has passed.")
@click.option("--limit", default=50, show_default=True, help="Rows, 1 to 200.")
@click.option("--cursor", default="", help="Where the last page ended.")
def list_requests(slug: str, who: str, status: tuple[str, ...], overdue: bool, limit: int, cursor: str) -> None:
    """List the requests that the account may see, newest first (without --as: the public part of all)."""
    wanted = queries.Filter(statuses=frozenset(status), is_overdue=overdue)
    verb = "service_requests.read" if who else "service_requests.read_public"
    with _entered(slug, who) as (town, actor):
        page = queries.listed(actor, wanted, town=town, at=timezone.now(), size=limit, cursor=cursor, verb=verb)
        catalogue = queries.catalogue(town)
        for row in page.rows:
            service = catalogue.by_id[row.service_id]
            click.echo(f"{row.id}  {row.requested_at:%Y-%m-%d %H:%M}  {row.status:<12} {service.name_en}")
    if page.next_cursor:
        click.echo(f"more: --cursor {page.next_cursor}")


@requests.command()
@click.argument("number")
@_town
@_as
@click.option("--text", default="", help="What everybody reads; without it, personal data is hidden by rule.")
@click.option("--publish/--no-publish", "is_text_public", default=None, help="Show the words to everybody, or not.")
def redact(number: str, slug: str, who: str, text: str, is_text_public: bool | None) -> None:
    """Set the words that everybody reads of a request; what was reported stays for those who may read it."""
    with _entered(slug, who) as (town, actor):
        words = {"text": text, "is_text_public": is_text_public, "at": timezone.now()}
        done = actions.redact(actor=actor, town=town, service_request_id=_id_of(number), **words)  # type: ignore[arg-type]
        click.echo(done.public_text or done.description)


@requests.command()
@_town
def index(slug: str) -> None:
    """Make the words under which the requests of a town are found anew; the town goes on meanwhile."""
    done = 0
    with _entered(slug, "") as _:
        for done in actions.reindex_town():
            click.echo(f"  {done:>7} requests", err=True)
    click.echo(f"{done} requests can be found by their words.")


@requests.command()
@_town
def services(slug: str) -> None:
    """List the services of a town."""
    with _entered(slug, "") as (town, _):
        for service in queries.catalogue(town).offered.values():
            click.echo(f"{service.code:<40} {service.kind:<11} {service.name_zh} / {service.name_en}")


@requests.command("import")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", "name", default="", help="Name of a profile (boston311), or path of a profile file.")
@click.option("--town", "slug", default="", help="Town it goes into; default: the one that the profile founds.")
@click.option("--undo", "run_id", type=click.UUID, help="Take this run back instead of bringing a file in.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Report as .json, .csv or .xlsx.")
@click.option("--batch", type=click.IntRange(1, 5000), help="Rows stored in one transaction.")
def import_file(
    file: Path | None, name: str, slug: str, run_id: UUID | None, report: Path | None, batch: int | None
) -> None:
    """Bring the cases of a file (.csv, .csv.gz or .xlsx) into a town.

    The profile says what each column means and may found a town of its own.  The file is checked to its last row
    before anything is stored: read = imported + already there + rejected, and each rejection has its row and its
    reasons.  A run that was broken off goes on when it is started again; a second run changes nothing.
    """
    if run_id is not None:
        _take_back(run_id, slug=slug)
        return
    if file is None or not name:
        raise click.UsageError("Name a FILE and its --profile, or a --town and its run to --undo.")
    held = territory.town_named(slug) if slug else None
    if slug and held is None:
        raise NotFound("town")
    text, called = uploads.profile_text(name), Path(name).stem
    profile = uploads.profile_for(held, text, name=called) if held else read_profile(text, name=called)
    words = {"batch": batch} if batch else {}
    town, run = actions.import_file(
        file, actor=_IMPORTER, profile=profile, town=held, at=timezone.now(), progress=_progress, **words
    )
    with scopes.town(town.id):
        _say(town, run, report=report)


_IMPORTER = Actor(grants=(guard.Grant(guard.Role.MANAGER),), channel=Channel.IMPORT)


def _progress(phase: str, n: int) -> None:
    if n % 10_000 < 2000:
        click.echo(f"  {n:>8} rows {phase}", err=True)


def _say(town: Town, run: ImportRun, *, report: Path | None) -> None:
    if report is not None:
        form = report.suffix.lstrip(".").lower()
        if form not in ("json", "csv", "xlsx"):
            raise click.UsageError("A report is a .json, .csv or .xlsx file.")
        report.write_bytes(queries.report_of(run, town_slug=town.slug, form=form))
    for code, n in queries.quirks(run).items():
        click.echo(f"  odd      {n:>7}: {QUIRKS.get(code, code)}")
    reasons = Counter(
        str(problem) for one in queries.rejections(run, limit=100_000) for problem in queries.reasons(one)
    )
    for reason, n in reasons.most_common(20):
        click.echo(f"  rejected {n:>7}: {reason}")
    click.echo(f"Town {town.slug}, run {run.id}")
    count = queries.counts(run)
    click.echo(
        f"read {count['read']} = imported {count['imported']} + already there {count['already_there']} "
        f"+ rejected {count['rejected']}"
    )


def _take_back(run_id: UUID, *, slug: str) -> None:
    town = territory.town_named(slug) if slug else None
    if town is None:
        raise NotFound("town")
    with scopes.town(town.id):
        actions.begin_undo(actor=_IMPORTER, run_id=run_id)
    undone = actions.Undone(0, 0)
    for undone in actions.undo_import(actor=_IMPORTER, town=town, run_id=run_id, at=timezone.now()):
        if undone.n_removed % 10_000 < 500:
            click.echo(f"  {undone.n_removed:>8} requests taken back", err=True)
    with scopes.town(town.id):
        kept = queries.kept_after_undo(queries.import_run(_IMPORTER, run_id), limit=100)
    for one in kept:
        click.echo(f"  kept, somebody has touched it: {one}")
    click.echo(f"taken back {undone.n_removed}, kept {undone.n_kept}")


# --- rules of dispatch -----------------------------------------------------------------------------------------------


@requests.command()
@_town
@_as
@click.option("--service", "service_code", default="", help="Code of the service of the report that is imagined.")
@click.option("--place", "place_code", default="", help="Code of its place.")
@click.option("--urgency", default="", type=click.Choice(["", *map(str, Urgency)]), help="Default: the service's own.")
@click.option("--at", "at_text", default="", help="When it is reported, with its offset (ISO 8601); default: now.")
@click.option("--text", "words", default="", help="Its words.")
@click.option("--all", "all_past", is_flag=True, help="Every past request instead of one report.")
@click.option(
    "--rules", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Rules to try, not yet published."
)
def route(slug: str, who: str, all_past: bool, rules: Path | None, **asked: str) -> None:
    """Say what the routing rules would do with a report, and why; or with every past request.  Nothing is stored."""
    with _entered(slug, who) as (town, actor):
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
@_town
def export_rules(subject: str, slug: str) -> None:
    """Print the rules in force on a subject as JSON."""
    with _entered(slug, "") as (_, _actor_of_nobody):
        body = queries.rules_now(subject).body
    click.echo(json.dumps(body, ensure_ascii=False, indent=2))


@rules_group.command("import")
@_subject
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_town
@_as
def import_rules(subject: str, file: Path, slug: str, who: str) -> None:
    """Bring the rules of a JSON file into force, or list every problem and change nothing."""
    with _entered(slug, who) as (town, actor):
        body = _checked_rules(town, subject, file)
        row = actions.publish_rules(actor=actor, town=town, subject=subject, body=body, at=timezone.now())
    click.echo(f"{subject}: version {row.version} is in force.")


@requests.group()
def tickets() -> None:
    """Exchange tickets with a district's desk (12345), so that nobody types anything twice."""


_desk = click.option("--profile", "name", default="desk12345", show_default=True, help="Name or path of a profile.")


def _ticket_profile(name: str, town: Town) -> TicketProfile:
    return read_ticket_profile(uploads.profile_text(name), name=Path(name).stem, time_zone=town.time_zone)


@tickets.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_town
@_as
@_desk
def import_tickets(file: Path, slug: str, who: str, name: str) -> None:
    """Take over the tickets of a file (.csv or .xlsx); those that are here already are left as they are."""
    with _entered(slug, who) as (town, actor):
        done = actions.take_tickets(
            file, actor=actor, town=town, profile=_ticket_profile(name, town), at=timezone.now()
        )
    for one in done:
        click.echo(f"{one.row:>6}  {one.ticket:<30} {one.outcome:<9} {'; '.join(map(str, one.problems))}".rstrip())
    count = Counter(one.outcome for one in done)
    click.echo(f"read {len(done)} = taken {count['taken']} + there {count['there']} + rejected {count['rejected']}")


@tickets.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_town
@_as
@_desk
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what has changed since that day began.")
@click.option("--all", "is_all", is_flag=True, help="Also requests that did not come from the desk.")
def export_tickets(file: Path, slug: str, who: str, name: str, since: datetime | None, is_all: bool) -> None:
    """Write what became of the desk's tickets into a file (.csv or .xlsx) for the desk."""
    form = file.suffix.lstrip(".").lower()
    if form not in ("csv", "xlsx"):
        raise click.UsageError("The file is a .csv or an .xlsx.")
    with _entered(slug, who) as (town, actor):
        content, n = actions.give_tickets(
            actor=actor,
            town=town,
            profile=_ticket_profile(name, town),
            form=form,
            at=timezone.now(),
            since=since.replace(tzinfo=ZoneInfo(town.time_zone)) if since else None,
            is_all=is_all,
        )
        file.write_bytes(content)
    click.echo(f"{n} tickets written")
