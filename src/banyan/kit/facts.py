"""News of what has happened, told to other apps.

An event is a frozen dataclass of plain values.  `faces/wiring.py` says on one page which task hears which event.
Publishing enqueues one task in the writer's own transaction: rolled back with it, redelivered if a worker dies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, fields
from datetime import datetime
from importlib import import_module
from typing import Any, ClassVar, Protocol
from uuid import UUID

from banyan.kit import jobs, scopes


class Event(Protocol):
    """A frozen dataclass of plain values (UUID, str, int, datetime, None)."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


_quiet: ContextVar[bool] = ContextVar("banyan_quiet", default=False)
_listeners: dict[type[Any], tuple[str, ...]] = {}


def wire(table: Mapping[type[Any], Sequence[str]]) -> None:
    """Say which tasks (dotted paths of functions with one argument, the event) hear which event."""
    _listeners.update({event: tuple(paths) for event, paths in table.items()})


def listeners(event_type: type[Any]) -> tuple[str, ...]:
    """Return the dotted paths of the tasks that hear an event."""
    return _listeners.get(event_type, ())


@contextmanager
def quietly() -> Iterator[None]:
    """Publish nothing inside: what is replayed from the past is history, not news."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def publish(event: Event) -> None:
    """Tell the listeners of `event`, in the transaction of the writer."""
    if _quiet.get() or not listeners(type(event)):
        return
    name = f"{type(event).__module__}:{type(event).__qualname__}"
    jobs.enqueue("banyan.kit.facts.deliver", town_id=scopes.current_town(), name=name, words=_plain(event))


def deliver(*, name: str, words: dict[str, Any]) -> None:
    """Hand an event to everyone who listens; every listener is idempotent, so a second delivery changes nothing."""
    module, _, kind = name.partition(":")
    event_type = getattr(import_module(module), kind)
    event = _rebuilt(event_type, words)
    for path in listeners(event_type):
        module, _, function = path.rpartition(".")
        getattr(import_module(module), function)(event)


def _plain(event: Event) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
        for name, value in asdict(event).items()
    }


def _rebuilt(event_type: type[Any], words: dict[str, Any]) -> Any:
    """Read plain values back by the annotation of each field."""
    read: Mapping[str, Callable[[str], Any]] = {
        "UUID": UUID,
        "UUID | None": UUID,
        "datetime": datetime.fromisoformat,
        "datetime | None": datetime.fromisoformat,
    }
    return event_type(
        **{
            field.name: read[str(field.type)](words[field.name])
            if str(field.type) in read and words[field.name] is not None
            else words[field.name]
            for field in fields(event_type)
        }
    )
