#!/usr/bin/env python3
"""Asks a Prometheus everything that the alert rules and the dashboards ask it.

ask.py PROMETHEUS DASHBOARD... prints each expression with how many series answer and one of their values.
Of a rule its threshold is left off, since a gateway that is well crosses none. Ends with an error where an
expression cannot be carried out, has no answer, or answers with nothing but NaN.
"""

import json
import math
import re
import sys
import urllib.parse
import urllib.request

base, dashboards = sys.argv[1], sys.argv[2:]


def get(path, **query):
    address = f"{base}{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address, timeout=30) as response:
        return json.load(response)["data"]


def rules():
    for group in get("/api/v1/rules")["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                sys.exit(f"{rule['name']} is {rule['health']}: {rule.get('lastError')}")
            yield f"rule {rule['name']}", re.sub(r"\s(==|>|<)\s*[0-9.]+", "", rule["query"])


def panels(of):
    for panel in of.get("panels", []):
        yield panel
        yield from panels(panel)


def expressions():
    yield from rules()
    for name in dashboards:
        with open(name, encoding="utf-8") as file:
            for panel in panels(json.load(file)):
                for target in panel.get("targets", []):
                    expression = target["expr"].replace("$__rate_interval", "1m")
                    yield f"panel {panel['title']}", expression


asked, silent = 0, []
for name, expression in expressions():
    series = get("/api/v1/query", query=expression)["result"]
    values = [float(one["value"][1]) for one in series]
    told = [value for value in values if not math.isnan(value)]
    asked += 1
    if told:
        print(f"{name:45} {len(told):3} series, up to {max(told):g}")
    else:
        silent.append(name)
        print(f"{name:45} {'NaN only' if values else 'nothing'}: {expression}")
print(f"{asked} expressions of rules and dashboards, {len(silent)} without an answer")
sys.exit(1 if silent or not asked else 0)
