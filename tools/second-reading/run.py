#!/usr/bin/env python3
"""Drives every documented vendor operation through the gateway's own routes, against the mock vendors of this folder.

Starts the mock and the gateway (with a PostgreSQL and a data directory of its own), connects the four vendors, asks the
gateway's route of each of the 115 operations, and prints for each whether the vendor was asked as its document says and
whether the document's values came through. Fails where one was not, or where the mock has something to complain of.
"""

import argparse
import json
import os
import pathlib
import sys
import time
from collections import Counter, defaultdict

import alovoice
import callgear
import drive_alovoice
import drive_callgear
import drive_neuro
import drive_transcripto
import neuro
import transcripto
from gateway import Gateway
from mock import Mock

CONNECTIONS = {
    "callgear": ({"username": callgear.USERNAME, "password": callgear.PASSWORD}, {"rpc_methods": "get.report"}),
    "alovoice": ({"token": alovoice.TOKEN}, {}),
    "neuro": ({"login": neuro.LOGIN, "password": neuro.PASSWORD}, {"company_uuid": neuro.COMPANY}),
    "transcripto": ({"email": transcripto.EMAIL, "password_hash": transcripto.PASSWORD_HASH, "captcha_token": transcripto.CAPTCHA}, {}),
}
DRIVES = {
    "callgear": drive_callgear.drive,
    "alovoice": drive_alovoice.drive,
    "neuro": drive_neuro.drive,
    "transcripto": drive_transcripto.drive,
}


def members(value):
    """Every (name, value) of a JSON document, at any depth; a list's entries carry the list's name."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from members(inner)
            if isinstance(inner, list):
                for item in inner:
                    yield name, item
    elif isinstance(value, list):
        for item in value:
            yield from members(item)


class Run:
    def __init__(self, gateway, mock):
        self.gateway, self.mock = gateway, mock
        self.connections = {}
        self.statuses = defaultdict(list)
        self.checked = Counter()
        self.lost = defaultdict(list)
        self.trouble = []

    def here(self, vendor, path=""):
        return f"/v1/connections/{self.connections[vendor]}{path}"

    def ask(self, ops, method, path, body=None, form=None, came=(), headers=None):
        """Ask a route that is to reach these operations (ids, blank between); `came` are the (member, value) to come of it."""
        before = self.mock.ledger.counted()
        answer = self.gateway.call(method, path, body, form, headers)
        after = self.mock.ledger.counted()
        shown = self.shown(method, path)
        for op in ops.split():
            self.statuses[op].append(answer.status)
            if after[op] <= before[op]:
                self.trouble.append(f"{op}: {shown} did not reach it")
        if not answer.good:
            self.trouble.append(f"{ops}: {shown}: {answer.said()}")
        elif came:
            self.expect(ops, answer.json, came)
        return answer

    def pages(self, op, path, member, wanted, method="GET", body=None):
        """Read a list one entry a page to its end: each wanted value comes once and the pages end."""
        seen, cursor = [], None
        for _ in range(len(wanted) + 20):
            if method == "GET":
                more = f"&cursor={cursor}" if cursor else ""
                answer = self.gateway.call("GET", f"{path}{'&' if '?' in path else '?'}limit=1{more}")
            else:
                answer = self.gateway.call(method, path, {**(body or {}), "limit": 1, **({"cursor": cursor} if cursor else {})})
            if not answer.good:
                self.trouble.append(f"{op}: page {len(seen)} of {self.shown(method, path)}: {answer.said()}")
                return
            seen += [entry.get(member) for entry in answer.json["data"]]
            cursor = answer.json["next_cursor"]
            if not cursor:
                break
        else:
            self.trouble.append(f"{op}: the pages of {self.shown(method, path)} do not end")
        if Counter(seen) != Counter(wanted):
            self.trouble.append(f"{op}: page by page {self.shown(method, path)} gives {seen}, not {list(wanted)}")

    def refused(self, op, method, path, status, body=None):
        """A refusal that the vendor documents reaches the caller as this status."""
        answer = self.gateway.call(method, path, body)
        if answer.status != status:
            self.trouble.append(f"{op}: {self.shown(method, path)} answers {answer.said()}, not {status}")

    def expect(self, ops, document, came):
        found = list(members(document))
        for name, value in came:
            for op in ops.split():
                self.checked[op] += 1
                if (name, value) not in found:
                    seen = [v for n, v in found if n == name][:4]
                    self.lost[op].append(f"{name}={value!r} (seen: {seen})")

    def reached(self, ops, status, since=None):
        """Operations that the gateway carries out in the background: they have to be there by now."""
        for op in ops.split():
            self.statuses[op].append(status)
            if self.mock.ledger.counted()[op] <= (since or {}).get(op, 0):
                self.trouble.append(f"{op}: was not reached in the background")

    def until(self, what, test, seconds=60):
        end = time.monotonic() + seconds
        while not (got := test()):
            if time.monotonic() > end:
                self.trouble.append(f"waited {seconds} s in vain for {what}")
                return None
            time.sleep(0.2)
        return got

    def sync(self, vendor):
        answer = self.gateway.call("POST", self.here(vendor, "/sync"))
        if not answer.good:
            self.trouble.append(f"sync of {vendor}: {answer.said()}")

    def find_call(self, vendor, remote_id):
        """The stored call, with everything in it, as soon as it is there."""
        path = f"/v1/calls?connection_id={self.connections[vendor]}&remote_id={remote_id}&include=transcript,analyses,media,vendor_values"
        found = self.until(f"the {vendor} call {remote_id}", lambda: self.gateway.call("GET", path).json["data"])
        return found[0] if found else {}

    def finish_job(self, job, seconds=90):
        """The job when it has come to its end."""
        path = f"/v1/jobs/{job}"
        ended = ("succeeded", "completed", "failed", "cancelled", "unknown", "done", "expired")
        asked = lambda: next((j for j in [self.gateway.call("GET", path).json] if j["state"] in ended), None)
        found = self.until(f"the end of job {job}", asked, seconds)
        if found and found["state"] not in ("succeeded", "completed", "done"):
            self.trouble.append(f"job {found['type']} ended {found['state']}: {json.dumps(found.get('error'))}")
        return found or self.gateway.call("GET", path).json

    def shown(self, method, path):
        for vendor, key in self.connections.items():
            path = path.replace(key, f"<{vendor}>")
        return f"{method} {path.split('?')[0]}"

    def renew(self):
        """All tokens run out; the gateway logs in again, which it may put off for a while after the login before."""
        paths = {"callgear": ("CG-33", "/tags"), "neuro": ("NN-02", "/voice-agents"), "transcripto": ("TR-01", "/folders")}
        before = self.mock.ledger.counted()
        for vendor in paths:
            self.mock.vendors[vendor].expire_sessions()
        for vendor, (op, path) in paths.items():
            answered = lambda p=self.here(vendor, path): (lambda a: a if a.good else None)(self.gateway.call("GET", p))
            got = self.until(f"{op} after the token's end", answered, 150)
            if got:
                self.reached(op, got.status, before)

    # --- the order of things ---

    def connect(self):
        for vendor, (credentials, settings) in CONNECTIONS.items():
            body = {
                "vendor": vendor,
                "name": vendor,
                "credentials": credentials,
                "settings": {**settings, "base_url": self.mock.base_url(vendor)},
            }
            answer = self.gateway.call("POST", "/v1/connections", body)
            if not answer.good:
                raise SystemExit(f"no connection to {vendor}: {answer.said()}")
            self.connections[vendor] = answer.json["id"]
        for op in ("CG-33", "NN-01", "TR-01"):
            self.reached(op, 201)
        for vendor in CONNECTIONS:
            self.until(
                f"the first sync of {vendor}",
                lambda v=vendor: self.gateway.call("GET", self.here(v, "/status")).json["freshness"]["synced_at"],
            )

    def wrong_credentials(self):
        """What the documents answer to a wrong login reaches the owner as a refusal of the connection."""
        wrong = {
            "callgear": {"username": "nobody", "password": "wrong"},
            "alovoice": {"token": "wrong"},
            "neuro": {"login": "nobody", "password": "wrong"},
            "transcripto": {"email": "nobody@example.com", "password_hash": "00", "captcha_token": "00"},
        }
        for vendor, credentials in wrong.items():
            settings = {**CONNECTIONS[vendor][1], "base_url": self.mock.base_url(vendor)}
            answer = self.gateway.call(
                "POST", "/v1/connections", {"vendor": vendor, "name": f"wrong {vendor}", "credentials": credentials, "settings": settings}
            )
            code = (answer.json or {}).get("code", "")
            if answer.good or not code.startswith("connection."):
                self.trouble.append(f"wrong credentials of {vendor}: {answer.said()}")

    def manifest(self):
        """The gateway has to name a route for every operation."""
        named = {}
        for vendor in CONNECTIONS:
            answer = self.gateway.call("GET", f"/v1/vendors/{vendor}")
            for name, value in members(answer.json):
                if name in ("operations", "coverage") and isinstance(value, dict):
                    named[value.get("id", value.get("operation"))] = value
        for op in self.mock.documented():
            if op not in named:
                self.trouble.append(f"{op}: GET /v1/vendors names no route")

    def report(self, verbose):
        ledger = self.mock.ledger
        per_op = Counter(complaint.op for complaint in ledger.complaints)
        print(f"{'op':6} {'hit':>4} {'compl.':>6} {'gateway':12} values")
        missed = 0
        for op in self.mock.documented():
            hit = ledger.hits[op]
            missed += not hit
            statuses = ",".join(map(str, sorted(set(self.statuses[op])))) or "-"
            lost, checked = len(self.lost[op]), self.checked[op]
            values = f"{checked - lost} of {checked} came through" if checked else "-"
            print(f"{op:6} {hit or 'NO':>4} {per_op[op]:>6} {statuses:12} {values}")
            for one in self.lost[op]:
                print(f"       lost: {one}")
        for complaint, times in Counter(map(str, ledger.complaints)).items():
            print(f"complaint: {complaint} ({times}x)")
        for one in self.trouble:
            print(f"trouble: {one}")
        for one, times in sorted(ledger.notes.items()):
            print(f"let pass: {one} ({times}x)")
        for one, times in sorted(ledger.beyond.items()):
            print(f"beyond the documents: {one} ({times}x)")
        if verbose:
            for op, asked, status in ledger.exchanges:
                print(f"  {op} {asked} {status}")
        documented = self.mock.documented()
        lost = sum(map(len, self.lost.values()))
        print(
            f"{len(documented) - missed} of {len(documented)} operations hit, {len(ledger.complaints)} complaints, {lost} values lost, {len(self.trouble)} troubles"
        )
        return bool(missed or ledger.complaints or lost or self.trouble)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    words.add_argument("--binary", default=root / "target/debug/callweave", help="the gateway's binary (default: target/debug/callweave)")
    words.add_argument("--home", help="keep the gateway's data and log in this new directory (default: a temporary one)")
    words.add_argument(
        "--vendor", action="append", choices=list(DRIVES), help="drive only this vendor; the others' operations then count as missed"
    )
    words.add_argument("--verbose", action="store_true", help="print every request that the mock vendors got")
    asked = words.parse_args()
    if not os.access(asked.binary, os.X_OK):
        words.error(f"{asked.binary} is no program; build it with `cargo build -p callweave-server`, or say --binary")
    mock = Mock()
    gateway = Gateway(asked.binary, asked.home)
    try:
        gateway.start()
        run = Run(gateway, mock)
        run.connect()
        run.manifest()
        run.wrong_credentials()
        for vendor in asked.vendor or DRIVES:
            try:
                DRIVES[vendor](run)
            except (KeyError, IndexError, TypeError, AttributeError) as wrong:
                where = wrong.__traceback__
                while where.tb_next:
                    where = where.tb_next
                run.trouble.append(f"the drive of {vendor} broke off in {where.tb_frame.f_code.co_name}, line {where.tb_lineno}: {wrong!r}")
        run.renew()
        return run.report(asked.verbose)
    finally:
        gateway.stop()


if __name__ == "__main__":
    sys.exit(main())
