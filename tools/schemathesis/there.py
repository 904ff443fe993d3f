"""What is there: values for the parameters of a path that lead to something, found through the gateway's own lists.

Nothing here names a vendor: which connection an operation fits is what `GET /v1/vendors/{vendor}` says of its routes.
"""

import os
import random
from functools import cache

import requests

URL = os.environ["CALLWEAVE_URL"]
KEY = os.environ["CALLWEAVE_KEY"]

# How many things of one list are followed further down, and after how many uses it is read again: the run adds and deletes.
PARENTS = 6
USES = 200

chance = random.Random(int(os.environ.get("SEED", "1")))
session = requests.Session()
session.headers["Authorization"] = f"Bearer {KEY}"


def ask(path):
    """What the gateway answers, or nothing where it refuses or answers no JSON."""
    answer = session.get(URL + path, timeout=60)
    try:
        return answer.json() if answer.ok else None
    except ValueError:
        return None


DOCUMENT = ask("/openapi.json")
# The connections that the rest of the run lives on, by vendor, and the key.
OWN = {entry["id"]: entry["vendor"] for entry in ask("/v1/connections")["data"]}
OWN_KEYS = {entry["id"] for entry in ask("/v1/api-keys")["data"]}
VENDORS = {vendor: ask(f"/v1/vendors/{vendor}") for vendor in OWN.values()}


def operation(method, path):
    return DOCUMENT["paths"][path][method.lower()]


@cache
def fitting(method, path):
    """The connections of the vendors that a route reaches; all of them where no vendor says so."""
    route = f"{method} {path}"
    reached = {
        key for key, vendor in VENDORS.items() if any(route in entry["gateway_routes"] for entry in vendor["coverage"])
    }
    return [connection for connection, vendor in OWN.items() if vendor in reached] or list(OWN)


@cache
def examples(method, path):
    """The document's own examples of a body in JSON."""
    content = operation(method, path).get("requestBody", {}).get("content", {}).get("application/json", {})
    named = [entry["value"] for entry in content.get("examples", {}).values() if "value" in entry]
    return named or ([content["example"]] if "example" in content else [])


@cache
def example_of(method, path, name):
    """The document's own example of a parameter of a path."""
    for parameter in operation(method, path).get("parameters", []):
        if parameter.get("name") == name and parameter.get("in") == "path":
            return parameter.get("example", parameter.get("schema", {}).get("example"))
    return None


@cache
def vendor_paths(method):
    """What of the vendors' own operations can be passed through: connections and paths of one segment, without an id or a query."""
    return [
        (connection, path.lstrip("/"))
        for connection, vendor in OWN.items()
        for told, _, path in (entry["vendor_route"].partition(" ") for entry in VENDORS[vendor]["coverage"])
        if told == method and not set("{?/") & set(path.lstrip("/"))
    ]


def identity(entry):
    """What a thing of a list is addressed by."""
    for member in ("id", "remote_id", "key", "name"):
        if entry.get(member) is not None:
            return str(entry[member])
    return None


def things(path):
    """The things of a collection: of its list, or of the member of the thing above that has its name."""
    found = ask(f"{path}?limit=200" if path == "/v1/calls" else path)
    if found is None:
        above, _, member = path.rpartition("/")
        found = {"data": (ask(above) or {}).get(member)} if above.count("/") > 2 else None
    data = found.get("data") if isinstance(found, dict) else None
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


KNOWN = {}


def known(path):
    """Values for the parameters of a path, each of which leads to something; none where nothing does."""
    if "{" not in path:
        return [{}]
    path = path[: path.rindex("}") + 1]
    entry = KNOWN.setdefault(path, {"uses": 0, "places": []})
    if entry["uses"] % USES == 0:
        entry["places"] = look_up(path)
    entry["uses"] += 1
    return entry["places"]


def look_up(path):
    collection, _, name = path[:-1].rpartition("/{")
    above = known(collection)
    if collection.startswith("/v1/connections/{id}/"):
        able = fitting("GET", collection)
        above = [place for place in above if place["id"] in able]
    above = chance.sample(above, PARENTS) if len(above) > PARENTS else above
    return [
        {**place, name: value}
        for place in above
        for value in map(identity, things(collection.format(**place)))
        if value is not None
    ]


def allow_procedures():
    """Lets connections whose vendor has a setting for it call any procedure."""
    for connection, vendor in OWN.items():
        if any(field["name"] == "rpc_methods" for field in VENDORS[vendor]["setting_fields"]):
            settings = ask(f"/v1/connections/{connection}")["settings"] | {"rpc_methods": "*"}
            changed = session.patch(f"{URL}/v1/connections/{connection}", json={"settings": settings}, timeout=60)
            changed.raise_for_status()
