"""What every script asks the vendor for: the pages of the list, and each result with its summary and its tags.

A script says `ready`, waits for a line, syncs, says `done`, and stays until its input ends, so that its CPU time can be read.
Environment: BENCH_VENDOR, BENCH_TOKEN, BENCH_DSN.
"""

import os
import sys

VENDOR = os.environ["BENCH_VENDOR"]
HEADERS = {"Authorization": f"Bearer {os.environ['BENCH_TOKEN']}"}
DSN = os.environ["BENCH_DSN"]
PAGE = 100
# Requests under way at once; more bring none of the scripts further.
THREADS = 8


def page(start: int) -> str:
    return f"{VENDOR}/scenario_result?_sort=id&_order=asc&_start={start}&_end={start + PAGE}"


def parts(id: int) -> tuple[str, str, str]:
    result = f"{VENDOR}/scenario_result/{id}"
    return result, f"{result}/summary", f"{result}/tags"


def measured(sync) -> None:
    """Runs `sync` when it is told to."""
    output = os.fdopen(os.dup(1), "w")
    # Nothing else that is printed is to be taken for an answer.
    os.dup2(2, 1)
    print("ready", file=output, flush=True)
    if sys.stdin.readline():
        sync()
        print("done", file=output, flush=True)
        sys.stdin.read()
