#!/usr/bin/env python3
"""Checks what is deployed without deploying it.

Renders the chart with a few sets of values, lints it, validates the result against the schemas of
Kubernetes, checks the compose file, the Dockerfile, the Prometheus rules and the dashboards (against the
types that Grafana publishes). Needs the packages of deploy/requirements.txt and promtool. Cannot be checked
this way: the two kinds of the Prometheus operator (no schema is packaged), how Grafana draws what it gets,
and anything that needs a cluster.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import grafana_foundation_sdk.cog.plugins
import helm_python
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

DEPLOY = pathlib.Path(__file__).resolve().parent
CHART = DEPLOY / "helm" / "callweave"
KUBERNETES = "1.31"
OPERATOR = {"ServiceMonitor", "PrometheusRule"}
VALUES = {
    "default": {},
    "everything": {
        "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True},
        "passwordKey": "database-password",
        "readUrlKey": "read-url",
        "settings": {"SYNC__POLL_INTERVAL": "30s"},
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "only", "operator": "Exists"}],
        "networkPolicy": {"apiFrom": [{"namespaceSelector": {}}]},
    },
    "bare": {
        "api": {"autoscaling": {"enabled": False}},
        "networkPolicy": {"enabled": False},
    },
}


def tool(name):
    """A program beside this interpreter, or on the PATH."""
    beside = pathlib.Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        sys.exit(f"{name} is missing; see deploy/requirements.txt")
    return found


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def documents(rendered):
    for path, text in rendered.items():
        if path.endswith(".yaml"):
            yield from filter(None, yaml.safe_load_all(text))


def chart():
    report = helm_python.lint(CHART)
    # Severity 1 is advice.
    faults = [message for message in report["messages"] if message["severity"] >= 2]
    if faults or report["errors"]:
        sys.exit(f"the chart has faults: {faults or report['errors']}")
    with helm_python.Chart.load(CHART) as loaded:
        for name, values in VALUES.items():
            rendered = loaded.render(values=values, name="release", namespace="callweave")
            found = list(documents(rendered))
            kinds = sorted(document["kind"] for document in found)
            print(f"chart, {name}: {len(found)} objects ({', '.join(sorted(set(kinds)))})")
            with tempfile.TemporaryDirectory() as directory:
                for number, document in enumerate(found):
                    if document["kind"] in OPERATOR:
                        continue
                    path = pathlib.Path(directory) / f"{number}.yaml"
                    path.write_text(yaml.safe_dump(document))
                    run(tool("kubernetes-validate"), "--strict", "-k", KUBERNETES, str(path))


def compose():
    root = DEPLOY.parent
    for profile in [[], ["demo"], ["observability"], ["demo", "observability"]]:
        flags = [flag for name in profile for flag in ("--profile", name)]
        run(tool("docker-compose"), "-f", str(root / "docker-compose.yml"), *flags, "config", "-q")
    run(tool("hadolint"), str(root / "Dockerfile"))
    print("compose file and Dockerfile: good")


def prometheus():
    run(tool("promtool"), "check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))
    run(tool("promtool"), "test", "rules", str(DEPLOY / "prometheus" / "tests.yml"))
    rules = (DEPLOY / "prometheus" / "rules.yml").read_text()
    if rules != (CHART / "rules.yml").read_text():
        sys.exit("deploy/helm/callweave/rules.yml is not deploy/prometheus/rules.yml")
    used = set(re.findall(r"callweave_[a-z_]+", rules))
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")):
        dashboard = json.loads(path.read_text())
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(ids) != len(set(ids)):
            sys.exit(f"{path.name}: two panels with one id")
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                used |= set(re.findall(r"callweave_[a-z_]+", target["expr"]))
    source = "".join(
        path.read_text() for path in (DEPLOY.parent / "crates").rglob("*.rs") if "/target/" not in str(path)
    )
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    unknown = sorted(name for name in named if f'"{name}"' not in source)
    if unknown:
        sys.exit(f"no such metric: {', '.join(unknown)}")
    print(f"rules and dashboards: good, {len(named)} metrics")


def lost(document, understood, path=""):
    """What Grafana's own types leave out of a document, or change."""
    if isinstance(document, dict) and isinstance(understood, dict):
        for key, value in document.items():
            yield from lost(value, understood.get(key), f"{path}/{key}")
    elif isinstance(document, list) and isinstance(understood, list) and len(document) == len(understood):
        for place, (one, other) in enumerate(zip(document, understood)):
            yield from lost(one, other, f"{path}/{place}")
    elif document != understood:
        yield path


def grafana():
    grafana_foundation_sdk.cog.plugins.register_default_plugins()
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")):
        document = json.loads(path.read_text())
        understood = json.loads(JSONEncoder().encode(Dashboard.from_json(document)))
        unknown = list(lost(document, understood))
        if unknown:
            sys.exit(f"{path.name}: not as Grafana's types have it: {', '.join(unknown)}")
        print(f"{path.name}: as Grafana's types have it, {len(document['panels'])} panels")


if __name__ == "__main__":
    chart()
    compose()
    prometheus()
    grafana()
