"""The 38 operations of Transcripto through the gateway."""

import datetime
import json

from alovoice import sound
from transcripto import USER
from transcripto_shapes import ANALYSIS


def drive(run):
    mock = run.mock.vendors["transcripto"]
    at = lambda path: run.here("transcripto", path)
    account(run, at)
    calls(run, mock)
    files(run, mock)
    searches(run, at, mock)
    checklist(run, at)
    terms(run, at)
    scripts(run, at)
    submissions(run, mock)
    reports(run, at, mock)
    by_itself(run, mock)


def account(run, at):
    plan = [
        ("plan_remote_id", "4"),
        ("plan_name", "Enterprise"),
        ("days_left", 64),
        ("currency", "USD"),
        ("price", "99.9"),
        ("identifier", "enterprise"),
    ]
    for name, values in {"audio_minutes": (10000, 5006, 4994), "report_count": (25, 1, 24), "video_minutes": (3000, 20, 2980)}.items():
        plan.append((name, dict(zip(("limit", "used", "remaining"), values))))
    run.ask("TR-02", "GET", at("/usage"), came=plan)


def calls(run, mock):
    task = mock.call
    call = run.find_call("transcripto", task["code"])
    at = task["call_time"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
    run.expect(
        "TR-09",
        call,
        [
            ("id", str(task["id"])),
            ("file_name", "rec_0845.wav"),
            ("name", "Ivanov"),
            ("direction", "inbound"),
            ("started_at", at),
            ("folder_remote_id", "70"),
            ("status", "completed"),
        ],
    )
    run.expect("TR-11", call, [("text", "Operator: Hello, Blue Harbour Telecom, my name is Olga...")])
    analysis, notes = ANALYSIS["analysis"], ANALYSIS["analysis"]["analysis_notes"]
    values = [
        ("duration_ms", 996000),
        ("language", "en"),
        ("turns", 128),
        ("summary", analysis["summary"]),
        ("sentiment", "positive"),
        ("csat_pct", 90),
    ]
    values += [("text", one) for one in analysis["actions"]] + [("name", one) for one in analysis["tags"]]
    run.expect("TR-12", call, values + [("label", "Operator introduced themselves"), ("score", 0.9), ("rubric_name", "Greeting script")])
    told = json.dumps(call["analyses"], ensure_ascii=False)
    for name, value in notes.items():
        if value not in told:
            run.lost["TR-12"].append(f"analysis_notes.{name}={value!r}")
    for name, value in analysis["scores"].items():
        if name not in told or str(value) not in told:
            run.lost["TR-12"].append(f"scores.{name}={value}")
    for category in ANALYSIS["category_ids"]:
        if str(category) not in told:
            run.lost["TR-12"].append(f"category_ids {category}")
    run.expect("TR-18", call, [("label", mock.questions[1]["question"]), ("answer_raw", "Yes"), ("answer_raw", "No")])
    chat = run.find_call("transcripto", mock.chat["code"])
    run.expect("TR-09 TR-12", chat, [("channel", "chat"), ("name", "Operator 1"), ("csat_pct", 80)])


def files(run, mock):
    call, video = run.find_call("transcripto", mock.call["code"]), run.find_call("transcripto", mock.video["code"])
    for op, document, form in (("TR-34", call, "docx"), ("TR-35", call, "txt"), ("TR-36", video, "docx"), ("TR-37", video, "txt")):
        got = run.ask(op, "GET", f"/v1/calls/{document['id']}/documents/{form}")
        if not got.raw.startswith(b"PK" if form == "docx" else b"second reading"):
            run.trouble.append(f"{op}: the file is not the vendor's")
    got = run.ask("TR-38", "GET", call["media"][0]["url"])
    if got.raw != sound():
        run.trouble.append("TR-38: the recording is not the vendor's")


def searches(run, at, mock):
    criteria = {
        "task_type": "call",
        "status": "completed",
        "date_from": (datetime.date.today() - datetime.timedelta(days=30)).isoformat(),
        "date_to": datetime.date.today().isoformat(),
        "operator_name": "Ivanov",
        "call_type": "inbound",
        "tags_any": "eSIM,APN",
        "customer_satisfaction_score_min": 7,
        "tone_id": [1, 2],
        "resolved_status_id": 5,
        "operator_politeness": [4, 5],
        "length_min": 3.5,
        "length_max": 120,
        "checklist_id": 7,
        "answers": ["Yes", "Partially"],
    }
    run.ask("TR-10", "POST", at("/vendor-calls/search"), {"criteria": criteria}, came=[("remote_id", mock.call["code"])])
    run.ask("TR-10", "POST", at("/vendor-calls/search"), {}, came=[("remote_id", mock.chat["code"])])
    run.pages("TR-10", at("/vendor-calls/search"), "remote_id", list(mock.tasks), "POST")
    made = run.ask(
        "TR-26",
        "POST",
        at("/saved-searches"),
        {"name": "Second reading", "criteria": criteria},
        came=[("name", "Second reading"), ("criteria", criteria)],
    )
    run.ask(
        "TR-27",
        "GET",
        at("/saved-searches"),
        came=[("remote_id", "42"), ("name", "Critical calls"), ("name", "Second reading"), ("criteria", criteria)],
    )
    key = made.json["remote_id"]
    run.ask("TR-26", "PATCH", at(f"/saved-searches/{key}"), {"criteria": {"task_type": "chat"}}, came=[("criteria", {"task_type": "chat"})])
    run.ask("TR-28", "DELETE", at(f"/saved-searches/{key}"))


def checklist(run, at):
    first = [("remote_id", "1"), ("text", "Did the operator introduce themselves to the customer?"), ("active", True)]
    run.ask("TR-13", "GET", at("/rubrics/checklist"), came=first)
    run.ask("TR-13", "GET", at("/rubric-items"), came=first)
    run.ask("TR-14", "GET", at(f"/rubrics/checklist-{USER}/items"), came=first)
    made = run.ask(
        "TR-15",
        "POST",
        at("/rubrics/checklist/items"),
        {"text": "Did they say goodbye?"},
        came=[("text", "Did they say goodbye?"), ("active", True)],
    )
    key = made.json["remote_id"]
    run.ask(
        "TR-16",
        "PATCH",
        at(f"/rubrics/checklist/items/{key}"),
        {"text": "Did they clearly say goodbye?"},
        came=[("text", "Did they clearly say goodbye?")],
    )
    run.refused("TR-16", "PATCH", at("/rubrics/checklist/items/1"), 409, {"text": "Something else?"})
    run.refused("TR-15", "POST", at("/rubrics/checklist/items"), 409, {"text": "Did they clearly say goodbye?"})
    run.ask("TR-17", "DELETE", at(f"/rubrics/checklist/items/{key}"))


def terms(run, at):
    run.ask("TR-19", "GET", at("/folders"), came=[("remote_id", "70"), ("name", "Website promotion"), ("remote_id", "71")])
    made = run.ask("TR-20", "POST", at("/folders"), {"name": "New directory"}, came=[("name", "New directory")])
    run.ask("TR-21", "DELETE", at(f"/folders/{made.json['remote_id']}"))
    run.ask(
        "TR-22",
        "GET",
        at("/categories"),
        came=[("remote_id", "1"), ("name", "Sales"), ("description", "Sales calls"), ("children_count", 0)],
    )
    run.ask("TR-22", "GET", at("/categories?q=sal&parent=1"))
    made = run.ask(
        "TR-23",
        "POST",
        at("/categories"),
        {"name": "Tech support", "description": "Technical inquiries", "parent_remote_id": "1"},
        came=[("name", "Tech support"), ("parent_remote_id", "1")],
    )
    key = made.json["remote_id"]
    run.ask(
        "TR-24",
        "PATCH",
        at(f"/categories/{key}"),
        {"name": "Tech support (L2)"},
        came=[("name", "Tech support (L2)"), ("description", "Technical inquiries"), ("parent_remote_id", "1")],
    )
    run.pages("TR-22", at("/categories"), "remote_id", ["1", key])
    run.refused("TR-25", "DELETE", at("/categories/1"), 409)
    run.refused("TR-24", "PATCH", at("/categories/999"), 404, {"name": "Nobody's"})
    run.ask("TR-25", "DELETE", at(f"/categories/{key}"))


def scripts(run, at):
    script = [
        ("name", "Customer greeting"),
        ("identifier", "welcome_v1"),
        ("text", "Hello! My name is ..."),
        ("version", "1"),
        ("description", "Greeting and data verification script"),
    ]
    run.ask("TR-29 TR-13", "GET", at("/rubrics"), came=script)
    run.ask("TR-29", "GET", at("/rubrics?kind=script&active=true&q=welcome"), came=script)
    draft = {
        "kind": "script",
        "name": "Goodbye",
        "identifier": "goodbye_v1",
        "text": "Thank you.",
        "description": "How to end",
        "active": True,
        "version": "1",
    }
    made = run.ask(
        "TR-30",
        "POST",
        at("/rubrics"),
        draft,
        came=[("identifier", "goodbye_v1"), ("text", "Thank you."), ("active", True), ("version", "1")],
    )
    key = made.json["remote_id"]
    run.ask(
        "TR-31",
        "PATCH",
        at(f"/rubrics/{key}"),
        {"name": "Farewell", "version": "2"},
        came=[("name", "Farewell"), ("version", "2"), ("identifier", "goodbye_v1")],
    )
    run.ask("TR-31", "POST", at(f"/rubrics/{key}/deactivate"), came=[("active", False)])
    run.ask("TR-32", "DELETE", at(f"/rubrics/{key}"))


def submissions(run, mock):
    connection = run.connections["transcripto"]
    started = "2026-03-02T09:15:00+03:00"
    facts = {"agent_name": "Ivan", "customer_id": "C-42", "direction": "outbound", "started_at": started, "folder_remote_id": "70"}
    flat = {"connection_id": connection, **facts, "processing_mode": "standard", "file": ("second-reading.wav", sound())}
    json_of = lambda source, call=None: {"connection_id": connection, "source": source, **({"call": call} if call else {})}
    cases = [
        ("TR-03", {"form": flat}),
        (
            "TR-04",
            {
                "body": {
                    **json_of({"type": "recording_url", "url": "https://recordings.example.com/rec_001.wav"}, facts),
                    "processing_mode": "analysis",
                }
            },
        ),
        (
            "TR-05",
            {
                "form": {
                    "connection_id": connection,
                    "type": "audio",
                    "language": "en",
                    "folder_remote_id": "71",
                    "file": ("talk.wav", sound()),
                }
            },
        ),
        (
            "TR-06",
            {
                "body": json_of(
                    {"type": "video_url", "url": "https://video.example.com/watch?v=1"}, {"folder_remote_id": "70", "language": "en"}
                )
            },
        ),
        (
            "TR-07",
            {
                "body": json_of(
                    {"type": "chat", "text": "Customer: hello\nOperator: good morning"},
                    {"agent_name": "Operator 1", "started_at": "2026-03-02T09:15:00Z"},
                )
            },
        ),
        ("TR-07", {"body": json_of({"type": "chat", "messages": [{"role": "customer", "text": "hello"}]})}),
    ]
    for op, sent in cases:
        before, known = run.mock.ledger.counted(), set(mock.tasks)
        job = run.gateway.call("POST", "/v1/analyses", **sent)
        if not job.good:
            run.trouble.append(f"{op}: POST /v1/analyses: {job.said()}")
            continue
        run.finish_job(job.json["id"])
        run.reached(f"{op} TR-11", job.status, before)
        for code in set(mock.tasks) - known:
            task = mock.tasks[code]
            if op in ("TR-03", "TR-04"):
                call = run.find_call("transcripto", code)
                run.expect(
                    op,
                    call,
                    [
                        ("name", "Ivan"),
                        ("direction", "outbound"),
                        ("started_at", "2026-03-02T06:15:00.000Z"),
                        ("external_id", "C-42"),
                        ("folder_remote_id", "70"),
                    ],
                )
                if (task["operator_name"], task["call_type"], task["directory_id"]) != ("Ivan", "outbound", 70) or str(
                    task["call_time"]
                ) != "2026-03-02 06:15:00+00:00":
                    run.trouble.append(f"{op}: the vendor has other facts: {task}")
            else:
                run.find_call("transcripto", code)


def reports(run, at, mock):
    for kind in ("standard", "business"):
        before, known = run.mock.ledger.counted(), set(mock.tasks)
        job = run.gateway.call("POST", at("/reports"), {"from": "2026-01-01", "to": "2026-01-31", "report_type": kind})
        if not job.good:
            run.trouble.append(f"TR-08: POST /reports: {job.said()}")
            return
        run.finish_job(job.json["id"])
        run.reached("TR-08", job.status, before)
        for code in set(mock.tasks) - known:
            one = run.ask("TR-11", "GET", at(f"/reports/{code}"), came=[("name", f"report_{mock.tasks[code]['id']}.pdf")])
            for file in one.json["files"]:
                got = run.ask("TR-33", "GET", at(f"/reports/{code}/files/{file['name']}"))
                if b"second reading" not in got.raw:
                    run.trouble.append("TR-33: the file is not the vendor's")
    run.ask("TR-09", "GET", at("/reports"), came=[("report_type", "standard")])


def by_itself(run, mock):
    """Tasks that come up at the vendor, one of them without the call_datetime that date filters look at, are found."""
    with mock.lock:
        dated = mock.new_task(
            "call", "later.wav", operator_name="Petrova", call_type="outbound", call_time=mock.call["call_time"], status="completed", csat=5
        )
        undated = mock.new_task("chat", None, operator_name="Operator 2", status="completed", length=0, csat=4)
    run.sync("transcripto")
    run.expect(
        "TR-09 TR-12", run.find_call("transcripto", dated["code"]), [("name", "Petrova"), ("direction", "outbound"), ("csat_pct", 50)]
    )
    run.expect("TR-09 TR-12", run.find_call("transcripto", undated["code"]), [("name", "Operator 2"), ("csat_pct", 40)])
