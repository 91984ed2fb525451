"""Everything that changes a request or the catalogue.  Each action authorises, decides, stores, records, publishes."""

from banyan.apps.service_requests.actions.answers import answer
from banyan.apps.service_requests.actions.calls import Call, record_return_call
from banyan.apps.service_requests.actions.catalogue import NewService, publish_catalogue, read_catalogue
from banyan.apps.service_requests.actions.consenting import settle_silence
from banyan.apps.service_requests.actions.dispatching import MOST_AT_ONCE, Chosen, Deed, dispatch_by_rule, take_steps
from banyan.apps.service_requests.actions.followers import follow, unfollow
from banyan.apps.service_requests.actions.import_files import check_file, import_file, store_rows
from banyan.apps.service_requests.actions.import_towns import prepare_town
from banyan.apps.service_requests.actions.import_undo import Undone, begin_undo, undo_import
from banyan.apps.service_requests.actions.importing import Brought, begin_import, end_import, import_cases, keep_quirks
from banyan.apps.service_requests.actions.incidents import (
    NewIncident,
    answer_all,
    attach,
    change_incident,
    detach,
    end_incident,
    open_incident,
)
from banyan.apps.service_requests.actions.joint import add_part_photos, summon, take_part_step
from banyan.apps.service_requests.actions.merging import merge, unmerge
from banyan.apps.service_requests.actions.privacy import due_for_forgetting, forget, redact
from banyan.apps.service_requests.actions.rates import exclude_from_rates, lift_rate_exclusion
from banyan.apps.service_requests.actions.report import Received, report
from banyan.apps.service_requests.actions.rulesets import known_of, publish_rules
from banyan.apps.service_requests.actions.rulings import Decision, Question, ask_ruling, decide_ruling, withdraw_ruling
from banyan.apps.service_requests.actions.searching import index, reindex, reindex_town, unindex
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.actions.supervising import (
    Climbed,
    answer_supervision,
    climb,
    reckon_rungs,
    supervise,
)
from banyan.apps.service_requests.actions.tickets import TakenTicket, give_tickets, take_tickets
from banyan.apps.service_requests.actions.updates import News, TakenUpdate, take_update
from banyan.apps.service_requests.actions.words import add_photos, comment, rate, read_contact
from banyan.apps.service_requests.rules import Draft, Wanted
from banyan.apps.service_requests.rules.joint import PartWords, Summons

__all__ = [
    "Brought",
    "Call",
    "Chosen",
    "Climbed",
    "Decision",
    "Deed",
    "Draft",
    "MOST_AT_ONCE",
    "NewIncident",
    "NewService",
    "News",
    "PartWords",
    "Question",
    "Received",
    "Summons",
    "TakenTicket",
    "TakenUpdate",
    "Undone",
    "Wanted",
    "add_part_photos",
    "add_photos",
    "answer",
    "answer_all",
    "answer_supervision",
    "ask_ruling",
    "attach",
    "begin_import",
    "begin_undo",
    "change_incident",
    "check_file",
    "climb",
    "comment",
    "decide_ruling",
    "detach",
    "dispatch_by_rule",
    "due_for_forgetting",
    "end_import",
    "end_incident",
    "exclude_from_rates",
    "follow",
    "forget",
    "give_tickets",
    "import_cases",
    "import_file",
    "index",
    "keep_quirks",
    "known_of",
    "lift_rate_exclusion",
    "merge",
    "open_incident",
    "prepare_town",
    "publish_catalogue",
    "publish_rules",
    "rate",
    "read_catalogue",
    "read_contact",
    "reckon_rungs",
    "record_return_call",
    "redact",
    "reindex",
    "reindex_town",
    "report",
    "settle_silence",
    "store_rows",
    "summon",
    "supervise",
    "take_part_step",
    "take_step",
    "take_steps",
    "take_tickets",
    "take_update",
    "undo_import",
    "unfollow",
    "unindex",
    "unmerge",
    "withdraw_ruling",
]
