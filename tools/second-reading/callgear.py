"""CallGear CA API as its document describes it. Where the document shows no answer, the nearest documented shape is given."""

import copy
import datetime
import json
import uuid

from wire import (
    Op,
    Refusal,
    Reply,
    Vendor,
    any_object,
    anything,
    array,
    boolean,
    digits,
    either,
    filled,
    integer,
    number,
    one_of,
    record,
    text,
)

USERNAME, PASSWORD = "quality-desk", "second-reading-password"

TAG = {
    "id": integer,
    "comagic_tag_id": integer,
    "performer": text,
    "condition": text,
    "color": text,
    "description": text,
    "name": text,
}
FILTER = record({"id": integer, "name": text, "operators": text, "data_type": text, "values": anything})
SCENARIO = record(
    {
        "state": one_of("active", "inactive"),
        "scenario_text": text,
        "scenario_name": text,
        "scenario_score": number,
        "tags": array(record(TAG)),
        # The request shows [FilterResponse], the answer of GET shows groups of them.
        "filters": array(either(FILTER, array(FILTER))),
    }
)
RESULT_FIELDS = {
    "call_session_id": integer,
    "scenario_id": integer,
    "scenario_name": text,
    "result": any_object,
    "id": integer,
    "app_id": integer,
}
RESULT = record(RESULT_FIELDS, ("call_session_id", "scenario_id", "scenario_name", "id", "app_id"))
PAGE = {"_sort": filled, "_order": one_of("asc", "desc"), "_start": digits, "_end": digits}

WORDS = [
    {
        "end": 1.32,
        "start": 1.039999936,
        "phrase": "Hello there.",
        "channel": 1,
        "words_list": [{"end": 1.32, "word": "hello", "start": 1.039999936, "channel": None}],
        "emotion_state": "active",
        "emotions_result": "neutral",
    },
    {
        "end": 7.84,
        "start": 2.72,
        "phrase": "Harbour clinic, Nadia, good morning. How may I help?",
        "channel": 0,
        "words_list": [
            {"end": 3.32, "word": "harbour", "start": 2.72, "channel": None},
            {"end": 4.4, "word": "nadia", "start": 3.96, "channel": None},
        ],
        "emotion_state": "active",
        "emotions_result": "positive",
    },
]
SUMMARY = (
    "Main topic: Medical appointment\nResult: Request clarification on the appointment\n"
    "Interaction Type: Inquiry, not sales-related\nBrief Description: The customer asks for an appointment."
)


def now(days=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).replace(tzinfo=None)


def detail_of(name, steps, count, percent):
    """`result` as the document prints it for one result."""
    return {
        "hold": {"data": [], "active_count": 0},
        "scenario": {
            "data": steps,
            "count": count,
            "is_successful": percent >= 70,
            "scenario_name": name,
            "percent_completion": percent,
        },
        "silences": {"data": [], "active_count": 0},
        "profanity": {
            "data": [
                {
                    "end": 18.1694976,
                    "name": "profanity",
                    "start": 17.849499648,
                    "state": "active",
                    "duration": 0.31999795200000136,
                }
            ],
            "active_count": 6,
        },
        "tag_events": {
            "events": [
                {
                    "id": "cbc61a46-bcae-4dea-ae08-26d5381b1e0e",
                    "end": 314.08766976,
                    "score": 1,
                    "start": 303.8076928,
                    "state": "active",
                    "tag_id": 184,
                }
            ],
            "active_count": 2,
        },
        "phrase_list": [
            {
                "end": 1.96,
                "start": 1.72,
                "phrase": "Hello.",
                "channel": 1,
                "words_list": [{"end": 1.96, "word": "hello", "start": 1.72}],
                "emotion_state": "active",
                "emotions_result": "neutral",
            }
        ],
    }


class CallGear(Vendor):
    name = "callgear"
    prefix = "/api/v1.0"
    # Only the vendor's newer public edition has it; by this document it does not exist.
    beyond = {("GET", "/transcription")}

    def __init__(self, ledger):
        self.sessions = set()
        self.toggles = []
        self.rpcs = []
        self.next_id = 40000
        tag = {"performer": "operator", "condition": "discuss"}
        self.tags = {
            181: {
                "id": 181,
                "comagic_tag_id": 3745,
                **tag,
                "color": "special-3",
                "description": "Booked the customer, told date and price",
                "name": "booking summed up",
            },
            184: {
                "id": 184,
                "comagic_tag_id": 3727,
                **tag,
                "color": "special-6",
                "description": "The operator handled objections",
                "name": "operator objection",
            },
            208: {
                "id": 208,
                "comagic_tag_id": 3733,
                **tag,
                "color": "special-2",
                "description": "Showed annoyance",
                "name": "annoyed operator",
            },
        }
        self.scenarios = {
            130: {
                "state": "inactive",
                "scenario_text": "1. Operator greeted\n2. Operator announced his name and position",
                "id": 130,
                "scenario_name": "Medicine",
                "scenario_score": 70,
                "tags": [copy.deepcopy(self.tags[208])],
                "filters": [[{"id": 203, "name": "Talk duration", "operators": "more than", "data_type": "number", "values": 5}]],
            },
            133: {
                "state": "active",
                "scenario_text": "1. Discussed the latest transfers of the club",
                "id": 133,
                "scenario_name": "Football",
                "scenario_score": 60,
                "tags": [],
                "filters": [],
            },
        }
        self.points = {
            130: [{"id": 1, "point": "Operator greeted"}, {"id": 2, "point": "Operator announced his name and position"}],
            133: [{"id": 3, "point": "Discussed the latest transfers of the club"}],
        }
        medicine = [{"end": 7.84, "name": "Operator greeted", "score": 1, "start": 2.72}]
        football = [{"end": 335.25563392, "name": "Discussed the latest transfers of the club", "score": 1, "start": 322.375647232}]
        self.results = {
            34612: {
                "id": 34612,
                "app_id": 64832,
                "call_session_id": 129742029,
                "scenario_id": 130,
                "scenario_name": "Medicine",
                "result": detail_of("Medicine", medicine, 3, 15),
            },
            34618: {
                "id": 34618,
                "app_id": 64832,
                "call_session_id": 129742035,
                "scenario_id": 133,
                "scenario_name": "Football",
                "result": detail_of("Football", football, 12, 80),
            },
        }
        self.tokens = {}
        self.new_token("back office")
        super().__init__(ledger)

    # --- authentication and errors ---

    def authorize(self, _op, request):
        given = [
            request.headers.get("authorization", "").removeprefix("Bearer "),
            request.headers.get("access_token", ""),
            request.headers.get("key", ""),
        ]
        for cookie in request.headers.get("cookie", "").split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == "access_token":
                given.append(value)
        if not any(token and (token in self.sessions or self.sso(token)) for token in given):
            raise Refusal(self.error(401, "Unauthorized", "User authentication is required."))

    def sso(self, token):
        return any(one["access_token"] == token for one in self.tokens.values())

    def expire_sessions(self):
        """As if every token's time had run out."""
        with self.lock:
            self.sessions.clear()

    @staticmethod
    def error(status, name, message):
        return Reply(status, {"error": name, "message": message})

    def invalid(self, _op, why):
        return self.error(400, "Bad Request", why)

    def unknown(self):
        return self.error(404, "Not Found", "The requested resource was not found.")

    def missing(self):
        return Refusal(self.unknown())

    def demand(self, op, request):
        accepted = request.headers.get("accept", "")
        if "application/json" not in accepted:
            return f"Accept is {accepted or 'missing'}; the document demands application/json"
        if op.method == "PUT" and "id" in (request.body or {}) and str(request.body["id"]) != request.params["id"]:
            return "the id of the body is not the id of the path"
        return None

    # --- operations ---

    def operations(self):
        tag_body = record(
            {**TAG, "is_active": boolean, "performer": one_of("client", "operator"), "condition": one_of("discuss", "not discuss")}
        )
        session = {"call_session_id__eq": digits}
        parts = ["summary", "phrase_and_words", "success_points", "tags", "employees_metrics"]
        of_one = dict(zip(parts, ["CG-21", "CG-23", "CG-25", "CG-27", "CG-29"]))
        of_all = dict(zip(parts, ["CG-22", "CG-24", "CG-26", "CG-28", "CG-30"]))
        queries = {
            "summary": {**PAGE, **session},
            "phrase_and_words": {"_sort": filled, "_order": one_of("asc", "desc"), "call_session_id__in": filled},
            "success_points": PAGE,
            "tags": {**PAGE, "_sort": one_of("id")},
            "employees_metrics": {**PAGE, "_sort": one_of("id")},
        }
        ops = [
            Op("CG-01", "GET", "/scenarios", lambda r: self.page(r, self.scenarios.values()), query={**PAGE, "filters": filled}),
            Op("CG-02", "POST", "/scenarios", self.create_scenario, body=SCENARIO),
            Op("CG-03", "GET", "/scenarios/{id}", lambda r: Reply(body=self.find(self.scenarios, r))),
            Op("CG-04", "PUT", "/scenarios/{id}", self.change_scenario, body=SCENARIO),
            Op("CG-05", "POST", "/toggle_scenario", self.toggle, body=any_object),
            Op("CG-06", "GET", "/scenarios/{scenario_id}/points", lambda r: Reply(body=self.find(self.points, r, "scenario_id"))),
            Op("CG-07", "GET", "/scenarios/{scenario_id}/points/{point_id}", self.one_point),
            Op("CG-08", "GET", "/scenarios/{scenario_id}/text_points", self.text_points),
            Op("CG-09", "GET", "/scenarios/points", self.all_points, query={**PAGE, "id__eq": digits}),
            Op(
                "CG-10",
                "GET",
                "/scenarios/{scenario_id}/scenario_score",
                lambda r: Reply(body={"scenario_score": self.find(self.scenarios, r, "scenario_id")["scenario_score"]}),
            ),
            # Of CG-11 the document has the heading only; the parameters of all its other lists are let pass.
            Op("CG-11", "GET", "/scenarios/scenario_score", self.all_scores, query=PAGE),
            Op("CG-12", "GET", "/tags", self.list_tags, query=PAGE),
            Op("CG-13", "POST", "/tags", self.create_tag, body=tag_body),
            Op("CG-14", "GET", "/tags/{id}", lambda r: Reply(body=self.find(self.tags, r))),
            Op("CG-15", "PUT", "/tags/{id}", self.change_tag, body=tag_body),
            Op("CG-16", "GET", "/scenario_result", self.list_results, query={**PAGE, **session}),
            Op("CG-17", "POST", "/scenario_result", self.create_result, body=RESULT),
            Op("CG-18", "GET", "/scenario_result/{id}", self.one_result),
            Op("CG-19", "PUT", "/scenario_result/{id}", self.change_result, body=record(RESULT_FIELDS, tuple(RESULT_FIELDS))),
            Op("CG-20", "DELETE", "/scenario_result/{id}", self.delete_result),
            Op(
                "CG-31",
                "POST",
                "/rpc",
                self.rpc,
                body=record({"id": text, "method": filled, "params": any_object}, ("id", "method", "params")),
            ),
            Op("CG-32", "GET", "/notification_conditions", lambda _r: Reply(body=CONDITIONS)),
            Op(
                "CG-33",
                "POST",
                "/api-login",
                self.login,
                body=record({"username": text, "password": text}, ("username", "password")),
                open=True,
            ),
            Op("CG-34", "GET", "/tokens", lambda _r: Reply(body=list(self.tokens.values()))),
            Op("CG-35", "POST", "/tokens", lambda r: Reply(body=self.new_token(r.body["name"])), body=record({"name": text}, ("name",))),
            Op("CG-36", "DELETE", "/tokens/{id}", self.delete_token),
        ]
        for part in parts:
            needs = ("call_session_id__in",) if part == "phrase_and_words" else ()
            ops.append(Op(of_one[part], "GET", "/scenario_result/{id}/" + part, self.part_of_one(part)))
            ops.append(Op(of_all[part], "GET", "/scenario_result/" + part, self.part_of_all(part), query=queries[part], needs=needs))
        return ops

    def find(self, store, request, name="id"):
        given = request.params[name]
        if not given.isdigit() or int(given) not in store:
            raise self.missing()
        return store[int(given)]

    def page(self, request, rows, first=0):
        rows = list(rows)
        key = request.query.get("_sort", "id")
        if rows and isinstance(rows[0], dict) and key in rows[0]:
            rows.sort(key=lambda row: row[key])
        if request.query.get("_order") == "desc":
            rows.reverse()
        start, end = int(request.query.get("_start", first)), request.query.get("_end")
        return Reply(body=rows[max(0, start - first) : int(end) if end else None])

    def fresh(self, body):
        if "id" in body:
            return body["id"]
        self.next_id += 1
        return self.next_id

    def create_scenario(self, request):
        made = {"state": "inactive", "scenario_text": "", "tags": [], "filters": [], **request.body, "id": self.fresh(request.body)}
        self.scenarios[made["id"]] = made
        self.points[made["id"]] = []
        return Reply(body=made)

    def change_scenario(self, request):
        scenario = self.find(self.scenarios, request)
        scenario.update(request.body)
        return Reply(body=scenario)

    def toggle(self, request):
        # Neither the body nor the answer is documented: whatever object is sent is kept for the driver to look at.
        self.toggles.append(request.body)
        for value in request.body.values():
            if value in self.scenarios:
                scenario = self.scenarios[value]
                scenario["state"] = "inactive" if scenario["state"] == "active" else "active"
        return Reply(body={})

    def one_point(self, request):
        for point in self.find(self.points, request, "scenario_id"):
            if str(point["id"]) == request.params["point_id"]:
                return Reply(body=point)
        raise self.missing()

    def text_points(self, request):
        # Of the answer only `{"text": ...}` is shown, with an error.
        return Reply(body={"text": self.find(self.scenarios, request, "scenario_id")["scenario_text"]})

    def all_points(self, request):
        wanted = request.query.get("id__eq")
        if wanted and int(wanted) not in self.points:
            raise self.missing()
        return self.page(request, [p for key, points in self.points.items() if wanted in (None, str(key)) for p in points])

    def all_scores(self, request):
        scores = self.page(request, self.scenarios.values())
        return Reply(body=[{"scenario_score": scenario["scenario_score"]} for scenario in scores.body])

    def list_tags(self, request):
        # `_start` defaults to 1 and `_end` to 10, and 1 to 10 is the first page: counted from 1.
        request.query.setdefault("_end", "10")
        return self.page(request, self.tags.values(), first=1)

    def create_tag(self, request):
        tag = {**request.body, "id": self.fresh(request.body)}
        self.tags[tag["id"]] = tag
        return Reply(body=tag)

    def change_tag(self, request):
        tag = self.find(self.tags, request)
        tag.update(request.body)
        return Reply(body=tag)

    def list_results(self, request):
        wanted = request.query.get("call_session_id__eq")
        return self.page(request, [r for r in self.results.values() if wanted in (None, str(r["call_session_id"]))])

    def create_result(self, request):
        self.results[request.body["id"]] = {"result": {}, **request.body}
        return Reply(body=self.results[request.body["id"]])

    def one_result(self, request):
        found = self.find(self.results, request)
        return Reply(body={**found, "result": {"result": found["result"]}})

    def change_result(self, request):
        found = self.find(self.results, request)
        found.update(request.body)
        return Reply(body=found)

    def delete_result(self, request):
        if not request.params["id"].isdigit():
            raise Refusal(self.error(400, "Bad Request", "an invalid identifier"), "the id is not an integer")
        self.find(self.results, request)
        del self.results[int(request.params["id"])]
        return Reply(204)

    def part(self, result, part):
        steps = result["result"].get("scenario", {}).get("data", [])
        return {
            "summary": lambda: {"dialog_summary": SUMMARY},
            "phrase_and_words": lambda: copy.deepcopy(WORDS),
            "success_points": lambda: [{key: step[key] for key in ("name", "start", "end")} for step in steps],
            "tags": lambda: [{"name": "operator objection", "start": 37.150625792, "end": 50.510626816, "color": "special-6"}],
            "employees_metrics": lambda: [{"name": "profanity", "start": 17.849499648, "end": 18.1694976}],
        }[part]()

    def part_of_one(self, part):
        return lambda request: Reply(body=self.part(self.find(self.results, request), part))

    def part_of_all(self, part):
        def run(request):
            query = request.query
            wanted = query.get("call_session_id__eq") or query.get("call_session_id__in")
            chosen = [r for r in self.results.values() if wanted is None or str(r["call_session_id"]) in wanted.split(",")]
            if wanted and not chosen:
                raise self.missing()
            rows = []
            for result in chosen:
                got = self.part(result, part)
                rows.extend(got if isinstance(got, list) else [got])
            return self.page(request, rows)

        return run

    def rpc(self, request):
        self.rpcs.append(request.body)
        return Reply(body={"id": request.body["id"], "result": {"echoed": json.dumps(request.body["params"], sort_keys=True)}})

    def login(self, request):
        if request.body != {"username": USERNAME, "password": PASSWORD}:
            detail = {"type": "HTTPUnauthorized", "title": "Unauthorized", "status": 401, "detail": "Incorrect login or password"}
            return Reply(401, detail)
        token = self.token("")
        self.sessions.add(token["access_token"])
        return Reply(body=token)

    @staticmethod
    def token(name):
        return {
            "name": name,
            "id": str(uuid.uuid4()),
            "access_token": "session-" + uuid.uuid4().hex,
            "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "expires_in": now(30).isoformat(timespec="microseconds"),
            "created_at": now().isoformat(timespec="microseconds"),
            "is_active": True,
        }

    def new_token(self, name):
        token = self.token(name)
        self.tokens[token["id"]] = token
        return token

    def delete_token(self, request):
        if request.params["id"] not in self.tokens:
            raise self.missing()
        del self.tokens[request.params["id"]]
        return Reply(204)


def operator(key, name, default):
    return {"id": key, "name": name, "is_default": default}


CONDITIONS = [
    {
        "id": 5,
        "name": "Segment List",
        "operators": [operator("=", "Exactly matches", True), operator("in", "Includes", False), operator("is_null", "Empty", False)],
        "data_type": "array",
        "values": [{"id": 2322, "name": "shop.example", "data": [{"id": 5739, "name": "PC test"}]}],
    },
    {
        "id": 7,
        "name": "Call Direction",
        "operators": [operator("=", "Exactly matches", True)],
        "data_type": "string",
        "values": [{"id": "in", "name": "Incoming call"}, {"id": "out", "name": "Outgoing call"}],
    },
    {"id": 9, "name": "Talk Duration", "operators": [operator(">", "More than", True)], "data_type": "number", "values": None},
]
