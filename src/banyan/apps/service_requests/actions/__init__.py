"""Everything that changes a request or the catalogue.  Each action authorises, decides, stores, records, publishes."""

from banyan.apps.service_requests.actions.answers import answer
from banyan.apps.service_requests.actions.calls import Call, record_return_call
from banyan.apps.service_requests.actions.catalogue import NewService, publish_catalogue, read_catalogue
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
from banyan.apps.service_requests.actions.joint import summon, take_part_step
from banyan.apps.service_requests.actions.merging import merge, unmerge
from banyan.apps.service_requests.actions.rates import exclude_from_rates, lift_rate_exclusion
from banyan.apps.service_requests.actions.report import Received, report
from banyan.apps.service_requests.actions.rulesets import known_of, publish_rules
from banyan.apps.service_requests.actions.rulings import Decision, Question, ask_ruling, decide_ruling, withdraw_ruling
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.actions.words import add_photos, comment, rate, read_contact
from banyan.apps.service_requests.rules import Draft, Wanted
from banyan.apps.service_requests.rules.joint import PartWords, Summons

__all__ = [
    "undo_import",
    "store_rows",
    "prepare_town",
    "keep_quirks",
    "import_file",
    "end_import",
    "check_file",
    "begin_undo",
    "begin_import",
    "Undone",
    "Brought",
    "Call",
    "Decision",
    "Draft",
    "NewIncident",
    "NewService",
    "PartWords",
    "Question",
    "Received",
    "Summons",
    "Wanted",
    "add_photos",
    "answer",
    "answer_all",
    "ask_ruling",
    "attach",
    "change_incident",
    "comment",
    "decide_ruling",
    "detach",
    "end_incident",
    "exclude_from_rates",
    "follow",
    "import_cases",
    "lift_rate_exclusion",
    "merge",
    "open_incident",
    "publish_catalogue",
    "publish_rules",
    "rate",
    "read_catalogue",
    "read_contact",
    "record_return_call",
    "report",
    "summon",
    "take_part_step",
    "take_step",
    "unfollow",
    "unmerge",
    "withdraw_ruling",
]
