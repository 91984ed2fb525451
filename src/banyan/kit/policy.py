"""Who may do what, on one page.

verb -> role -> how near the subject has to be (`kit.guard.Near`).  A verb without a line does not exist.  A verb that a
whole town may read is in `ANYONE_MAY` as well.  Operators of several towns see named aggregates only: they have no verb
that reaches a person's words or number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from banyan.kit.guard import Near, Role

_COORDINATION: Final = {Role.COORDINATOR: Near.AREA, Role.MANAGER: Near.AREA}
_HANDLING: Final = {Role.WORKER: Near.PARTY, **_COORDINATION}
_REPORTER: Final = dict.fromkeys(Role, Near.OWN)

MAY: Final[Mapping[str, Mapping[Role, Near]]] = {
    # reading
    "service_requests.read": {
        **_REPORTER,
        Role.WORKER: Near.PARTY,
        Role.COORDINATOR: Near.AREA,
        Role.MANAGER: Near.AREA,
        Role.AUDITOR: Near.AREA,
    },
    "service_requests.read_public": {},
    "service_requests.read_internal": {**_HANDLING, Role.AUDITOR: Near.AREA},
    "service_requests.read_contact": _HANDLING,
    "service_requests.read_confidential_contact": _COORDINATION,
    # a resident's own steps
    "service_requests.report": {},
    "service_requests.report_on_behalf": {Role.COORDINATOR: Near.ANY, Role.WORKER: Near.ANY, Role.MANAGER: Near.ANY},
    "service_requests.withdraw": {**_REPORTER},
    "service_requests.rate": {**_REPORTER},
    "service_requests.comment": {**_REPORTER, **_HANDLING},
    "service_requests.reopen": {**_REPORTER, **_COORDINATION},
    # triage and dispatch
    "service_requests.triage": _COORDINATION,
    "service_requests.dispatch": _COORDINATION,
    "service_requests.reject": _COORDINATION,
    "service_requests.close": _COORDINATION,
    "service_requests.comment_internal": _HANDLING,
    # handling
    "service_requests.accept": _HANDLING,
    "service_requests.return": _HANDLING,
    "service_requests.start": _HANDLING,
    "service_requests.pause": _HANDLING,
    "service_requests.resume": _HANDLING,
    "service_requests.resolve": _HANDLING,
    # verification: by the reporter or by staff, never by the handler (rules.SEPARATE)
    "service_requests.verify": {**_REPORTER, **_COORDINATION},
    "service_requests.refute": {**_REPORTER, **_COORDINATION},
    # joint work: a party does its own part; somebody else looks at it
    "service_requests.summon": _COORDINATION,
    "service_requests.do_part": {Role.WORKER: Near.PARTY, **_COORDINATION},
    "service_requests.verify_part": _COORDINATION,
    # what somebody else decides
    "service_requests.ask_ruling": _HANDLING,
    "service_requests.decide_ruling": _COORDINATION,
    "service_requests.park": _COORDINATION,
    "service_requests.unpark": _COORDINATION,
    "service_requests.supervise": {**_COORDINATION, Role.AUDITOR: Near.AREA},
    "service_requests.answer_supervision": _HANDLING,
    "service_requests.record_return_call": _COORDINATION,
    # reports of the same thing
    "service_requests.follow": dict.fromkeys(Role, Near.ANY),
    "service_requests.merge": _COORDINATION,
    "service_requests.unmerge": _COORDINATION,
    "service_requests.open_incident": _COORDINATION,
    # what everybody reads
    "service_requests.answer": _COORDINATION,
    "service_requests.redact": _COORDINATION,
    # rules, rates and the district's desk
    "service_requests.read_rules": {Role.COORDINATOR: Near.ANY, Role.MANAGER: Near.ANY, Role.AUDITOR: Near.ANY},
    "service_requests.edit_rules": {Role.MANAGER: Near.AREA},
    "service_requests.read_rates": {**_COORDINATION, Role.AUDITOR: Near.AREA},
    "service_requests.exclude_from_rates": {Role.MANAGER: Near.AREA},
    "service_requests.exchange_tickets": _COORDINATION,
    "service_requests.import": {Role.MANAGER: Near.AREA},
    "service_requests.edit_catalogue": {Role.MANAGER: Near.AREA},
    # the town itself lies in no area but the whole town's: who manages one community or one party does not rule it
    "territory.read": {},
    "territory.edit": {Role.MANAGER: Near.AREA},
    "parties.read": {},
    "parties.edit": {Role.MANAGER: Near.AREA},
    "people.read_looks": _REPORTER,
    "accounts.edit_roles": {Role.MANAGER: Near.AREA},
    "accounts.read_roles": {Role.MANAGER: Near.AREA, Role.AUDITOR: Near.AREA},
    "audit.read": {Role.AUDITOR: Near.AREA, Role.MANAGER: Near.AREA},
    "audit.verify": {Role.AUDITOR: Near.AREA, Role.MANAGER: Near.AREA},
    "notices.read": _REPORTER,
    "notices.choose": _REPORTER,
    "notices.announce": _COORDINATION,
    "notices.read_deliveries": {Role.MANAGER: Near.AREA},
}

#: Verbs that are open to everybody, signed in or not.
ANYONE_MAY: Final = frozenset(
    {
        "service_requests.report",
        "service_requests.follow",
        "service_requests.read_public",
        "territory.read",
        "parties.read",
    }
)
