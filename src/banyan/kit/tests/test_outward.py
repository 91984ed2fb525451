"""Addresses that people name lead to the public internet and to nowhere in our own networks."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest
from django.test import override_settings

from banyan.apps.notices.tests.receivers import http_listener
from banyan.kit import outward, sealed
from banyan.kit.outward import NotReached

INSIDE = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
    *("::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_of_our_own_networks_is_let_in(address: str):
    assert not outward.is_let_in(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "120.53.1.1", "2400:3200::1", "64:ff9b::808:808"])
def test_the_public_internet_is_let_in(address: str):
    assert outward.is_let_in(ip_address(address))


def test_a_setting_lets_one_network_in_and_no_other():
    with override_settings(OUTWARD_NETWORKS=["10.20.0.0/16"]):
        assert outward.is_let_in(ip_address("10.20.3.4")) and outward.is_let_in(ip_address("::ffff:10.20.3.4"))
        assert not outward.is_let_in(ip_address("10.21.3.4")) and not outward.is_let_in(ip_address("127.0.0.1"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:7f00:1]"]
)
def test_however_it_is_written_this_machine_is_not_reached(host: str):
    with http_listener() as listener:
        port = listener.url.rpartition(":")[2]
        with override_settings(OUTWARD_NETWORKS=[]), pytest.raises(NotReached) as refused:
            outward.post(f"https://{host}:{port}/", body=b"x", headers={})
        assert refused.value.code in ("not_allowed", "unknown_host")
        assert not listener.got

        answer = outward.post(f"{listener.url}/", body=b"x", headers={})
        assert (answer.status, len(listener.got)) == (200, 1), "the control: let in, it is reached"


def test_a_name_with_one_address_inside_is_refused_whatever_the_others(monkeypatch: pytest.MonkeyPatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)

    with pytest.raises(NotReached, match="not_allowed"):
        outward.post("https://rebound.example.org/", body=b"", headers={})


def test_a_name_that_turns_inward_after_the_look_leads_nowhere(monkeypatch: pytest.MonkeyPatch):
    """The name is asked once, and the connection goes to the address that was looked at."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def turning(host: str, port: int, *words: object, **more: object) -> object:
        if host != "turning.example.org":
            return real(host, port, *words, **more)
        asked.append(host)
        ip = "203.0.113.1" if len(asked) > 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    with http_listener() as listener:
        monkeypatch.setattr(socket, "getaddrinfo", turning)
        port = listener.url.rpartition(":")[2]
        answer = outward.post(f"http://turning.example.org:{port}/", body=b"x", headers={})

    assert answer.status == 200
    assert asked == ["turning.example.org"]


def test_plain_http_is_for_networks_that_were_let_in(monkeypatch: pytest.MonkeyPatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)

    with override_settings(OUTWARD_NETWORKS=["10.0.0.0/8"]), pytest.raises(NotReached, match="not_allowed"):
        outward.post("http://example.org/", body=b"", headers={})


def test_an_answer_without_end_is_read_to_a_limit():
    with http_listener() as listener:
        listener.usual = (200, "x" * (outward.MOST_OCTETS + 1000))
        assert len(outward.post(listener.url, body=b"", headers={}).body) == outward.MOST_OCTETS


def test_who_talks_without_end_is_cut_off_at_the_deadline():
    with http_listener() as listener:
        listener.answers = [None]
        with pytest.raises(NotReached) as refused:
            outward.post(listener.url, body=b"", headers={}, deadline_s=0.3)

    assert (refused.value.code, refused.value.has_left) == ("timeout", True)


def test_nobody_there_is_said_so():
    with override_settings(OUTWARD_NETWORKS=["127.0.0.0/8"]), pytest.raises(NotReached) as refused:
        outward.post("http://127.0.0.1:1/", body=b"", headers={})

    assert (refused.value.code, refused.value.has_left) == ("no_connection", False)


def test_what_is_sealed_is_read_for_its_purpose_and_with_its_key_alone():
    kept = sealed.seal("a token", purpose="one")

    assert "token" not in kept
    assert sealed.opened(kept, purpose="one") == "a token"
    with pytest.raises(sealed.SealBroken):
        sealed.opened(kept, purpose="other")
    with override_settings(SECRET_KEY="another " * 8), pytest.raises(sealed.SealBroken):
        sealed.opened(kept, purpose="one")
    assert sealed.fingerprint("a", purpose="one") != sealed.fingerprint("a", purpose="other")
