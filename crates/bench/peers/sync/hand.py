"""A sync by hand: httpx, orjson, COPY. Results, their texts for the search, and the vendor's documents, by upsert.

It writes less than the gateway: no versions, no events, no search for what came twice, no check of what was read.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx
import orjson
import psycopg

from vendor import DSN, HEADERS, PAGE, THREADS, measured, page, parts

SCHEMA = """
CREATE SCHEMA hand;
SET search_path = hand;
CREATE TABLE results (id bigint PRIMARY KEY, session bigint NOT NULL, scenario bigint, scenario_name text,
    score double precision, passed boolean, tags text[] NOT NULL, body jsonb NOT NULL);
CREATE INDEX ON results (session);
CREATE TABLE documents (id bigint PRIMARY KEY, transcript text, result text, summary text, tags text);
CREATE TABLE search (id bigint PRIMARY KEY, words tsvector NOT NULL);
CREATE INDEX ON search USING gin (words);
CREATE TEMP TABLE stage (id bigint, session bigint, scenario bigint, scenario_name text, score double precision,
    passed boolean, tags text[], body jsonb, transcript text, result text, summary text, vendor_tags text, said text)
    ON COMMIT DELETE ROWS;
"""
MERGE = """
WITH result AS (
    INSERT INTO results SELECT id, session, scenario, scenario_name, score, passed, tags, body FROM stage
    ON CONFLICT (id) DO UPDATE SET scenario = excluded.scenario, scenario_name = excluded.scenario_name,
        score = excluded.score, passed = excluded.passed, tags = excluded.tags, body = excluded.body),
document AS (
    INSERT INTO documents SELECT id, transcript, result, summary, vendor_tags FROM stage
    ON CONFLICT (id) DO UPDATE SET transcript = excluded.transcript, result = excluded.result,
        summary = excluded.summary, tags = excluded.tags)
INSERT INTO search SELECT id, to_tsvector('simple', said) FROM stage
ON CONFLICT (id) DO UPDATE SET words = excluded.words
"""
STAGE = "COPY stage FROM STDIN"


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def row(result: bytes, summary: bytes, tags: bytes) -> tuple:
    whole = orjson.loads(result)
    told = whole.get("result") or {}
    # By its id a result is wrapped once more.
    told = told.get("result") or told
    scenario = told.get("scenario") or {}
    text = orjson.loads(summary).get("dialog_summary") or ""
    names = [tag["name"] for tag in orjson.loads(tags) if tag.get("name")]
    phrases = [
        {
            "start_ms": milliseconds(phrase["start"]),
            "end_ms": milliseconds(phrase["end"]),
            "channel": phrase.get("channel"),
            "text": phrase["phrase"],
            "words": [
                {"word": word["word"], "start_ms": milliseconds(word["start"]), "end_ms": milliseconds(word["end"])}
                for word in phrase.get("words_list") or ()
            ],
        }
        for phrase in told.get("phrase_list") or ()
    ]
    points = [
        {"name": point.get("name"), "score": point.get("score")} for point in scenario.get("data") or ()
    ]
    body = {"points": points, "summary": text, "tags": names, "score": scenario.get("percent_completion")}
    said = " ".join([phrase["text"] for phrase in phrases] + [text])
    return (
        whole["id"],
        whole["call_session_id"],
        whole.get("scenario_id"),
        whole.get("scenario_name"),
        scenario.get("percent_completion"),
        scenario.get("is_successful"),
        names,
        orjson.dumps(body).decode(),
        orjson.dumps(phrases).decode(),
        result.decode(),
        summary.decode(),
        tags.decode(),
        said,
    )


def sync() -> None:
    limits = httpx.Limits(max_connections=THREADS, max_keepalive_connections=THREADS)
    with (
        psycopg.connect(DSN, prepare_threshold=0) as connection,
        httpx.Client(headers=HEADERS, limits=limits, timeout=60, trust_env=False) as http,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        connection.execute(SCHEMA, prepare=False)
        connection.commit()

        def fetched(url: str) -> bytes:
            return http.get(url).raise_for_status().content

        def record(id: int) -> tuple:
            return row(*map(fetched, parts(id)))

        start = 0
        while listed := orjson.loads(fetched(page(start))):
            with connection.cursor() as cursor:
                with cursor.copy(STAGE) as copy:
                    for one in threads.map(record, [entry["id"] for entry in listed]):
                        copy.write_row(one)
                cursor.execute(MERGE)
            connection.commit()
            start += PAGE


measured(sync)
