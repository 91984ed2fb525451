"""Receivers that a test starts on this machine: a mail server and an HTTP listener, with answers as ordered."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from django.test import override_settings


@dataclass
class Mailbox:
    """What a mail server took; `refusals` are answers it gives first, in their order."""

    messages: list[EmailMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def text(self, index: int = -1) -> str:
        """Return the plain text of a message."""
        part = self.messages[index].get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    def html(self, index: int = -1) -> str:
        """Return the HTML of a message."""
        part = self.messages[index].get_body(("html",))
        assert part is not None
        return str(part.get_content())


class _AnyPort(Controller):
    """Listens on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run a mail server on a free port and let the settings point to it."""
    box = Mailbox()
    controller = _AnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        smtp = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": controller.port, "EMAIL_USE_TLS": False, "EMAIL_TIMEOUT": 5}
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", **smtp):
            yield box
    finally:
        controller.stop()


@dataclass(frozen=True)
class Got:
    """One request that the listener took."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Listener:
    """What an HTTP listener took; `answers` are (status, words) that it gives first, in their order; None hangs."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[tuple[int, str] | None] = field(default_factory=list)
    usual: tuple[int, str] = (200, '{"errcode": 0, "code": 0}')
    location: str = ""
    open: threading.Event = field(default_factory=threading.Event)


@contextmanager
def http_listener() -> Iterator[Listener]:
    """Run an HTTP listener on a free port; the settings let messages into the networks of this machine."""
    listener = Listener()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(listener))
    server.daemon_threads = True
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with override_settings(OUTWARD_NETWORKS=["127.0.0.0/8"]):
            yield listener
    finally:
        listener.open.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            listener.got.append(Got(self.path, dict(self.headers), body))
            answer = listener.answers.pop(0) if listener.answers else listener.usual
            if answer is None:
                self._drip()
                return
            status, words = answer
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", listener.location)
            self.send_header("Content-Length", str(len(words.encode())))
            self.end_headers()
            self.wfile.write(words.encode())

        def _drip(self) -> None:
            """Keep the line open with a word now and then, as a receiver does that wants to hold a sender up."""
            try:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not listener.open.is_set():
                    self.wfile.write(b"X-Wait: 1\r\n")
                    time.sleep(0.05)
            except OSError:
                return

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    return Handler


def is_signed(got: Got, secret: str) -> bool:
    """Say whether a webhook carries a good signature of the Standard Webhooks scheme, worked out anew here."""
    headers = {name.lower(): value for name, value in got.headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), got.body])
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")
