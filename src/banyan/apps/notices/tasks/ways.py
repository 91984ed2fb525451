"""The ways out: e-mail, group robots of WeCom, DingTalk and Feishu, signed webhooks, and push services by apprise.

The robots are spoken to here and not through apprise, because they answer a refusal with status 200 and a code in the
body, which apprise takes for success: a notice would be lost unseen.

Sources: WeCom "group robot" (msgtype text, errcode); DingTalk "custom robot" (sign = base64(HMAC-SHA256(secret,
timestamp + "\\n" + secret))); Feishu "custom bot" (key = timestamp + "\\n" + secret, empty message; code); the Standard
Webhooks specification 1.0 (webhook-id, webhook-timestamp, webhook-signature).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import smtplib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import ngettext, override

from banyan.apps.notices.actions.delivering import Outcome
from banyan.apps.notices.rules import Way
from banyan.apps.notices.tasks.letters import Letter, host
from banyan.kit import outward

SENT: Final = Outcome("sent")
#: Host of a robot -> where its requests go.
ROBOTS: Final[dict[str, str]] = {
    "qyapi.weixin.qq.com": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
    "oapi.dingtalk.com": "https://oapi.dingtalk.com/robot/send",
    "open.feishu.cn": "https://open.feishu.cn/open-apis/bot/v2/hook/",
    "open.larksuite.com": "https://open.larksuite.com/open-apis/bot/v2/hook/",
}
#: Codes with which a robot says that trying again is no use: it is gone, its key or its signature is wrong.
_FINAL: Final = frozenset({93000, 93004, 300001, 310000, 400013, 400101, 19001, 19021, 19022, 19024})
#: Octets of text that a robot takes: WeCom's limit, the smallest.
_MOST_OCTETS: Final = 2000
_PUSH_TIMEOUT_S: Final = 5.0


# --- e-mail ----------------------------------------------------------------------------------------------------------


def email(address: str, letter: Letter) -> Outcome:
    """Send a letter to an e-mail address; at a repeat it carries the same Message-ID."""
    message = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        to=[address],
        headers={
            "Message-ID": f"<{letter.number}@{host()}>",
            "List-Unsubscribe": f"<{letter.stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": f"<{letter.town_slug}.{host()}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": letter.language,
        },
    )
    message.attach_alternative(letter.html, "text/html")
    return sent_by_mail(message)


def sent_by_mail(message: EmailMultiAlternatives) -> Outcome:
    """Hand a message to the mail server and say how that ended."""
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refused:
        codes = [code for code, _ in refused.recipients.values()]
        return Outcome("failed" if all(code >= 500 for code in codes) else "retry", f"smtp_{max(codes)}")
    except smtplib.SMTPResponseException as refused:
        # 5xx before a recipient was named is the installation's fault (sign-in, sender): it may be mended, try again.
        return Outcome("retry", f"smtp_{refused.smtp_code}")
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("retry", "timeout" if isinstance(error, TimeoutError) else "no_connection")
    return SENT


# --- group robots ----------------------------------------------------------------------------------------------------


def robot(way: Way, address: Mapping[str, str], letter: Letter, *, at: datetime) -> Outcome:
    """Send a letter as text to a group robot."""
    base, token, secret = ROBOTS[address["host"]], address["target"], address["secret"]
    text = _short(letter)
    body: dict[str, Any]
    if way is Way.FEISHU:
        url, body = f"{base}{token}", {"msg_type": "text", "content": {"text": text}}
        if secret:
            seconds = str(int(at.timestamp()))
            body |= {"timestamp": seconds, "sign": _signed(f"{seconds}\n{secret}", "")}
    else:
        words = {"key" if way is Way.WECOM else "access_token": token}
        if way is Way.DINGTALK and secret:
            millis = str(int(at.timestamp() * 1000))
            words |= {"timestamp": millis, "sign": _signed(secret, f"{millis}\n{secret}")}
        url, body = f"{base}?{urlencode(words)}", {"msgtype": "text", "text": {"content": text}}
    return _robot_answer(url, json.dumps(body, ensure_ascii=False).encode())


def _robot_answer(url: str, body: bytes) -> Outcome:
    try:
        answer = outward.post(url, body=body, headers={"Content-Type": "application/json; charset=utf-8"})
    except outward.NotReached as error:
        # A group cannot tell a repeat: what may have arrived is not sent again.
        return Outcome("unknown" if error.has_left else "retry", error.code)
    if answer.status != 200:
        return Outcome("retry", f"http_{answer.status}", _seconds(answer.retry_after))
    try:
        said = json.loads(answer.body)
        code = int(said.get("errcode", said.get("code", said.get("StatusCode", -1))))
    except (ValueError, TypeError, AttributeError):
        return Outcome("unknown", "unreadable_answer")
    if code == 0:
        return SENT
    return Outcome("failed" if code in _FINAL else "retry", f"robot_{code}")


def _signed(key: str, words: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), words.encode(), hashlib.sha256).digest()).decode()


def _short(letter: Letter) -> str:
    """Return a letter as text within the limit of octets; what does not fit is counted, with a link to the inbox."""
    parts, used = [letter.subject] if len(letter.lines) > 1 else [], len(letter.subject.encode())
    for n, line in enumerate(letter.lines):
        part = "\n".join(words for words in (line.sentence, line.detail, line.url) if words)
        used += len(part.encode()) + 1
        if used > _MOST_OCTETS - 200 and n:
            left = len(letter.lines) - n
            with override(letter.language.lower()):
                parts.append(ngettext("… and %(num)s more:", "… and %(num)s more:", left) % {"num": left})
            parts.append(letter.inbox_url)
            break
        parts.append(part)
    return "\n".join(parts).encode()[:_MOST_OCTETS].decode(errors="ignore")


# --- webhooks --------------------------------------------------------------------------------------------------------


def webhook(address: Mapping[str, str], letter: Letter, *, at: datetime) -> Outcome:
    """Post a letter as JSON, signed by the Standard Webhooks scheme; at a repeat it carries the same webhook-id."""
    body = json.dumps(
        {
            "type": "notices",
            "timestamp": at.isoformat(),
            "data": {
                "town": letter.town_slug,
                "language": letter.language,
                "notices": [
                    {
                        "id": str(line.notice_id),
                        "kind": line.kind,
                        "verb": line.verb,
                        "sentence": line.sentence,
                        "detail": line.detail,
                        "url": line.url,
                        "at": line.at.isoformat(),
                    }
                    for line in letter.lines
                ],
            },
        },
        ensure_ascii=False,
    ).encode()
    seconds = str(int(at.timestamp()))
    key = base64.b64decode(address["secret"].removeprefix("whsec_"))
    signed = hmac.new(key, f"{letter.number}.{seconds}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Banyan",
        "webhook-id": letter.number,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
    try:
        answer = outward.post(address["target"], body=body, headers=headers)
    except outward.NotReached as error:
        return Outcome("failed" if error.code == "not_allowed" else "retry", error.code)
    if 200 <= answer.status < 300:
        return SENT
    if answer.status == 410:
        return Outcome("gone", "http_410")
    return Outcome("retry", f"http_{answer.status}", _seconds(answer.retry_after))


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


# --- push services ---------------------------------------------------------------------------------------------------


def push(address: Mapping[str, str], letter: Letter) -> Outcome:
    """Hand a letter to a push service through apprise; their hosts are fixed, nobody names one."""
    sender = _plugin(address["target"])
    if sender is None:
        return Outcome("gone", "not_offered")
    sender.socket_connect_timeout = sender.socket_read_timeout = _PUSH_TIMEOUT_S
    title = letter.subject if len(letter.lines) > 1 else letter.lines[0].sentence
    is_sent = sender.notify(body=_short(letter), title=title[:120])
    # apprise says whether, not why not; what it calls a failure may have arrived when the answer was late.
    return SENT if is_sent else Outcome("retry", "push_refused")


def _plugin(target: str) -> Any:
    from apprise.plugins.ntfy import NotifyNtfy
    from apprise.plugins.pushplus import NotifyPushplus
    from apprise.plugins.serverchan import NotifyServerChan

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it writes addresses, which hold secrets, into its log
    plugins: dict[str, Any] = {"ntfys": NotifyNtfy, "pushplus": NotifyPushplus, "schan": NotifyServerChan}
    schema = target.partition("://")[0]
    plugin = plugins.get(schema) if schema in settings.PUSH_SERVICES else None
    if plugin is None:
        return None
    words = plugin.parse_url(target) or {}
    return plugin(**({**words, "mode": "cloud"} if schema == "ntfys" else words))
