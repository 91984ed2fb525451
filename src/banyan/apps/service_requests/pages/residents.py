"""Reporting something, following it by its number, and one's own requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from banyan.apps.accounts import queries as accounts
from banyan.apps.people import queries as people
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.pages import attributes, near, preview, shared
from banyan.apps.service_requests.rules import ON_BEHALF, Draft, Intake, Urgency
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.territory import queries as territory
from banyan.base.errors import BanyanError, InvalidInput, NotFound, SignInNeeded
from banyan.base.ids import read_tracking_number, uuid7
from banyan.kit import guard, images, limits, scopes
from banyan.kit.asking import TownRequest, is_htmx
from banyan.kit.guard import Actor
from banyan.kit.problem import spoken, spoken_problems

_SENT: Final = "sent"
#: Wrong tracking numbers from one address: 45 random bits leave a guesser nothing to hope for at this rate.
_GUESSES: Final = "20/15m/ip"
#: Field of a draft as an action names it -> field of the page.
_FIELD: Final = {
    "lon": "point",
    "lat": "point",
    "coordinate_system": "point",
    "place_code": "grid",
    "channel": "intake",
}


# --- choosing what it is about ---------------------------------------------------------------------------------------


@require_GET
def report(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Choose what to report: by words, or by group and then by service."""
    words = request.GET.get("q", "").strip()[:100]
    groups = shared.group_options(request.town)
    group = next((one for one in groups if one["code"] == request.GET.get("group")), None)
    offered = queries.catalogue(request.town).offered.values()
    found = _matching(offered, words) if words else [s for s in offered if group and s.group == group["code"]]
    context = {"q": words, "groups": groups, "group": group, "found": found, "icon_of": shared.group_icon}
    return render(request, "service_requests/report_what.html", context)


def _matching(services: Any, words: str) -> list[queries.ServiceView]:
    """Return services whose names, keywords, group or description hold every word; names count before the rest."""
    wanted = words.casefold().split()

    def place_of_hit(service: queries.ServiceView) -> int | None:
        names = f"{service.name_zh} {service.name_en}".casefold()
        keys = f"{names} {service.keywords_zh} {service.keywords_en}".casefold()
        rest = (
            f"{keys} {service.group_zh} {service.group_en} {service.description_zh} {service.description_en}".casefold()
        )
        return next((i for i, text in enumerate((names, keys, rest)) if all(word in text for word in wanted)), None)

    hits = [(hit, i, service) for i, service in enumerate(services) if (hit := place_of_hit(service)) is not None]
    return [service for _, _, service in sorted(hits, key=lambda hit: hit[:2])]


# --- saying what it is -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields of the report: it comes back as it was when something is wrong."""

    description: str = ""
    urgency: str = ""
    lon: str = ""
    lat: str = ""
    grid: str = ""
    building: str = ""
    address: str = ""
    intake: str = "web"
    name: str = ""
    phone: str = ""
    contact_me: str = ""
    privacy: str = "named"
    draft_id: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Typed:
        """Read the fields from a form that was sent."""
        return cls(**{name: request.POST.get(name, "") for name in cls.__slots__})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report_details(request: TownRequest, town: str, code: str) -> HttpResponse:  # noqa: ARG001
    """Say what is wrong and where, and send it."""
    service = queries.catalogue(request.town).offered.get(code)
    if service is None:
        raise NotFound("service")
    if request.method != "POST":
        return _details(request, service, Typed(draft_id=str(uuid7()), contact_me="on"))
    typed = Typed.of(request)
    if request.POST.get("show") == "buildings" or preview.asks_first(request):
        return _details(request, service, typed)
    sent = request.session.get(_SENT)
    if sent and typed.draft_id and typed.draft_id in (sent["id"], sent.get("draft")):
        return redirect("received", request.town.slug)
    if near.asks_first(request) and (found := near.near_to(request, service)):
        return _details(request, service, typed, n_photos=len(request.FILES.getlist("photos")), offered=found)
    return _sent(request, service, typed)


def _sent(request: TownRequest, service: queries.ServiceView, typed: Typed) -> HttpResponse:
    files = request.FILES.getlist("photos")[: images.MOST_PICTURES + 1]
    try:
        draft = attributes.with_attributes(_draft(request.actor, service, typed), service, request.POST)
        with scopes.action_transaction():
            _count_report(request)
            received = actions.report(
                actor=request.actor,
                town=request.town,
                draft=draft,
                at=timezone.now(),
                photos=[file.read(images.MOST_BYTES + 1) for file in files],
            )
    except InvalidInput as error:
        named = attributes.named(shown_problems(error), service)
        return _details(request, service, typed, problems=named, n_photos=len(files))
    except limits.TooManyTries as error:
        problems = [{"where": "", "code": error.code, "sentence": spoken(error)}]
        return _details(request, service, typed, problems=problems, n_photos=len(files), status=429)
    if draft.intake not in ON_BEHALF and request.actor.account_id is None:
        shared.remember_number(request, received.id)
    # the identifier of a confidential report is another one than its draft had
    request.session[_SENT] = {
        "id": str(received.id),
        "number": received.tracking_number,
        "draft": typed.draft_id,
    }
    return redirect("received", request.town.slug)


def _count_report(request: TownRequest) -> None:
    """Count a report from somebody unknown; a refused one is not counted, because its transaction is rolled back."""
    if request.actor.account_id is None and settings.REPORTS_PER_HOUR:
        limits.spend_try(request, "report", rates=f"{settings.REPORTS_PER_HOUR}/h/ip")


def _draft(actor: Actor, service: queries.ServiceView, typed: Typed) -> Draft:
    name, phone, email = typed.name.strip(), typed.phone.strip(), ""
    if _is_own(actor, typed) and actor.account_id is not None:
        own = _own_contact(actor.account_id) if typed.contact_me else people.Contact()
        name, phone, email = own.name, own.phone, own.email
    if typed.privacy == Privacy.ANONYMOUS:
        name = phone = email = ""
    return Draft(
        service_code=service.code,
        description=typed.description.replace("\r\n", "\n"),
        urgency=str(Urgency.EMERGENCY) if typed.urgency == Urgency.EMERGENCY else "",
        lon=_degrees(typed.lon),
        lat=_degrees(typed.lat),
        address=typed.address,
        place_code=typed.building or typed.grid,
        intake=str(Intake.WEB) if _is_own(actor, typed) else typed.intake,
        contact_name=name,
        contact_phone=phone,
        contact_email=email,
        privacy=typed.privacy or str(Privacy.NAMED),
        id=_uuid(typed.draft_id),
    )


def _own_contact(account_id: UUID) -> people.Contact:
    """Return how a signed-in reporter can be reached: as entered in this town, else as their account says."""
    return people.own_contact(account_id) or people.Contact(*accounts.contact_of(account_id))


def _is_own(actor: Actor, typed: Typed) -> bool:
    return typed.intake in ("", Intake.WEB) or not guard.may(actor, "service_requests.report_on_behalf")


def _degrees(text: str) -> float | None:
    """Read decimal degrees; what is no number becomes one that is out of range, so that the rules name the problem."""
    try:
        return float(text.strip().replace("，", ".").replace(",", ".")) if text.strip() else None
    except ValueError:
        return 999.0


def _uuid(text: str) -> UUID | None:
    """Read the identifier that the page gave the draft, unless it is not ours or has been used."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if found.version == 7 and not queries.is_known(found) else None


def shown_problems(error: BanyanError) -> list[dict[str, str]]:
    """Return every problem in the reader's language, each at the field of the page that it is about."""
    found = []
    for problem in spoken_problems(error):
        where, sentence = problem["where"], problem["sentence"]
        if where.startswith("photos["):
            number = int(where.removeprefix("photos[").rstrip("]")) + 1
            where, sentence = "photos", gettext("Photo {n}: {sentence}").format(n=number, sentence=sentence)
        found.append({"where": _FIELD.get(where, where), "code": problem["code"], "sentence": sentence})
    return found


def _details(
    request: TownRequest,
    service: queries.ServiceView,
    typed: Typed,
    *,
    problems: Sequence[dict[str, str]] = (),
    n_photos: int = 0,
    status: int = 0,
    offered: near.Near = near.NOTHING,
) -> HttpResponse:
    actor, town = request.actor, request.town
    account_id = actor.account_id
    context = {
        "service": service,
        "typed": typed,
        "problems": list(problems),
        "n_photos": n_photos,
        "near": offered,
        "most_photos": images.MOST_PICTURES,
        "asked": attributes.fields(service, request.POST),
        "areas": _areas(request),
        "buildings": _buildings(request, typed.grid),
        "bounds": shared.bounds(town),
        "may_on_behalf": guard.may(actor, "service_requests.report_on_behalf"),
        "own_contact": _own_contact(account_id) if account_id else None,
        "icon_of": shared.group_icon,
        "ways": preview.ways(),
        "seen": preview.seen_by_all(request.POST),
    }
    return render(request, "service_requests/report.html", context, status=status or (422 if problems else 200))


def _areas(request: TownRequest) -> list[tuple[territory.PlaceView | None, list[territory.PlaceView]]]:
    """Return the grids under their communities; a place above grids can be chosen too."""
    above, found = None, list[tuple[territory.PlaceView | None, list[territory.PlaceView]]]()
    for place in shared.place_options(request.town):
        if place.level == "building":
            continue
        if place.parent_id is None:
            above = place
            found.append((above, [place]))
        elif found:
            found[-1][1].append(place)
    return found


def _buildings(request: TownRequest, grid_code: str) -> list[territory.PlaceView]:
    grid = territory.tree(request.town).by_code.get(grid_code)
    return [p for p in territory.tree(request.town).below(grid.path) if p.level == "building"] if grid else []


@require_GET
def buildings(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Answer the field of buildings for the grid that was chosen; htmx puts it into the report."""
    if not is_htmx(request):
        raise NotFound("page")
    found = _buildings(request, request.GET.get("grid", ""))
    return render(request, "service_requests/_buildings.html", {"buildings": found, "building": "", "problems": []})


@never_cache
@require_GET
def received(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Show the tracking number of what was just sent, and what happens next."""
    sent = request.session.get(_SENT)
    if not sent:
        return redirect("report", request.town.slug)
    found = queries.public(UUID(sent["id"]))  # the session has just sent it, so it may know of it
    follow_at = reverse("follow", args=[request.town.slug])
    link = request.build_absolute_uri(f"{follow_at}?n={sent['number']}")
    context = {
        "service_request": found,
        "service": queries.catalogue(request.town).by_id[found.service_id],
        "number": sent["number"],
        "link": link,
        "code": segno.make(link, error="m", micro=False).svg_inline(scale=4, border=3, light="#fff"),
        "is_own": found.id in shared.reader(request).bearer_of or found.reporter_account_id == request.actor.account_id,
    }
    return render(request, "service_requests/received.html", context)


# --- following by number ---------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Open a request by its tracking number.  The number goes into the session; the address that stays has none."""
    typed = request.POST.get("number") if request.method == "POST" else request.GET.get("n")
    if typed is None:
        return _follow_page(request)
    limits.check_tries(request, "follow", rates=_GUESSES)
    try:
        found = queries.by_tracking_number(read_tracking_number(typed[:100]))
    except InvalidInput as error:
        return _follow_page(request, typed, [{**one, "where": "number"} for one in spoken_problems(error)])
    except NotFound:
        limits.spend_try(request, "follow", rates=_GUESSES)
        said = gettext("There is no request with the number {number} in this town. Compare it letter by letter.")
        messages.error(request, said.format(number=typed[:20]))
        return redirect("follow", request.town.slug)
    request.session.cycle_key()
    shared.remember_number(request, found.id)
    return redirect("one_request", request.town.slug, found.id)


def _follow_page(request: TownRequest, typed: str = "", problems: Sequence[dict[str, str]] = ()) -> HttpResponse:
    at, town = timezone.now(), request.town
    known = shared.reader(request).bearer_of
    rows = queries.listed(Actor(bearer_of=known), queries.Filter(), town=town, at=at).rows if known else ()
    context = {"typed": typed, "problems": list(problems), "entries": shared.entries(rows, town=town, at=at)}
    return render(request, "service_requests/follow.html", context, status=422 if problems else 200)


@require_POST
def forget(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """Forget the numbers that were given on this device."""
    shared.forget_numbers(request)
    request.session.pop(_SENT, None)
    messages.success(request, gettext("This device has forgotten the numbers."))
    return redirect("follow", request.town.slug)


# --- one's own -------------------------------------------------------------------------------------------------------


@never_cache
@require_GET
def my_requests(request: TownRequest, town: str) -> HttpResponse:  # noqa: ARG001
    """List what the reader reported, signed in or by number."""
    if request.actor.account_id is None:
        raise SignInNeeded()
    at = timezone.now()
    page = queries.listed(
        shared.as_reporter(request),
        queries.Filter(),
        town=request.town,
        at=at,
        size=30,
        cursor=request.GET.get("cursor", ""),
    )
    followed = [] if request.GET.get("cursor") else near.followed_entries(request)
    entries = shared.entries(page.rows, town=request.town, at=at)
    context = {"entries": entries, "page": page, "followed": followed}
    return render(request, "service_requests/mine.html", context)
