"""A sync with a Singer tap of the SDK and the target for PostgreSQL, two processes with a pipe between them."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

os.environ["SINGER_SDK_LOG_LEVEL"] = "ERROR"

import requests
from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseOffsetPaginator
from singer_sdk.streams import RESTStream
from target_postgres.target import TargetPostgres

from vendor import DSN, HEADERS, PAGE, THREADS, VENDOR, measured, parts

http = requests.Session()
http.headers.update(HEADERS)
http.trust_env = False
threads = ThreadPoolExecutor(THREADS)


def whole(row: dict) -> dict:
    result, summary, tags = (http.get(url).json() for url in parts(row["id"]))
    return result | {"summary": summary, "tags": tags}


class Pages(BaseOffsetPaginator):
    def has_more(self, response) -> bool:
        return bool(response.json())


class Results(RESTStream):
    name = "results"
    url_base = VENDOR
    path = "/scenario_result"
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True),
        th.Property("app_id", th.IntegerType),
        th.Property("call_session_id", th.IntegerType),
        th.Property("scenario_id", th.IntegerType),
        th.Property("scenario_name", th.StringType),
        th.Property("result", th.ObjectType(additional_properties=True)),
        th.Property("summary", th.ObjectType(additional_properties=True)),
        th.Property("tags", th.ArrayType(th.ObjectType(additional_properties=True))),
    ).to_dict()

    @property
    def http_headers(self) -> dict:
        return HEADERS

    def get_new_paginator(self) -> Pages:
        return Pages(0, PAGE)

    def get_url_params(self, context, token) -> dict:
        start = token or 0
        return {"_sort": "id", "_order": "asc", "_start": start, "_end": start + PAGE}

    def parse_response(self, response):
        yield from threads.map(whole, response.json())


class TapVendor(Tap):
    name = "tap-vendor"
    config_jsonschema = {"type": "object", "properties": {}}

    def discover_streams(self) -> list:
        return [Results(self)]


def sync() -> None:
    reader, writer = os.pipe()
    tap = os.fork()
    if tap == 0:
        os.close(reader)
        os.dup2(writer, 1)
        os.close(writer)
        TapVendor(config={}).sync_all()
        sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    database, _, host = DSN.removeprefix("postgresql://callweave@/").partition("?host=")
    config = {
        "sqlalchemy_url": f"postgresql+psycopg://callweave@/{database}?host={host}",
        "default_target_schema": "singer",
    }
    with os.fdopen(reader) as messages:
        TargetPostgres(config=config).listen(messages)
    if os.waitpid(tap, 0)[1]:
        raise SystemExit("the tap failed")


measured(sync)
