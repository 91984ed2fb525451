"""Addresses that people enter for chat and webhooks: an allow list, and nothing that names a host but the webhook."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from banyan.apps.notices.rules.kinds import Way
from banyan.base.errors import Problem, mark

MOST_CHARACTERS: Final = 400
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{8,120}", re.ASCII)
#: Where each chat gives out the address of its robot, and which part of it is the secret.
_ROBOTS: Final[Mapping[Way, tuple[tuple[str, str, str], ...]]] = {
    Way.WECOM: (("qyapi.weixin.qq.com", "/cgi-bin/webhook/send", "key"),),
    Way.DINGTALK: (("oapi.dingtalk.com", "/robot/send", "access_token"),),
    Way.FEISHU: (
        ("open.feishu.cn", "/open-apis/bot/v2/hook/", ""),
        ("open.larksuite.com", "/open-apis/bot/v2/hook/", ""),
    ),
}
#: Push services that apprise speaks to at a fixed host: schema -> pattern of all that follows it.
PUSH_SCHEMAS: Final[Mapping[str, re.Pattern[str]]] = {
    "ntfys": re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII),
    "pushplus": re.compile(r"[A-Za-z0-9]{32}", re.ASCII),
    "schan": re.compile(r"[A-Za-z0-9]{8,80}", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was read.  `target` and `secret` are never shown again."""

    way: Way
    host: str
    target: str
    secret: str = ""

    @property
    def hint(self) -> str:
        """Return what may be shown of it."""
        tail = f"…{self.target[-4:]}" if self.way is not Way.WEBHOOK else ""
        return f"{self.host} {tail}".strip()


def read_address(
    way: str, text: str, *, secret: str, schemas: Collection[str], may_be_plain: bool = False
) -> tuple[Address | None, list[Problem]]:
    """Read the address of a channel as people paste it; return it, or every problem.

    Parameters
    ----------
    secret
        What a robot signs with, where its owner asked for that; "" else.
    schemas
        Push services of `PUSH_SCHEMAS` that this installation offers.
    may_be_plain
        Whether a webhook may be plain HTTP: only where the installation lets messages into its own networks.
    """
    text, secret = text.strip(), secret.strip()
    problems = []
    if secret and not re.fullmatch(r"[\x21-\x7e]{8,200}", secret):
        problems.append(Problem("secret", "pattern", mark("This is no secret that a robot signs with.")))
    if way not in set(Way) or way == Way.EMAIL:
        problems.append(Problem("way", "unknown", mark("Choose one of the ways that are offered.")))
        return None, problems
    if not text or len(text) > MOST_CHARACTERS or not text.isascii() or not text.isprintable() or " " in text:
        problems.append(Problem("address", "pattern", mark("Paste the whole address, without spaces.")))
        return None, problems
    if way == Way.WEBHOOK:
        found = _webhook(text, may_be_plain=may_be_plain)
    elif way == Way.PUSH:
        found = _push(text, schemas)
    else:
        found = _robot(Way(way), text, secret)
    if found is None:
        problems.append(Problem("address", "not_allowed", _WANTED[Way(way)]))
    return (None, problems) if problems else (found, [])


_WANTED: Final[Mapping[Way, str]] = {
    Way.WECOM: mark("This is not the address that WeCom shows for a group robot."),
    Way.DINGTALK: mark("This is not the address that DingTalk shows for a group robot."),
    Way.FEISHU: mark("This is not the address that Feishu or Lark shows for a group robot."),
    Way.WEBHOOK: mark("A webhook begins with https:// and a host, without name and password."),
    Way.PUSH: mark("This is not an address of a push service that is offered here."),
}


def _robot(way: Way, text: str, secret: str) -> Address | None:
    parts = _split(text)
    if parts is None or parts[0] != "https":
        return None
    for host, path, name in _ROBOTS[way]:
        if parts[1] != host:
            continue
        if name:
            token = parse_qs(parts[3]).get(name, [""])[0] if parts[2].rstrip("/") == path else ""
        else:
            token = parts[2].removeprefix(path).rstrip("/") if parts[2].startswith(path) else ""
        if _TOKEN.fullmatch(token):
            return Address(way, host, token, secret)
    return None


def _webhook(text: str, *, may_be_plain: bool) -> Address | None:
    parts = _split(text)
    if parts is None or parts[0] not in ({"https", "http"} if may_be_plain else {"https"}):
        return None
    return Address(Way.WEBHOOK, parts[1], text)


def _push(text: str, schemas: Collection[str]) -> Address | None:
    schema, mid, rest = text.partition("://")
    pattern = PUSH_SCHEMAS.get(schema) if mid and schema in schemas else None
    if pattern is None or not pattern.fullmatch(rest.rstrip("/")):
        return None
    return Address(Way.PUSH, schema, f"{schema}://{rest.rstrip('/')}")


def _split(text: str) -> tuple[str, str, str, str] | None:
    """Return scheme, host, path and query; None where there are names, passwords, fragments or no host."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.password is not None or parts.fragment or not parts.hostname:
        return None
    if "\\" in text or (port is not None and port not in (80, 443) and port < 1024):
        return None
    return parts.scheme, parts.hostname, parts.path, parts.query
