"""Somebody in front of a screen: what they press and write, and everything that goes wrong meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

from tests.journeys import looking
from tests.journeys.ground import SLUG, House
from tools.steps import ROOT

SCREENSHOTS = ROOT / "build" / "screenshots"
PHONE = (360, 740)
DESK = (1440, 900)
#: What a browser is called that prefers a language.
LOCALES = {"zh-hans": "zh-CN", "en": "en-GB"}
#: Answers that a page means to give: not for this reader, nothing there, a record that changed, a form with problems.
_MEANT = {403, 404, 409, 422}


@dataclass
class Visitor:
    """A person with a browser of their own."""

    house: House
    context: BrowserContext
    page: Page
    language: str
    axe: str
    width: int
    town: str = SLUG
    troubles: list[str] = field(default_factory=list)
    looked: set[tuple[str, str, int]] = field(default_factory=set)

    # -- words ---------------------------------------------------------------------------------------------------------

    def says(self, sentence: str, **facts: object) -> str:
        """Return a sentence of the pages in the language of this visitor."""
        with translation.override(self.language):
            said = gettext(sentence)
        return said % facts if facts else said

    def bi(self, name: Any) -> str:
        """Return a name of the demonstration town in the language of this visitor."""
        return str(name.zh if self.language == "zh-hans" else name.en)

    # -- moving about --------------------------------------------------------------------------------------------------

    def open(self, path: str = "") -> None:
        """Open a page: a path that begins with / as it stands, any other inside the town."""
        self.page.goto(self.house.base + (path if path.startswith("/") else f"/t/{self.town}/{path}"))

    def button(self, sentence: str, *, within: Locator | None = None, **facts: object) -> Locator:
        """Find a button by its words."""
        return (within or self.page).get_by_role("button", name=self.says(sentence, **facts), exact=True)

    def link(self, sentence: str, *, within: Locator | None = None, **facts: object) -> Locator:
        """Find a link by its words."""
        return (within or self.page).get_by_role("link", name=self.says(sentence, **facts), exact=True)

    def press(self, sentence: str, *, within: Locator | None = None, **facts: object) -> None:
        """Press a button."""
        self.button(sentence, within=within, **facts).click()

    def follow(self, sentence: str, *, within: Locator | None = None, **facts: object) -> None:
        """Follow a link."""
        self.link(sentence, within=within, **facts).click()

    def write(self, name: str, text: str) -> None:
        """Write into a field, by its name on the page."""
        self.page.locator(f"#f-{name}").fill(text)

    def reads(self, sentence: str, *, within: Locator | None = None, **facts: object) -> None:
        """Wait until a sentence can be read."""
        expect((within or self.page.locator("body")).get_by_text(self.says(sentence, **facts)).first).to_be_visible()

    def is_at(self, path: str) -> None:
        """Wait until the browser stands at a path (a regular expression) of the town."""
        expect(self.page).to_have_url(re.compile(rf"^{re.escape(self.house.base)}/t/{self.town}/{path}$"))

    def report(self, words: str, *, service: str = "street_light_out", grid: str = "RY-05", **fields: str) -> str:
        """Report something by choosing the grid from the list; return the tracking number."""
        self.open(f"report/about/{service}/")
        self.write("description", words)
        self.page.locator("#f-grid").select_option(grid)
        for name, text in fields.items():
            self.write(name, text)
        self.press("Send the report")
        self.is_at("report/sent/")
        return self.page.locator("#number").inner_text()

    # -- who it is -----------------------------------------------------------------------------------------------------

    def sign_in_by_phone(self, phone: str) -> None:
        """Sign in with a number and the code that the demonstration shows on the screen."""
        self.open(f"/accounts/sign-in/?next=/t/{self.town}/")
        self.write("phone", phone)
        self.press("Send the code")
        shown = self.page.locator(".flash").filter(has_text=re.compile(r"\d{6}"))
        found = re.search(r"\d{6}", shown.inner_text())
        assert found is not None
        self.write("code", found[0])
        self.press("Sign in", within=self.page.locator("main"))
        self._arrived()

    def sign_in_by_password(self, email: str, password: str) -> None:
        """Sign in with an e-mail address and a password."""
        self.open(f"/accounts/sign-in/?way=email&next=/t/{self.town}/")
        self.write("email", email)
        self.write("password", password)
        self.press("Sign in", within=self.page.locator("main"))
        self._arrived()

    def _arrived(self) -> None:
        """Come to the town, and choose the language where the account knew another one."""
        self.is_at("")
        switch = self.page.locator("form[action='/language'] button")
        if (self.page.locator("html").get_attribute("lang") or "").lower() != self.language:
            switch.click()
            expect(self.page.locator("html")).to_have_attribute("lang", re.compile(self.language, re.I))

    # -- what is wrong -------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Note whatever goes wrong from now on: errors of scripts, words to other hosts, missing headers."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.context.on("request", self._asked)
        self.page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        is_meant = re.search(r"status of (\d+)", message.text)
        if message.type == "error" and not (is_meant and int(is_meant[1]) in _MEANT):
            self.troubles.append(f"console: {message.text} {message.location} on {self.page.url}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.house.base + "/", "data:", "blob:")):
            self.troubles.append(f"asked another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if not response.url.startswith(self.house.base):
            return
        if response.status >= 400 and response.status not in _MEANT:
            self.troubles.append(f"{response.status} from {response.url}")
        is_page = "text/html" in response.headers.get("content-type", "")
        if is_page and "content-security-policy" not in response.headers:
            self.troubles.append(f"no content security policy: {response.url}")

    def look(self, name: str) -> None:
        """Hold the page as it stands to everything that every page is held to, and take its picture."""
        page, key = self.page, (name, self.language, self.width)
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans" if self.language == "zh-hans" else "en")
        self._settle()
        self.picture(name)
        found = [f"sticks out: {one}" for one in looking.too_wide(page)]
        if self.town == SLUG:  # real cases of another city are told in that city's language alone
            texts = looking.texts_in_the_wrong_language(page, language=self.language, names=self._names())
            found += [f"in the other language: {one}" for one in texts]
        if key not in self.house.kept.setdefault("looked", set()):
            found += [f"barrier: {one}" for one in looking.barriers(page, self.axe)]
            self.house.kept["looked"].add(key)
        self.troubles += [f"[{name} {self.language} {self.width}] {one}" for one in found]

    def picture(self, name: str) -> None:
        """Take a picture of the whole page, for people to look at."""
        folder = SCREENSHOTS / f"{self.language}-{self.width}"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=True, caret="initial")

    def _settle(self) -> None:
        """Wait until what the page draws by itself is drawn: maps begin when they come into view."""
        self.page.wait_for_load_state("load")
        for box in self.page.locator("[data-map]:visible").all():
            canvas = box.locator("[data-map-canvas]")
            if canvas.is_hidden():  # a place to be chosen, if anybody wishes to
                continue
            box.scroll_into_view_if_needed()
            expect(canvas.locator("canvas")).to_be_visible()
            expect(canvas).not_to_have_attribute("aria-busy", "true")
        self.page.evaluate("scrollTo(0, 0)")

    def _names(self) -> frozenset[str]:
        """Names of people, streets and houses, which stand in Chinese on English pages too."""
        plan, people = self.house.plan, self.house.people
        named = (*people.staff, *people.residents, *plan.buildings, *plan.streets, *plan.estates)
        return frozenset({"栋", *(one.name.zh for one in named)})

    def close(self) -> None:
        """Leave, and say everything that went wrong on the way."""
        self.context.close()
        assert not self.troubles, "\n".join(dict.fromkeys(self.troubles))


@dataclass
class Door:
    """Lets visitors in, and sees them out at the end of a test."""

    house: House
    browser: Browser
    axe: str
    inside: list[Visitor] = field(default_factory=list)

    def visitor(self, language: str, size: tuple[int, int] = PHONE, **wishes: Any) -> Visitor:
        """Let somebody in with a browser that knows nobody."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=LOCALES[language],
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            has_touch=size == PHONE,
            **wishes,
        )
        context.set_default_timeout(15_000)
        visitor = Visitor(self.house, context, context.new_page(), language, self.axe, size[0])
        visitor.listen()
        self.inside.append(visitor)
        return visitor

    def member(self, key: str, language: str, size: tuple[int, int] = DESK, **wishes: Any) -> Visitor:
        """Let somebody of the staff in, who signs in by phone."""
        phone = self.house.member(key).phone
        return self.known(key, language, size, by=lambda visitor: visitor.sign_in_by_phone(phone), **wishes)

    def known(
        self, who: str, language: str, size: tuple[int, int], *, by: Callable[[Visitor], None], **wishes: Any
    ) -> Visitor:
        """Let somebody in; who has signed in before in this run is still known."""
        kept = self.house.kept.setdefault("sessions", {})
        state = kept.get((who, language))
        visitor = self.visitor(language, size, storage_state=state, **wishes)
        if state is None:
            by(visitor)
            kept[who, language] = visitor.context.storage_state()
        return visitor

    def see_out(self, *, is_well: bool) -> None:
        """Close every browser; a test that went well fails if anything went wrong on the way."""
        troubles: Sequence[str] = [trouble for visitor in self.inside for trouble in visitor.troubles]
        for visitor in self.inside:
            visitor.context.close()
        if is_well:
            assert not troubles, "\n".join(dict.fromkeys(troubles))


def photo_of_a_lamp(folder: Path) -> Path:
    """Return a photograph with a place in its EXIF: a real one where the shared data is, else one made here."""
    real = ROOT.parent / "shared" / "data" / "trust" / "exif" / "jpg__gps__DSCN0010.jpg"
    if real.exists():
        return real
    from PIL import Image

    made = folder / "lamp.jpg"
    picture = Image.effect_noise((1200, 900), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (23.0, 3.0, 0.0), 3: "E", 4: (113.0, 20.0, 0.0)})
    picture.save(made, exif=exif)
    return made
