"""What Schemathesis cannot take from the document: real ids, and which refusals no schema can foretell.

Ids are taught where a valid one was made up. Failures are dropped by `EXPECTED` alone; each rule there says why, and how
often it was used is printed at the end of the run.
"""

import atexit
import json
import os
import random
import re
import uuid
from collections import Counter

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData

URL = os.environ["CALLWEAVE_URL"]
KEY = os.environ["CALLWEAVE_KEY"]
CREDENTIALS = json.loads(os.environ["CALLWEAVE_CREDENTIALS"])

chance = random.Random(int(os.environ.get("SEED", "1")))


def get(path):
    answer = requests.get(URL + path, headers={"Authorization": f"Bearer {KEY}"}, timeout=60)
    return answer.json().get("data", []) if answer.ok else []


def ids(path, member="id"):
    return [str(entry[member]) for entry in get(path) if entry.get(member) is not None]


CONNECTIONS = {entry["vendor"]: entry["id"] for entry in get("/v1/connections")}
CALLS = ids("/v1/calls?limit=200")
VENDORS = ids("/v1/vendors", "key")
AGENTS = ids(f"/v1/connections/{CONNECTIONS['neuro']}/voice-agents", "remote_id")
# Every list of something that vendors own, by the path that lists it.
OWNED = {}
for connection in CONNECTIONS.values():
    for family in (
        "rubrics", "tags", "categories", "folders", "saved-searches", "voice-agents", "reports", "evaluations", "vendor-tokens",
    ):
        OWNED.setdefault(family, []).extend((connection, found) for found in ids(f"/v1/connections/{connection}/{family}", "remote_id"))
# The keys that the run itself lives on.
OWN_KEYS = set(ids("/v1/api-keys"))
MEDIA = [(call, media) for call in CALLS[:60] for media in ids(f"/v1/calls/{call}/media")]

# These end or change what the rest of the run lives on. They are met with made-up ids, and with what links lead to.
SPARED = {
    ("DELETE", "/v1/connections/{id}"),
    ("POST", "/v1/connections/{id}/pause"),
    ("PATCH", "/v1/connections/{id}"),
    ("PUT", "/v1/connections/{id}/credentials"),
    ("DELETE", "/v1/connections/{id}/vendor-tokens/{tid}"),
}


def real_path(method, path):
    """Parameters of a path that lead to something, or none."""
    if (method, path) in SPARED or chance.random() < 0.2:
        return {}
    parts = path.strip("/").split("/")
    if path.startswith("/v1/connections/{id}"):
        family = parts[3] if len(parts) > 3 else ""
        family = {"evaluation-parts": "", "queue": ""}.get(family, family)
        if len(parts) > 4 and OWNED.get(family) and parts[4].startswith("{"):
            connection, owned = chance.choice(OWNED[family])
            return {"id": connection, parts[4].strip("{}"): owned}
        return {"id": chance.choice(list(CONNECTIONS.values()))}
    if path == "/v1/calls/{id}/media/{media_id}" and MEDIA:
        call, media = chance.choice(MEDIA)
        return {"id": call, "media_id": media}
    if path.startswith("/v1/calls/{id}"):
        return {"id": chance.choice(CALLS)}
    if path.startswith("/v1/vendors/{vendor}"):
        return {"vendor": chance.choice(VENDORS)}
    return {}


def is_positive(case, location):
    component = case.meta and case.meta.components.get(location)
    return component is None or component.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    """Leads what was made up validly to what is there. What links gave stays as it is."""
    phase = case.meta.phase.name.value if case.meta else ""
    path, method = case.operation.path, case.operation.method.upper()
    if phase != "stateful" and case.path_parameters and is_positive(case, ParameterLocation.PATH):
        case.path_parameters.update(real_path(method, path))
    if path.startswith("/v1/api-keys/{id}") and method != "GET" and case.path_parameters.get("id") in OWN_KEYS:
        # Whatever follows would be answered 401.
        case.path_parameters["id"] = str(uuid.UUID(int=chance.getrandbits(128)))
    valid = case.meta is None or case.meta.generation.mode.is_positive
    if valid and "If-Match" in (case.headers or {}) and not is_positive(case, ParameterLocation.HEADER):
        # Schemathesis takes a request for valid in which it puts a number where it cannot make up a text by its pattern.
        case.headers["If-Match"] = "*"
    if is_positive(case, ParameterLocation.HEADER) and "Idempotency-Key" in (case.headers or {}):
        # One that was used before belongs to another body.
        case.headers["Idempotency-Key"] = str(uuid.UUID(int=chance.getrandbits(128)))
    if is_positive(case, ParameterLocation.QUERY) and "cursor" in (case.query or {}):
        # A cursor is sealed: nobody can make one up.
        del case.query["cursor"]
    if is_positive(case, ParameterLocation.QUERY) and "timezone" in (case.query or {}):
        # One of the list that the IANA keeps.
        case.query["timezone"] = chance.choice(["UTC", "Europe/Berlin", "Asia/Tashkent"])
    body = case.body
    if not isinstance(body, dict) or not is_positive(case, ParameterLocation.BODY):
        return
    if isinstance(body.get("connection_id"), str):
        fitting = "neuro" if path.startswith("/v1/dialog") else chance.choice(list(CONNECTIONS))
        body["connection_id"] = CONNECTIONS[fitting]
    if isinstance(body.get("agent"), str) and AGENTS:
        body["agent"] = chance.choice(AGENTS)
    if path == "/v1/connections" and "vendor" in body:
        account = chance.choice(list(CREDENTIALS.values()))["connection"]
        body.update({name: account[name] for name in ("vendor", "credentials", "settings")})


# ---- which refusals of valid requests are right ----


def problem(response):
    try:
        found = json.loads(response.content or b"null")
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def errors(found):
    """Where a problem points, with its kind and its words."""
    return [(error["pointer"], error["code"], error["detail"]) for error in found.get("errors", [])]


EXPECTED = []


def expected(reason):
    """Names a reason for which a request that follows the document is refused all the same."""

    def register(rule):
        EXPECTED.append((reason, rule))
        return rule

    return register


def only(pattern):
    """Every error of the problem is about `pointer: detail`."""
    compiled = re.compile(pattern)

    def fits(found):
        told = [f"{pointer}: {detail}" for pointer, _, detail in errors(found)] or [found.get("detail", "")]
        return all(compiled.fullmatch(line) for line in told)

    return fits


@expected("the vendor refused what the gateway passed on")
def refused_by_vendor(operation, status, found):
    return found.get("code", "").startswith(("vendor.", "connection."))


@expected("a member that this vendor has no place for, or needs: its manifest says so, the document is about all vendors")
def rule_of_vendor(operation, status, found):
    return bool(errors(found)) and all(code == "vendor_rule" for _, code, _ in errors(found))


@expected("U+0000, or a number beyond 1e300, within a free object: no schema reaches there")
def unkeepable(operation, status, found):
    free = r"/(?:.*/)?(?:client_metadata|settings|credentials|params|criteria|filters|result|vendor_body|messages|tags|call|inputs)(?:/.*)?"
    told = r"the character U\+0000 cannot be kept|a number beyond 1e300 cannot be kept"
    return only(rf"{free}: (?:{told})")(found)


@expected("a cursor is sealed: nobody can make one up")
def sealed_cursor(operation, status, found):
    return found.get("code") == "gateway.invalid_cursor"


@expected("a path over several segments is no parameter: clients encode its slashes, and dots lead elsewhere")
def path_of_several_segments(operation, status, found):
    return "/passthrough/" in operation and found.get("code") == "gateway.invalid_passthrough_path"


@expected("an announced size beyond `jobs.max_upload_bytes`, which the operator sets")
def larger_than_allowed(operation, status, found):
    told = "a recording may have up to "
    return operation == "POST /v1/analyses" and status == 413 and found.get("detail", "").startswith(told)


@expected("what is done only with a `confirm` beside it")
def unconfirmed(operation, status, found):
    return found.get("code") == "gateway.confirmation_required"


@expected("an `If-Match` that names another version than the one that is there")
def another_version(operation, status, found):
    return status == 412 and found.get("code") == "gateway.stale"


@expected("subtitles of a transcript to which the vendor gave no times")
def without_times(operation, status, found):
    return operation == "GET /v1/calls/{id}/transcript" and found.get("code") == "gateway.no_timed_transcript"


# Members that depend on one another, or on the clock.
for operation_of, told in (
    ("POST /v1/api-keys", r"/expires_at: must lie in the future"),
    ("POST /v1/connections/{id}/backfills", r"/(?:from|to): must lie .*"),
    ("POST /v1/erasures", r": exactly one of `call_id`, `phone` and `client_id` must be given"),
    ("POST /v1/calls", r": exactly one of `remote_id` and `call` must be given"),
    (
        "POST /v1/analyses",
        r"/source(?:/\w+)?: (?:does not belong to a source of type `\w+`|is required|exactly one of `text` and `messages` must be given"
        r"|comes with a file: .*|with a file it must be `recording` or `audio`|is not the size of the file that came)",
    ),
    ("POST /v1/analyses", r"/\w+: stands beside `submission`, which holds all of it"),
    ("POST /v1/analyses", r"/connection_id: missing field `connection_id`"),
    ("PUT /v1/connections/{id}/evaluations/{eid}", r"/remote_id: must be the id in the address"),
    ("GET /v1/calls/{id}/transcript", r"`limit` and `after` are for application/json only; other forms come whole"),
):

    @expected(f"{operation_of}: {told}")
    def depending(operation, status, found, operation_of=operation_of, fits=only(told)):
        return operation == operation_of and fits(found)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if not isinstance(failure, RejectedPositiveData):
        return True
    found = problem(response)
    for reason, rule in EXPECTED:
        if rule(f"{case.operation.method.upper()} {case.operation.path}", response.status_code, found):
            USED[reason] += 1
            return False
    return True


# ---- what the run was ----

USED = Counter()
ANSWERS = Counter()
GOOD = Counter()


@schemathesis.hook
def after_call(context, case, response):
    ANSWERS[response.status_code] += 1
    GOOD[case.operation.method.upper(), case.operation.path] += response.status_code < 300


@atexit.register
def report():
    print(f"{sum(ANSWERS.values())} answers, by status:", dict(sorted(ANSWERS.items())))
    print(f"{sum(1 for count in GOOD.values() if count)} of {len(GOOD)} operations answered 2xx at least once")
    print(f"{sum(USED.values())} failures dropped:")
    for reason, count in USED.most_common():
        print(f"{count:6}  {reason}")
