"""Clients that ask over HTTP, one after the other or two at a time, and what they waited."""

from __future__ import annotations

import http.client
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from benchmarks.rig.serving import Web, Worked

Chain = Sequence["Ask"]
#: How often the web is asked on connections of their own, so that each worker has read the town into its memory.
N_WARMING: Final = 12


@dataclass(frozen=True, slots=True)
class Ask:
    """One request over HTTP and the status it must have."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """What one operation cost: processor time per request, waiting of one client, throughput of two."""

    n: int
    n_bytes: int
    web_ms: float
    database_ms: float
    background_ms: float
    p50_ms: float
    p95_ms: float
    cpu_two_ms: float
    per_second: float

    @property
    def cpu_ms(self) -> float:
        """Return the processor time of web and database together, per request of one client."""
        return self.web_ms + self.database_ms


def ask_once(web: Web, asks: Sequence[Ask]) -> None:
    """Ask on a connection of its own."""
    client = _Client(web)
    client.follow(asks)
    client.connection.close()


def measure(web: Web, *, alone: Sequence[Chain], together: Sequence[Chain]) -> Measured:
    """Let one client follow some chains of requests, then two clients at a time others."""
    client = _Client(web)
    before = web.worked()
    for chain in alone:
        client.follow(chain)
    one = _per_request(web.worked() - before, len(client.waited_ms))
    before, begun = web.worked(), time.perf_counter()
    clients = [_Client(web, keeps_alive=False) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_follow_all, clients, (together[::2], together[1::2])))
    took = time.perf_counter() - begun
    n_two = sum(len(each.waited_ms) for each in clients)
    two = _per_request(web.worked() - before, n_two)
    p50, p95 = np.percentile(client.waited_ms, [50, 95])
    return Measured(
        n=len(client.waited_ms),
        n_bytes=client.n_bytes // len(client.waited_ms),
        web_ms=one.web,
        database_ms=one.database,
        background_ms=one.background,
        p50_ms=float(p50),
        p95_ms=float(p95),
        cpu_two_ms=two.web + two.database,
        per_second=n_two / took,
    )


def _per_request(worked: Worked, n: int) -> Worked:
    return Worked(1000 * worked.web / n, 1000 * worked.database / n, 1000 * worked.background / n)


class _Client:
    """One client: a connection that is kept, or one for each request, as it comes to many workers from many people."""

    def __init__(self, web: Web, *, keeps_alive: bool = True) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
        self.keeps_alive = keeps_alive
        self.waited_ms: list[float] = []
        self.n_bytes = 0

    def follow(self, chain: Sequence[Ask]) -> None:
        """Ask one after the other; an answer with another status than expected ends the measurement."""
        for ask in chain:
            begun = time.perf_counter()
            self.connection.request(ask.method, ask.path, body=ask.body or None, headers=ask.headers)
            answer = self.connection.getresponse()
            body = answer.read()
            self.waited_ms.append(1000 * (time.perf_counter() - begun))
            self.n_bytes += len(body)
            if answer.status != ask.status:
                raise RuntimeError(f"{ask.method} {ask.path}: {answer.status}, not {ask.status}: {body[:600]!r}")
            if not self.keeps_alive:
                self.connection.close()


def _follow_all(client: _Client, chains: Sequence[Chain]) -> None:
    for chain in chains:
        client.follow(chain)
