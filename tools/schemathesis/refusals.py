"""Which answers are right although Schemathesis cannot know it: refusals of valid requests, and what outlives its end. Each rule
says why."""

import json
import re


def parsed(response):
    """The object that an answer holds, or an empty one."""
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


def reason_for(operation, response):
    """Why a refusal is right, or nothing."""
    if "x-vendor-status" in response.headers:
        return "the vendor's own answer to what was passed through"
    found = parsed(response)
    for reason, rule in EXPECTED:
        if rule(operation, response.status_code, found):
            return reason
    return None


def stays_to_be_seen(operation, response):
    """Whether something ends in a state, and not altogether."""
    return operation == "GET /v1/api-keys/{id}" and parsed(response).get("revoked_at") is not None
