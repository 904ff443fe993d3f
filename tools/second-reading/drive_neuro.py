"""The 39 operations of Neuro.net through the gateway."""

from alovoice import sound
from neuro import AGENT, COMPANY, CREDENTIAL, OTHER


def drive(run):
    mock = run.mock.vendors["neuro"]
    connection = lambda path: run.here("neuro", path)
    at = lambda path: run.here("neuro", f"/voice-agents/{AGENT}{path}")
    agents(run, connection, at, mock)
    schedule(run, at)
    fields(run, at, "inputs", ["NN-16", "NN-17", "NN-18", "NN-19", "NN-20", "NN-21"])
    fields(run, at, "outputs", ["NN-22", "NN-23", "NN-24", "NN-25", "NN-26", "NN-27"])
    call = stored(run, mock, mock.made, "NN-28 NN-29")
    run.expect("NN-32", call, [("action", "hello"), ("action", "recognition"), ("text", "yes, on Monday")])
    recording(run, call)
    dialogs(run, at, mock)


def agents(run, connection, at, mock):
    run.ask(
        "NN-07",
        "GET",
        connection("/voice-agents"),
        came=[("remote_id", AGENT), ("name", "Appointments"), ("remote_id", OTHER), ("name", "Surveys")],
    )
    agent = [
        ("name", "Appointments"),
        ("description", "Calls people back"),
        ("language", "ru-RU"),
        ("timezone", "Europe/Moscow"),
        ("retry_delay_ms", 900000),
        ("retry_count", 3),
    ]
    agent += [
        ("channel_limit", 10),
        ("transfer_channel_limit", 2),
        ("voice_flag", "female"),
        ("speech_recognition", "google"),
        ("speech_synthesis", "jane@yandex"),
    ]
    agent += [
        (name, mock.agents[AGENT][name])
        for name in ("trunk_name", "record_path", "pool_name", "speed", "pitch", "emotion", "record_storage_time")
    ]
    run.ask("NN-08", "GET", at(""), came=agent)
    change = {
        "retry_count": 5,
        "retry_delay_ms": 1200000,
        "language": "en-US",
        "channel_limit": 12,
        "transfer_channel_limit": 3,
        "voice_flag": "male",
        "speech_recognition": "yandex",
        "speech_synthesis": "kate@google",
    }
    run.ask("NN-09", "PATCH", at(""), change, came=list(change.items()))
    run.ask("NN-09", "PATCH", at("?confirm=move_company"), {"company_remote_id": COMPANY}, came=[("company_remote_id", COMPANY)])
    run.ask("NN-08", "GET", at(""), came=list(change.items()))
    run.refused("NN-09", "PATCH", at(""), 422, {"language": None})
    key = [("remote_id", CREDENTIAL), ("name", "recognition"), ("platform", "google"), ("key_type", "asr"), ("agent_remote_id", AGENT)]
    run.ask("NN-10", "GET", at("/speech-keys"), came=key)
    run.ask("NN-10", "GET", at("/speech-keys?key_type=asr"), came=key)
    run.ask(
        "NN-11",
        "PATCH",
        at(f"/speech-keys/{CREDENTIAL}"),
        {"name": "renamed", "value": "another-value"},
        came=[("name", "renamed"), ("platform", "google")],
    )
    if mock.keys[CREDENTIAL] != {
        "uuid": CREDENTIAL,
        "name": "renamed",
        "platform": "google",
        "agent_uuid": AGENT,
        "key_type": "asr",
        "value": "another-value",
    }:
        run.trouble.append("NN-11: the key at the vendor is not what was asked for")


def schedule(run, at):
    slot = {"day": 2, "not_before": "09:00", "not_after": "18:00"}
    made = run.ask("NN-13", "POST", at("/schedule"), slot, came=list(slot.items()))
    key = made.json["remote_id"]
    run.ask("NN-12", "GET", at("/schedule"), came=[("remote_id", key), *slot.items()])
    run.ask("NN-14", "PATCH", at(f"/schedule/{key}"), {"not_after": "17:30"}, came=[("not_after", "17:30"), ("day", 2)])
    made = run.ask("NN-13", "POST", at("/schedule"), {**slot, "day": 3})
    run.refused("NN-14", "PATCH", at("/schedule/00000000-0000-4000-8000-000000000000"), 404, {"day": 1})
    run.ask("NN-15", "DELETE", at(f"/schedule/{made.json['remote_id']}"))


def fields(run, at, kind, ops):
    listed, add, add_many, change, delete, delete_many = ops
    extra = {"synthesized": True} if kind == "inputs" else {"field_type": "string"}
    known = "city" if kind == "inputs" else "agreed"
    run.ask(listed, "GET", at(f"/{kind}"), came=[("name", known), ("agent_remote_id", AGENT)])
    made = run.ask(add, "POST", at(f"/{kind}"), {"name": "colour", **extra}, came=[("name", "colour"), *extra.items()])
    key = made.json["remote_id"]
    if kind == "outputs":
        run.ask(add, "POST", at(f"/{kind}"), {"name": "placed", "field_type": "string", "position": 4}, came=[("position", 4)])
    items = [{"name": known, **extra}, {"name": "size", **extra}, {"name": "shape", **extra}]
    bulk = run.ask(add_many, "POST", at(f"/{kind}/bulk"), {"items": items}, came=[("name", "size"), ("skipped", known)])
    run.ask(change, "PATCH", at(f"/{kind}/{key}"), {"name": "shade"}, came=[("name", "shade")])
    run.ask(delete, "DELETE", at(f"/{kind}/{key}"))
    keys = [f["remote_id"] for f in bulk.json["done"]]
    run.ask(delete_many, "POST", at(f"/{kind}/bulk-delete"), {"remote_ids": [*keys, key]}, came=[("name", "size"), ("remote_id", key)])


def stored(run, mock, dialog, ops):
    made = mock.dialogs[dialog]
    call = run.find_call("neuro", dialog)
    values = [("phone", made["msisdn"]), ("remote_id", made["call_uuid"]), ("started_at", made["date"].strftime("%Y-%m-%dT%H:%M:%S.000Z"))]
    if made["bulk"]:
        values.append(("batch_remote_id", made["bulk"]))
    run.expect(ops, call, [*values, ("value", "yes"), ("value", made["comment"])])
    return call


def recording(run, call):
    media = call["media"][0]
    got = run.ask("NN-31", "GET", media["url"])
    if got.raw != sound():
        run.trouble.append("NN-31: the recording is not the vendor's")


def dialogs(run, at, mock):
    connection = run.connections["neuro"]
    before = run.mock.ledger.counted()
    body = {
        "connection_id": connection,
        "agent": AGENT,
        "phone": "+79990000202",
        "script": "main_script",
        "script_entry_point": "start",
        "inputs": {"name": "John Doe", "city": "Boston"},
        "campaign": "Winter",
    }
    job = run.gateway.call("POST", "/v1/dialogs", body)
    if not job.good:
        run.trouble.append(f"NN-03: POST /v1/dialogs: {job.said()}")
        return
    run.until("NN-03", lambda: run.mock.ledger.counted()["NN-03"] > before["NN-03"])
    run.reached("NN-03", job.status, before)
    single = next(d for d in mock.dialogs.values() if "202" in d["msisdn"])
    run.until("the job's dialog", lambda: single["dialog_uuid"] in str(run.gateway.call("GET", f"/v1/jobs/{job.json['id']}").json))
    people = [
        {"phone": "+79990000303", "inputs": {"name": "Ann Lee", "city": "Bristol"}},
        {"phone": "+79990000404", "script": "main_script", "script_entry_point": "start"},
    ]
    before = run.mock.ledger.counted()
    batch = run.gateway.call(
        "POST", "/v1/dialog-batches", {"connection_id": connection, "agent": AGENT, "dialogs": people, "campaign": "Spring"}
    )
    if not batch.good:
        run.trouble.append(f"NN-04: POST /v1/dialog-batches: {batch.said()}")
        return
    path = f"/v1/dialog-batches/{batch.json['id']}"
    run.until("NN-04 to NN-06", lambda: all(run.mock.ledger.counted()[op] > before[op] for op in ("NN-04", "NN-05", "NN-06")))
    run.reached("NN-04 NN-05 NN-06", batch.status, before)
    bulk = next(d["bulk"] for d in mock.dialogs.values() if "303" in d["msisdn"])
    run.expect("NN-04", run.gateway.call("GET", path).json, [("batch", bulk), ("task", next(iter(mock.tasks)))])
    grouped = [d for d in mock.dialogs.values() if d["bulk"] == bulk]
    rows = [("message", "loaded"), *(("dialog_remote_id", d["dialog_uuid"]) for d in grouped)]
    accepted = lambda: (lambda a: a if "loaded" in str(a) else None)(run.gateway.call("GET", path + "/dialogs").json)
    run.expect("NN-06", run.until("the dialogs of the batch", accepted) or {}, rows)
    run.expect("NN-05", run.gateway.call("GET", path).json, [("by_state", {"submitted": 2})])
    for dialog in grouped:
        run.expect("NN-04", run.find_call("neuro", dialog["dialog_uuid"]), [("status", "queued"), ("batch_remote_id", bulk)])
    queue(run, at, mock, single, bulk)
    before = run.mock.ledger.counted()
    mock.make_calls()
    run.sync("neuro")
    run.until("NN-30", lambda: run.mock.ledger.counted()["NN-30"] > before["NN-30"])
    run.reached("NN-30", 200, before)
    for dialog in grouped:
        stored_when_made(run, mock, dialog, "NN-30")
        dialog["comment"] = "changed afterwards"
    run.gateway.call("POST", run.here("neuro", "/sync?full=true"))
    for dialog in grouped:
        stored_when_made(run, mock, dialog, "NN-28 NN-29")
    run.gateway.call("POST", "/v1/dialogs", {**body, "phone": "+79990000505", "campaign": None})
    run.until("another dialog", lambda: any("505" in d["msisdn"] for d in mock.dialogs.values()))
    run.ask("NN-37", "DELETE", at("/queue?confirm=all"))
    if any(d["state"] == "queued" for d in mock.dialogs.values()):
        run.trouble.append("NN-37: dialogs are left in the queue")


def stored_when_made(run, mock, dialog, ops):
    key = dialog["dialog_uuid"]
    told = lambda call: dialog["comment"] in str(call) and call["batch_remote_id"] == dialog["bulk"]
    run.until(f"the outcome of {key}", lambda: told(run.find_call("neuro", key)))
    stored(run, mock, key, ops)


def queue(run, at, mock, single, bulk):
    waiting = [("remote_id", single["dialog_uuid"]), ("phone", single["msisdn"]), ("status_raw", "queued")]
    run.ask("NN-33", "GET", at("/queue"), came=waiting)
    run.ask("NN-33", "GET", at(f"/queue?batch_id={bulk}&limit=1"), came=[("phone", "+79990000303")])
    run.ask("NN-34", "GET", at("/queue?kind=calls"), came=[*waiting[1:], ("added_at", single["added"].strftime("%Y-%m-%dT%H:%M:%S.000Z"))])
    waiting_ids = [d["dialog_uuid"] for d in mock.dialogs.values() if d["state"] == "queued"]
    run.pages("NN-33", at("/queue"), "remote_id", waiting_ids)
    run.ask("NN-39", "GET", at("/campaigns"), came=[("name", "Winter"), ("name", "Spring"), ("dialogs_count", 2), ("completed", False)])
    run.ask("NN-39", "GET", at("/campaigns?completed=false"), came=[("name", "Winter")])
    run.ask("NN-35", "POST", at("/queue/stop"))
    run.ask("NN-36", "POST", at("/queue/resume"))
    run.ask("NN-38", "DELETE", at(f"/queue/{single['dialog_uuid']}"))
    if single["state"] != "removed":
        run.trouble.append(f"NN-38: the dialog is {single['state']}")
