"""Kinds of news, ways to hear of them, and what holds where nobody has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a notice is to its reader."""

    ASKED = "asked"
    """Something waits for the reader: work, an answer, a decision."""
    MINE = "mine"
    """News of what the reader asked for."""
    FOLLOWED = "followed"
    """News of what the reader follows without having asked for it."""
    ANNOUNCEMENT = "announcement"
    """The town announces something for the reader's place."""


class Mode(StrEnum):
    """When a kind of news goes to a channel."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    OFF = "off"


class Way(StrEnum):
    """Kinds of channel."""

    EMAIL = "email"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    WEBHOOK = "webhook"
    PUSH = "push"


#: What goes to a new channel before anybody has chosen.
UNCHOSEN: Final[Mapping[Kind, Mode]] = {
    Kind.ASKED: Mode.AT_ONCE,
    Kind.MINE: Mode.AT_ONCE,
    Kind.FOLLOWED: Mode.DIGEST,
    Kind.ANNOUNCEMENT: Mode.AT_ONCE,
}
#: Verb of a notice that somebody asked for to try a channel: no choice holds it back.
TRIED: Final = "tried"
#: Ways whose receivers can tell a repeat by its number, so that trying again after an unknown end does no harm.
TELLS_REPEATS: Final = frozenset({Way.EMAIL, Way.WEBHOOK})
#: Channels that an account may have at a time.
MOST_CHANNELS: Final = 10


def mode_of(kind: str, chosen: Mapping[str, str]) -> Mode:
    """Return when a kind of news goes to a channel, by what was chosen for that channel or what holds without."""
    known = Kind(kind) if kind in set(Kind) else Kind.FOLLOWED
    return Mode(chosen.get(known, UNCHOSEN[known]))
