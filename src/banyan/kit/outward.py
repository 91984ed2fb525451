"""Speaking to an address that somebody outside has named, without letting it lead into our own networks.

The name is looked up once, every address that it has must lie in the public internet (or in a network that the setting
BANYAN_OUTWARD_NETWORKS lets in), and the connection goes to the address that was looked at: a name that points
elsewhere a moment later leads nowhere.  Redirects are not followed, proxies of the environment are not used, an answer
is read up to a limit, and a receiver that keeps the line open is cut off at a deadline for the whole exchange.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

MOST_OCTETS: Final = 64 * 1024
DEADLINE_S: Final = 10.0
Ip = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered; at most `MOST_OCTETS` of its words."""

    status: int
    body: bytes
    retry_after: str


class NotReached(Exception):
    """No answer came.  `code` says why; `has_left` whether the words may have arrived all the same."""

    def __init__(self, code: str, *, has_left: bool = False) -> None:
        self.code, self.has_left = code, has_left
        super().__init__(code)


def is_let_in(ip: Ip) -> bool:
    """Say whether messages may go to an address: it is public, or the installation lets its network in."""
    inner = _inner(ip)
    return _is_in_own_networks(inner) or (inner.is_global and not inner.is_multicast and not inner.is_reserved)


def may_be_plain() -> bool:
    """Say whether plain HTTP is taken at all: only where networks of its own are let in by the installation."""
    return bool(settings.OUTWARD_NETWORKS)


def _is_in_own_networks(ip: Ip) -> bool:
    return any(ip.version == network.version and ip in network for network in _networks())


def _networks() -> list[IPv4Network | IPv6Network]:
    return [ip_network(text.strip(), strict=False) for text in settings.OUTWARD_NETWORKS]


def _inner(ip: Ip) -> Ip:
    """Return the IPv4 address that an IPv6 address carries (RFC 4291 2.5.5.2, RFC 6052, RFC 3056), else the address."""
    if isinstance(ip, IPv4Address):
        return ip
    carried = ip.ipv4_mapped or ip.sixtofour
    if carried is None and ip in ip_network("64:ff9b::/96"):
        carried = IPv4Address(int(ip) & 0xFFFFFFFF)
    return carried or ip


def post(address: str, *, body: bytes, headers: Mapping[str, str], deadline_s: float = DEADLINE_S) -> Answer:
    """Post octets to an address and return the answer, whatever its status.

    Raises
    ------
    NotReached
        The address is not allowed (``not_allowed``), its name is not known (``unknown_host``), nobody answers
        (``no_connection``), the certificate is not good (``bad_certificate``), or it took too long (``timeout``).
    """
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
        raise NotReached("not_allowed")
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    has_left = False
    with _connected(parts, deadline_s) as (connection, is_cut):
        try:
            connection.request("POST", path, body=body, headers=dict(headers))
            has_left = True
            response = connection.getresponse()
            words = response.read(MOST_OCTETS)
        except (OSError, HTTPException) as error:
            late = isinstance(error, TimeoutError) or is_cut()
            raise NotReached("timeout" if late else "cut_off", has_left=has_left) from None
        if is_cut():
            raise NotReached("timeout", has_left=True)
        return Answer(response.status, words, response.headers.get("Retry-After") or "")


@contextmanager
def _connected(parts: SplitResult, deadline_s: float) -> Iterator[tuple[HTTPConnection, Callable[[], bool]]]:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    ip = _looked_up(host, port)
    if parts.scheme == "http" and not _is_in_own_networks(_inner(ip)):
        raise NotReached("not_allowed")
    lines = [_line(ip, port, deadline_s)]
    cut: list[bool] = []

    def end() -> None:
        cut.append(True)
        _shut(lines[-1])

    timer = Timer(deadline_s, end)
    timer.daemon = True
    timer.start()
    try:
        if parts.scheme == "https":
            lines.append(_wrapped(lines[0], host))
        connection = HTTPConnection(host, port, timeout=deadline_s)
        connection.sock = lines[-1]
        yield connection, lambda: bool(cut)
    finally:
        timer.cancel()
        lines[-1].close()


def _looked_up(host: str, port: int) -> Ip:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached("unknown_host") from None
    ips = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if not ips or not all(is_let_in(ip) for ip in ips):
        raise NotReached("not_allowed")
    return ips[0]


def _line(ip: Ip, port: int, deadline_s: float) -> socket.socket:
    try:
        return socket.create_connection((str(ip), port), timeout=deadline_s)
    except TimeoutError:
        raise NotReached("timeout") from None
    except OSError:
        raise NotReached("no_connection") from None


def _wrapped(raw: socket.socket, host: str) -> socket.socket:
    try:
        return ssl.create_default_context().wrap_socket(raw, server_hostname=host)
    except ssl.SSLCertVerificationError:
        raise NotReached("bad_certificate") from None
    except TimeoutError:
        raise NotReached("timeout") from None
    except OSError:
        raise NotReached("no_connection") from None


def _shut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself
