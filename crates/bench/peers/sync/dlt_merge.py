"""A sync with dlt as its documents advise: a resource of the list, a parallel transformer for the rest, merged by id."""

import os
import tempfile

os.environ |= {"RUNTIME__LOG_LEVEL": "ERROR", "RUNTIME__DLTHUB_TELEMETRY": "false"}
os.environ |= {"EXTRACT__WORKERS": "8", "NORMALIZE__WORKERS": "1"}

import dlt
from dlt.sources.helpers.requests import Client

from vendor import DSN, HEADERS, PAGE, measured, page, parts

http = Client(raise_for_status=True).session
http.headers.update(HEADERS)
http.trust_env = False


@dlt.resource
def listed():
    start = 0
    while rows := http.get(page(start)).json():
        yield rows
        start += PAGE


@dlt.transformer(
    data_from=listed, name="results", primary_key="id", write_disposition="merge", max_table_nesting=0, parallelized=True
)
def results(rows):
    for row in rows:
        result, summary, tags = (http.get(url).json() for url in parts(row["id"]))
        yield result | {"summary": summary, "tags": tags}


def sync() -> None:
    with tempfile.TemporaryDirectory() as place:
        pipeline = dlt.pipeline(
            pipeline_name="bench",
            # It insists on a host and a password; the host of the query goes before.
            destination=dlt.destinations.postgres(DSN.replace("callweave@", "callweave:none@localhost")),
            dataset_name="dlt",
            pipelines_dir=place,
        )
        pipeline.run(listed | results).raise_on_failed_jobs()


measured(sync)
