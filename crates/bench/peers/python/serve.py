"""The calls of the gateway's tables, served by FastAPI: a page of the list, and one call.

It answers what the gateway answers, and does nothing else: no keys, no tenants apart, no limits, no log.
Environment: BENCH_DSN, BENCH_TENANT.
"""

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson
import zstandard
from fastapi import FastAPI, Response

SQL = {path.stem: path.read_text() for path in (Path(__file__).parent.parent / "sql").glob("*.sql")}
TENANT = UUID(os.environ["BENCH_TENANT"])
PARTS = ("transcript", "analyses", "media", "raw", "versions")
HEAD = ("channel", "kind", "direction", "status", "started_at_source", "duration_source")
ANALYSIS = ("kind", "analyzed_at_source")
DETECTION = ("type", "performer", "condition", "scope")


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.pool = await asyncpg.create_pool(os.environ["BENCH_DSN"], min_size=5, max_size=5)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


def instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def prune(of: dict, members: tuple[str, ...]) -> None:
    words = of.pop("vendor_values", None)
    if words:
        kept = {name: word for name, word in words.items() if name in members and of.get(name) == "other"}
        if kept:
            of["vendor_values"] = kept


def document(row: asyncpg.Record, freshness: dict, hashes: list[bytes] | None, analyses: list | None) -> dict:
    call = orjson.loads(row["body"])
    address = f"/v1/calls/{row['id']}"
    prune(call, HEAD)
    for party in call["parties"]:
        prune(party, ("role", "affiliation", "type"))
    for attempt in call["attempts"]:
        attempt.pop("dialog_events", None)
    for media in call["media"]:
        media["url"] = f"{address}/media/{media['id']}"
    meta = {
        "first_seen_at": instant(row["first_seen_at"]),
        "modified_at": instant(row["modified_at"]),
        "synced_at": instant(row["observed_at"]),
        "version": row["version"],
        "payload_hash": row["payload_hash"].hex(),
        "mapper_version": row["mapper_version"],
        "unmapped_count": len(row["unmapped"]),
        "estimated_fields": call.pop("estimated_fields"),
        "flags": call.pop("flags", []),
    }
    if hashes is None:
        fresh = freshness.get(str(row["connection_id"]))
        if fresh and fresh["data_fresh_as_of"]:
            meta["data_fresh_as_of"] = fresh["data_fresh_as_of"]
    else:
        meta["raw_refs"] = ["sha256:" + hash.hex() for hash in hashes]
    for name in ("deleted_at", "vendor_expired_at"):
        if row[name]:
            meta[name] = instant(row[name])
    if row["deletion_evidence"]:
        meta["deletion_evidence"] = row["deletion_evidence"]
    return call | {
        "schema": "analyzed_call/1",
        "id": str(row["id"]),
        "tenant_id": str(TENANT),
        "connection_id": str(row["connection_id"]),
        "vendor": row["vendor"],
        "external_refs": orjson.Fragment(row["external_refs"]),
        "client_metadata": orjson.Fragment(row["client_metadata"]),
        "transcript": None,
        "analyses": analyses,
        "links": {"self": address} | {part: f"{address}/{part}" for part in PARTS},
        "_meta": meta,
    }


async def freshness_of(connection: asyncpg.Connection) -> dict:
    found = {}
    for row in await connection.fetch(SQL["freshness"], TENANT):
        due = max(row["next_run_at"], row["not_before"] or row["next_run_at"])
        found[str(row["id"])] = {
            "state": row["state"],
            "synced_at": instant(row["synced_at"]),
            "data_fresh_as_of": instant(row["fresh_as_of"]),
            "historical_data_since": instant(row["historical_since"]),
            "reason": row["state_reason"],
            "next_run_at": instant(due) if row["enabled"] else None,
        }
    return found


@app.get("/calls")
async def list_calls(at: str, id: UUID) -> Response:
    async with app.state.pool.acquire() as connection:
        rows = await connection.fetch(SQL["list"], TENANT, datetime.fromisoformat(at), id)
        freshness = await freshness_of(connection)
    last = rows[49] if len(rows) > 50 else None
    page = {
        "data": [document(row, freshness, None, None) for row in rows[:50]],
        "next_cursor": last and f"{instant(last['sort_at'])},{last['id']}",
        "freshness": freshness,
        "notes": [],
    }
    return Response(orjson.dumps(page), media_type="application/json")


@app.get("/calls/{id}")
async def get_call(id: UUID) -> Response:
    async with app.state.pool.acquire() as connection:
        at = await connection.fetchval(SQL["place"], TENANT, id)
        row = await connection.fetchrow(SQL["call"], TENANT, at, id)
    analyses = orjson.loads(zstandard.decompress(row["analyses"]))
    for analysis in analyses:
        prune(analysis, ANALYSIS)
        for detection in analysis.get("detections", []):
            prune(detection, DETECTION)
        for sentiment in analysis.get("sentiments", []):
            prune(sentiment, ("scope", "label"))
    return Response(orjson.dumps(document(row, {}, row["hashes"], analyses)), media_type="application/json")
