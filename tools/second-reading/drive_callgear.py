"""The 36 operations of CallGear through the gateway."""

from callgear import SUMMARY


def drive(run):
    mock = run.mock.vendors["callgear"]
    at = lambda path: run.here("callgear", path)
    scenarios(run, at, mock)
    tags(run, at, mock)
    results(run, at)
    others(run, at, mock)
    stored(run)
    by_itself(run, mock)


def scenarios(run, at, mock):
    rubric = [("remote_id", "130"), ("name", "Medicine"), ("active", False), ("pass_threshold_pct", 70)]
    rubric += [("text", mock.scenarios[130]["scenario_text"]), ("tags", mock.scenarios[130]["tags"][0]), ("values", 5)]
    run.ask("CG-01", "GET", at("/rubrics"), came=rubric)
    run.ask("CG-03", "GET", at("/rubrics/130"), came=rubric)
    draft = {
        "kind": "scenario",
        "name": "Delivery",
        "text": "1. Told the date",
        "active": False,
        "pass_threshold_pct": 55,
        "tags": [mock.tags[181]],
        "filters": [[{"id": 203, "name": "Talk duration", "operators": "more than", "data_type": "number", "values": 5}]],
    }
    made = run.ask("CG-02", "POST", at("/rubrics"), draft, came=[("name", "Delivery"), ("pass_threshold_pct", 55), ("values", 5)])
    key = made.json["remote_id"]
    run.ask("CG-04", "PATCH", at(f"/rubrics/{key}"), {"pass_threshold_pct": 65}, came=[("pass_threshold_pct", 65), ("name", "Delivery")])
    run.ask("CG-04", "POST", at(f"/rubrics/{key}/activate"), came=[("active", True)])
    run.ask("CG-04", "POST", at(f"/rubrics/{key}/deactivate"))
    run.ask("CG-05", "POST", at(f"/rubrics/{key}/toggle"), {"vendor_body": {"id": int(key)}})
    if mock.toggles != [{"id": int(key)}]:
        run.trouble.append(f"CG-05: the toggle sent {mock.toggles}")
    greeted = [("remote_id", "1"), ("text", "Operator greeted"), ("rubric_remote_id", "130")]
    run.ask("CG-06", "GET", at("/rubrics/130/items"), came=greeted)
    run.ask("CG-07", "GET", at("/rubrics/130/items/1"), came=greeted)
    run.ask("CG-08", "GET", at("/rubrics/130/items?form=text"), came=[("text", mock.scenarios[130]["scenario_text"])])
    run.ask("CG-09", "GET", at("/rubric-items"), came=[*greeted, ("remote_id", "3")])
    run.ask("CG-10", "GET", at("/rubrics/130/score"), came=[("pass_threshold_pct", 70), ("rubric_remote_id", "130")])
    run.pages("CG-01", at("/rubrics"), "remote_id", [str(key) for key in mock.scenarios])
    run.pages("CG-09", at("/rubric-items"), "remote_id", ["1", "2", "3"])
    run.refused("CG-03", "GET", at("/rubrics/999"), 404)
    run.refused("CG-07", "GET", at("/rubrics/130/items/999"), 404)
    run.ask("CG-11", "GET", at("/rubric-scores"), came=[("pass_threshold_pct", 70), ("pass_threshold_pct", 60)])


def tags(run, at, mock):
    tag = [
        ("remote_id", "181"),
        ("name", "booking summed up"),
        ("color", "special-3"),
        ("performer", "operator"),
        ("condition", "discuss"),
        ("comagic_tag_id", 3745),
    ]
    run.ask("CG-12", "GET", at("/tags"), came=tag)
    run.ask("CG-14", "GET", at("/tags/181"), came=tag)
    draft = {
        "name": "New tag name",
        "description": "New tag description",
        "color": "special-5",
        "performer": "client",
        "condition": "not discuss",
        "linked_remote_id": "3746",
        "active": True,
    }
    made = run.ask(
        "CG-13",
        "POST",
        at("/tags"),
        draft,
        came=[
            ("name", "New tag name"),
            ("color", "special-5"),
            ("performer", "client"),
            ("condition", "not discuss"),
            ("comagic_tag_id", 3746),
        ],
    )
    key = made.json["remote_id"]
    run.ask(
        "CG-15",
        "PATCH",
        at(f"/tags/{key}"),
        {"description": "Updated description"},
        came=[("description", "Updated description"), ("name", "New tag name")],
    )
    # More than the ten that a list without parameters shows, in pages of which the document counts from 1.
    for number in range(300, 315):
        mock.tags[number] = {**mock.tags[181], "id": number, "name": f"tag {number}"}
    run.pages("CG-12", at("/tags"), "remote_id", [str(key) for key in mock.tags])
    run.refused("CG-14", "GET", at("/tags/999"), 404)


def results(run, at):
    football = [
        ("remote_id", "34618"),
        ("call_remote_id", "129742035"),
        ("rubric_remote_id", "133"),
        ("rubric_name", "Football"),
        ("application_remote_id", "64832"),
    ]
    run.ask("CG-16", "GET", at("/evaluations"), came=[*football, ("percent_completion", 15)])
    run.ask("CG-16", "GET", at("/evaluations?call_remote_id=129742029"), came=[("remote_id", "34612")])
    run.ask("CG-18", "GET", at("/evaluations/34618"), came=[*football, ("percent_completion", 80), ("tag_id", 184), ("phrase", "Hello.")])
    draft = {
        "call_remote_id": "123",
        "rubric_remote_id": "456",
        "rubric_name": "Test Scenario",
        "result": {},
        "remote_id": "789",
        "application_remote_id": "101",
    }
    run.ask(
        "CG-17",
        "POST",
        at("/evaluations"),
        draft,
        came=[("remote_id", "789"), ("call_remote_id", "123"), ("rubric_name", "Test Scenario"), ("application_remote_id", "101")],
    )
    run.ask("CG-19", "PUT", at("/evaluations/789"), {**draft, "rubric_name": "Renamed"}, came=[("rubric_name", "Renamed")])
    run.ask("CG-20", "DELETE", at("/evaluations/789"))
    run.pages("CG-16", at("/evaluations"), "remote_id", ["34612", "34618"])
    run.refused("CG-18", "GET", at("/evaluations/999"), 404)
    words = [("text", "Hello there."), ("start_ms", 1040), ("end_ms", 1320), ("channel", 1), ("text", "nadia"), ("start_ms", 3960)]
    parts = {
        "summary": ("CG-21", "CG-22", [("text", SUMMARY)]),
        "transcript": ("CG-23", "CG-24", [*words, ("sentiment", "positive")]),
        "success-points": ("CG-25", "CG-26", [("name", "Operator greeted"), ("start_ms", 2720), ("end_ms", 7840)]),
        "tags": ("CG-27", "CG-28", [("name", "operator objection"), ("start_ms", 37151), ("end_ms", 50511), ("color", "special-6")]),
        "agent-metrics": ("CG-29", "CG-30", [("name", "profanity"), ("start_ms", 17849), ("end_ms", 18169)]),
    }
    for part, (one, every, came) in parts.items():
        run.ask(one, "GET", at(f"/evaluations/34612/{part}"), came=came)
        narrowed = "?call_remote_id=129742029" if part == "transcript" else ""
        run.ask(every, "GET", at(f"/evaluation-parts/{part}{narrowed}"), came=came)
    run.ask(
        "CG-22", "GET", at("/evaluation-parts/summary?call_remote_id=129742029"), came=[("text", SUMMARY), ("call_remote_id", "129742029")]
    )


def others(run, at, mock):
    run.ask("CG-31", "POST", at("/rpc"), {"method": "get.report", "params": {"day": 1}}, came=[("echoed", '{"day": 1}')])
    conditions = [
        ("remote_id", "7"),
        ("name", "Call Direction"),
        ("data_type", "string"),
        ("is_default", True),
        ("name", "Incoming call"),
        ("values", None),
    ]
    run.ask("CG-32", "GET", at("/notification-conditions"), came=conditions)
    run.ask("CG-34", "GET", at("/vendor-tokens"), came=[("name", "back office"), ("active", True)])
    made = run.ask("CG-35", "POST", at("/vendor-tokens"), {"name": "second reading"}, came=[("name", "second reading"), ("active", True)])
    key = made.json["remote_id"]
    run.expect("CG-35", made.json, [("token", mock.tokens[key]["access_token"])])
    run.ask("CG-36", "DELETE", at(f"/vendor-tokens/{key}"))


def stored(run):
    call = run.find_call("callgear", "129742035")
    run.expect(
        "CG-16 CG-18",
        call,
        [("remote_id", "34618"), ("score_pct", 80), ("passed", True), ("items_met", 12), ("items_total", 15), ("duration_ms", 320)],
    )
    run.expect(
        "CG-18",
        call,
        [("label", "Discussed the latest transfers of the club"), ("start_ms", 322376), ("text", "Hello."), ("definition_id", "184")],
    )
    run.expect("CG-14", call, [("name", "operator objection")])
    run.expect("CG-21", call, [("summary", SUMMARY)])
    run.expect("CG-27", call, [("color", "special-6"), ("start_ms", 37151)])


def by_itself(run, mock):
    """A result that comes up at the vendor, and one that goes there, reach the gateway with the next syncs."""
    with mock.lock:
        mock.results[34620] = {**mock.results[34618], "id": 34620, "call_session_id": 129742040}
    run.sync("callgear")
    run.expect("CG-16 CG-18", run.find_call("callgear", "129742040"), [("remote_id", "34620"), ("score_pct", 80)])
