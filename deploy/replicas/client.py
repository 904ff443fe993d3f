#!/usr/bin/env python3
"""Clients that read and write through one address for a while, and try once more when that fails.

client.py URL KEY SECONDS CLIENTS [FILE] prints the share of good answers; FILE, once it is there, ends it early.
"""

import http.client
import json
import os
import sys
import threading
import time
import urllib.parse
import uuid

url, key, seconds, clients = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
stop = sys.argv[5] if len(sys.argv) > 5 else None
address = urllib.parse.urlparse(url).netloc
counts = {"asked": 0, "good": 0, "first": 0}
bad = {}
lock = threading.Lock()


def once(method, path, headers, body):
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def client(number, end):
    turn = 0
    while time.monotonic() < end and not (stop and os.path.exists(stop)):
        turn += 1
        headers = {"Authorization": f"Bearer {key}"}
        body = None
        method, path = "GET", "/v1/calls?limit=5"
        if turn % 5 == 0:
            # A write that names itself is not done twice, however often it is sent.
            method, path = "POST", "/v1/api-keys"
            body = json.dumps({"name": f"client-{number}", "scopes": ["calls:read"]})
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        first = outcome = once(method, path, headers, body)
        if not (isinstance(first, int) and first < 300):
            time.sleep(0.2)
            outcome = once(method, path, headers, body)
        good = isinstance(outcome, int) and 200 <= outcome < 300
        with lock:
            counts["asked"] += 1
            counts["good"] += good
            counts["first"] += isinstance(first, int) and 200 <= first < 300
            if not good:
                bad[str(outcome)] = bad.get(str(outcome), 0) + 1
        time.sleep(0.02)


end = time.monotonic() + seconds
threads = [threading.Thread(target=client, args=(number, end)) for number in range(clients)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
share = 100 * counts["good"] / counts["asked"]
first = 100 * counts["first"] / counts["asked"]
print(f"{counts['asked']} requests: {share:.3f} % good ({first:.3f} % at the first try), failed: {bad or 'none'}")
sys.exit(0 if share >= 99.9 else 1)
