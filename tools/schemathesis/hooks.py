"""What Schemathesis cannot take from the document: real ids, and which refusals no schema can foretell.

Ids are taught where a valid one was made up (`there.py`). Failures are dropped by the rules of `refusals.py` alone; how often
each was used is printed at the end of the run, with what the run reached.
"""

import atexit
import copy
import json
import os
import threading
import uuid
from collections import Counter
from pathlib import Path

import schemathesis
import there
from hypothesis.internal.conjecture.data import DataObserver
from hypothesis.internal.conjecture.datatree import DataTree
from refusals import parsed, reason_for, stays_to_be_seen
from schemathesis.cli import EventHandler, handler
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events
from schemathesis.engine.run import PhaseName
from schemathesis.generation.stateful import control
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree
from schemathesis.specs.openapi import stateful
from there import OWN, OWN_KEYS, chance

# Accounts that nobody is connected to, by vendor.
ACCOUNTS = {
    told["connection"]["vendor"]: told["connection"] for told in json.loads(os.environ["CALLWEAVE_CREDENTIALS"]).values()
}
there.allow_procedures()

# These end or change what the rest of the run lives on. They are met with made-up ids, and with what the run has made.
SPARED = {
    ("DELETE", "/v1/connections/{id}"),
    ("POST", "/v1/connections/{id}/pause"),
    ("PATCH", "/v1/connections/{id}"),
    ("PUT", "/v1/connections/{id}/credentials"),
    ("DELETE", "/v1/connections/{id}/vendor-tokens/{tid}"),
}


# ---- following links ----

# Every operation that has links may begin a scenario: where it needs ids, it is given real ones below. Schemathesis itself begins
# with lists and what is made without an id alone, and hardly comes to the links of anything that lies deeper.
stateful.is_likely_root_transition = lambda *_: True
# And another one begins only where no link is left to be followed.
control.MAX_ROOT_SOURCES = 0

remember = DataTree.new_observer


def new_observer(tree):
    """Hypothesis ends a phase, without a word, where the same choices lead elsewhere than before. In scenarios they do: what was
    made, deleted or counted by one changes the answers to the next. So it keeps no account of them there."""
    in_scenarios = threading.current_thread().name == "schemathesis_stateful_tests"
    return DataObserver() if in_scenarios else remember(tree)


DataTree.new_observer = new_observer


# ---- what is sent ----

# Ids that answers have given away, and the vendors of the connections that the run has made.
GIVEN = set()
MADE = {}


def real_path(method, path):
    """Parameters of a path that lead to something, or none."""
    if "/passthrough/" in path:
        places = [{"id": connection, "path": found} for connection, found in there.vendor_paths(method)]
    else:
        places = there.known(path)
        if not places:
            # No list tells the last one.
            name = path[path.rindex("{") + 1 : path.rindex("}")]
            example = there.example_of(method, path, name)
            last = {} if example is None or chance.random() < 0.5 else {name: example}
            places = [place | last for place in there.known(path[: path.rindex("/{")])]
    if (method, path) in SPARED:
        places = [place for place in places if place["id"] not in OWN]
    elif path.startswith("/v1/connections/{id}/"):
        fitting = there.fitting(method, path)
        places = [place for place in places if place["id"] in fitting]
    return chance.choice(places) if places else {}


def is_positive(case, location):
    component = case.meta and case.meta.components.get(location)
    return component is None or component.mode.is_positive


def in_scenario(case):
    return bool(case.meta) and case.meta.phase.name.value == "stateful"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Leads what was made up validly to what is there. What links gave stays as it is."""
    path, method = case.operation.path, case.operation.method.upper()
    if case.path_parameters and is_positive(case, ParameterLocation.PATH):
        if not in_scenario(case) or GIVEN.isdisjoint(map(str, case.path_parameters.values())):
            if chance.random() < (0.95 if in_scenario(case) else 0.8):
                case.path_parameters.update(real_path(method, path))
    if path.startswith("/v1/api-keys/{id}") and method != "GET" and case.path_parameters.get("id") in OWN_KEYS:
        # Whatever follows would be answered 401.
        case.path_parameters["id"] = str(uuid.UUID(int=chance.getrandbits(128)))
    lead_headers(case)
    if is_positive(case, ParameterLocation.QUERY) and case.query:
        if method == "GET" and in_scenario(case) and chance.random() < 0.9:
            # What is narrowed down by made-up words is empty, and leads nowhere.
            case.query.clear()
        # A cursor is sealed: nobody can make one up.
        case.query.pop("cursor", None)
        if "timezone" in case.query:
            # One of the list that the IANA keeps.
            case.query["timezone"] = chance.choice(["UTC", "Europe/Berlin", "Asia/Tashkent"])
    if isinstance(case.body, dict) and is_positive(case, ParameterLocation.BODY):
        lead_body(case, method, path)


def lead_headers(case):
    headers = case.headers or {}
    positive = is_positive(case, ParameterLocation.HEADER)
    valid = case.meta is None or case.meta.generation.mode.is_positive
    # A version that is made up is hardly ever the one that is there. Besides, Schemathesis takes a request for valid in which it
    # puts a number where it cannot make up a text by its pattern.
    if "If-Match" in headers and ((valid and not positive) or (positive and chance.random() < 0.5)):
        headers["If-Match"] = "*"
    if positive and "Idempotency-Key" in headers:
        # One that was used before belongs to another body.
        headers["Idempotency-Key"] = str(uuid.UUID(int=chance.getrandbits(128)))


def lead_body(case, method, path):
    examples = there.examples(method, path)
    if examples and case.media_type == "application/json" and chance.random() < (0.7 if in_scenario(case) else 0.3):
        # What is made up is hardly ever what a vendor takes.
        case.body = copy.deepcopy(chance.choice(examples))
    body = case.body
    if not isinstance(body, dict):
        return
    if isinstance(body.get("connection_id"), str):
        body["connection_id"] = chance.choice(there.fitting(method, path))
    if isinstance(body.get("agent"), str):
        agents = there.known("/v1/connections/{id}/voice-agents/{aid}")
        if agents:
            agent = chance.choice(agents)
            body.update(connection_id=agent["id"], agent=agent["aid"])
    if path == "/v1/connections" and "vendor" in body:
        account = chance.choice(list(ACCOUNTS.values()))
        body.update({name: account[name] for name in ("vendor", "credentials", "settings")})
    made = MADE.get(case.path_parameters.get("id")) if case.path_parameters else None
    if path == "/v1/connections/{id}/credentials" and made:
        case.body = dict(ACCOUNTS[made]["credentials"])


# ---- what is made of the answers ----

USED = Counter()
ANSWERS = Counter()
GOOD = Counter()
LINKS = {"selected": 0, "followed": Counter(), "good": Counter()}


@schemathesis.hook
def after_call(context, case, response):
    ANSWERS[response.status_code] += 1
    GOOD[case.operation.method.upper(), case.operation.path] += response.status_code < 300
    found = parsed(response) if response.status_code < 300 else {}
    if case.operation.path == "/v1/connections" and response.status_code == 201:
        MADE[found["id"]] = found["vendor"]
    listed = found.get("data")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    GIVEN.update(filter(None, map(there.identity, (found, first))))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    operation = f"{case.operation.method.upper()} {case.operation.path}"
    if isinstance(failure, UseAfterFree) and stays_to_be_seen(operation, response):
        reason = "a key that was revoked stays to be seen, with the instant"
    elif isinstance(failure, RejectedPositiveData):
        reason = reason_for(operation, response)
    else:
        reason = None
    USED[reason] += reason is not None
    return reason is None


@handler()
class Followed(EventHandler):
    """Counts the links that scenarios follow, and those that lead to what is there."""

    def handle_event(self, ctx, event):
        if isinstance(event, events.PhaseStarted) and event.phase.name is PhaseName.STATEFUL_TESTING:
            LINKS["selected"] = event.payload.transitions_selected
        if not isinstance(event, events.ScenarioFinished) or event.phase is not PhaseName.STATEFUL_TESTING:
            return
        for identity, node in event.recorder.cases.items():
            if node.transition is None or not node.is_transition_applied:
                continue
            LINKS["followed"][node.transition.id] += 1
            interaction = event.recorder.interactions.get(identity)
            if interaction and interaction.response and interaction.response.status_code < 300:
                LINKS["good"][node.transition.id] += 1


@atexit.register
def report():
    print(f"{sum(ANSWERS.values())} answers, by status:", dict(sorted(ANSWERS.items())))
    never = sorted(f"{method} {path}" for (method, path), count in GOOD.items() if not count)
    print(f"{len(GOOD) - len(never)} of {len(GOOD)} operations answered 2xx at least once; never:", ", ".join(never) or "none")
    followed, good = LINKS["followed"], LINKS["good"]
    print(
        f"{len(followed)} of {LINKS['selected']} links followed, {sum(followed.values())} times; {len(good)} of them to a 2xx,"
        f" {sum(good.values())} times"
    )
    Path("links").write_text(f"{len(good)}\n")
    print(f"{USED.total()} failures dropped:")
    for reason, count in USED.most_common():
        if count:
            print(f"{count:6}  {reason}")
