"""The two operations of AloVoice through the gateway."""

from alovoice import KNOWN, sound


def drive(run):
    connection = run.connections["alovoice"]
    before = run.mock.ledger.counted()
    made = run.gateway.call("POST", "/v1/calls", {"connection_id": connection, "remote_id": KNOWN[0]})
    values = [
        ("text", "assalomu alaykum"),
        ("text", "salomat bo'ling"),
        ("start_ms", 1120),
        ("end_ms", 2960),
        ("role", "agent"),
        ("role", "customer"),
    ]
    values += [("name", "Нет представления компании"), ("name", "Прощание"), ("start_ms", 233800), ("aicallid", "664b400ccccc3235a7cd17f1")]
    call = stored(run, KNOWN[0])
    run.reached("AV-02", made.status, before)
    run.expect("AV-02", call, values)
    for media in call.get("media") or []:
        got = run.gateway.call("GET", media["url"])
        if got.raw != sound():
            run.trouble.append(f"AV-03: the recording is not the vendor's: {got.said()}")
    before = run.mock.ledger.counted()
    body = {"connection_id": connection, "source": {"type": "vendor_call", "call_remote_id": KNOWN[1]}}
    job = run.gateway.call("POST", "/v1/analyses", body)
    if not job.good:
        run.trouble.append(f"AV-01: POST /v1/analyses: {job.said()}")
        return
    run.finish_job(job.json["id"])
    run.reached("AV-01 AV-02", job.status, before)
    run.expect("AV-01 AV-02", stored(run, KNOWN[1]), values[:6])


def stored(run, call):
    def analysed():
        found = run.find_call("alovoice", call)
        return found if (found.get("transcript") or {}).get("utterances") else None

    return run.until(f"the analysis of {call}", analysed) or run.find_call("alovoice", call)
