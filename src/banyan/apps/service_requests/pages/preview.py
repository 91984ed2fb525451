"""What everybody will see of a report, before it is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.pages import panels
from banyan.apps.service_requests.rules import WORDS_LIMIT
from banyan.apps.service_requests.rules.personal import MARKS, find, pieces
from banyan.apps.service_requests.rules.personal import hidden as hide
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.apps.territory.queries import Town
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.asking import TownRequest
from banyan.kit.guard import Actor
from banyan.kit.templating import language

#: Kind of what tells who somebody is -> its word.
KINDS: Final[Mapping[str, str]] = {
    "email": gettext_noop("e-mail address"),
    "identity": gettext_noop("identity number"),
    "bank": gettext_noop("bank card number"),
    "phone": gettext_noop("telephone number"),
    "plate": gettext_noop("number plate"),
    "account": gettext_noop("account in a messenger"),
    "name": gettext_noop("name"),
    "door": gettext_noop("door"),
}
#: Ways of reporting in plain words: value -> word, and what it means.
WAYS: Final = (
    (
        Privacy.NAMED,
        gettext_noop("The town may know it was me"),
        gettext_noop("Staff who handle it can ask me back. Everybody else never sees who reported."),
    ),
    (
        Privacy.ANONYMOUS,
        gettext_noop("Nobody shall know it was me"),
        gettext_noop("No name, no number and no account is kept. Only your tracking number leads back to it."),
    ),
    (
        Privacy.CONFIDENTIAL,
        gettext_noop("Only the staff in charge shall know of it at all"),
        gettext_noop("It stands on no public page, list or map. For matters that would give somebody away."),
    ),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A report as everybody will see it: pieces of text, each with the mark that hides it or ""."""

    description: Sequence[tuple[str, str]] = ()
    address: Sequence[tuple[str, str]] = ()
    hidden: str = ""
    """What is hidden, in words; "" where nothing is."""
    is_confidential: bool = False

    def __bool__(self) -> bool:
        return bool(self.description or self.address or self.is_confidential)


NOTHING: Final = Seen()


def ways() -> list[tuple[str, str, str]]:
    """Return the ways of reporting in the reader's language, for radio buttons."""
    return [(str(value), gettext(word), gettext(note)) for value, word, note in WAYS]


def seen_by_all(words: Mapping[str, str]) -> Seen:
    """Return what everybody will see of the fields of a report."""
    if words.get("privacy") == Privacy.CONFIDENTIAL:
        return Seen(is_confidential=True)
    description = words.get("description", "").replace("\r\n", "\n").strip()[:WORDS_LIMIT]
    address = words.get("address", "").strip()[:200]
    if not description:
        return NOTHING
    return Seen(marked(description), marked(address), hidden_words(description + "\n" + address))


def marked(text: str) -> list[tuple[str, str]]:
    """Return a text in pieces, each with the mark that will hide it, "" for what stays."""
    return [(piece, MARKS[kind] if kind else "") for piece, kind in pieces(text, find(text))]


def hidden_words(text: str) -> str:
    """Return what a text holds that tells who somebody is, in words of the reader; "" where nothing is found."""
    counted = Counter(span.kind for span in find(text))
    comma = "、" if language() == "zh-hans" else ", "
    return comma.join(f"{gettext(KINDS[kind])} × {n}" if n > 1 else gettext(KINDS[kind]) for kind, n in counted.items())


@dataclass(frozen=True, slots=True)
class WordsPanel:
    """What the staff see of the words for everybody: the original with its marks, and what everybody reads."""

    original: Sequence[tuple[str, str]]
    hidden: str
    shown: str
    is_public: bool
    is_confidential: bool
    may_redact: bool
    refused: panels.Refused


def words_panel(actor: Actor, request: ServiceRequest, *, town: Town, refused: panels.Refused) -> WordsPanel:
    """Return the panel of the words for everybody for one reader."""
    subject = queries.subject_of(request, town=town)
    is_confidential = request.privacy == Privacy.CONFIDENTIAL
    may_redact = bool(request.description) and not is_confidential
    return WordsPanel(
        original=marked(request.description),
        hidden=hidden_words(request.description),
        shown=request.public_text or hide(request.description),
        is_public=request.is_text_public,
        is_confidential=is_confidential,
        may_redact=may_redact and guard.may(actor, "service_requests.redact", subject=subject),
        refused=refused.of("words"),
    )


def asks_first(request: HttpRequest) -> bool:
    """Say whether the form only asks to see what everybody will see."""
    return request.POST.get("show") == "preview"


@never_cache
@require_POST
def report_preview(request: TownRequest, town: str, code: str) -> HttpResponse:  # noqa: ARG001
    """Answer what everybody will see of the report as it stands in the form; htmx puts it there."""
    if code not in queries.catalogue(request.town).offered:
        raise NotFound("service")
    return render(request, "service_requests/_preview.html", {"seen": seen_by_all(request.POST)})
