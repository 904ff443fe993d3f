"""The gateway under test: the real binary in a data directory of its own, and a client of its REST API."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid


class Answer:
    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw
        self.json = None
        if "json" in headers.get("Content-Type", ""):
            self.json = json.loads(raw)

    @property
    def good(self):
        return 200 <= self.status < 300

    def said(self):
        """A refusal in a line."""
        if not isinstance(self.json, dict):
            return f"{self.status}"
        wrong = "; ".join(f"{e.get('pointer')} {e.get('detail')}" for e in self.json.get("errors") or [])
        return f"{self.status} {self.json.get('code', '')} {self.json.get('detail', '')} {wrong}".strip()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Gateway:
    def __init__(self, binary, keep=None):
        self.binary = str(pathlib.Path(binary).resolve())
        self.scratch = None if keep else tempfile.TemporaryDirectory(prefix="second-reading-")
        self.home = pathlib.Path(keep or self.scratch.name)
        self.home.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = self.home / "gateway.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CALLWEAVE_") and name != "DATABASE_URL"},
            "CALLWEAVE__EGRESS__ALLOW": "127.0.0.0/8",
            "CALLWEAVE__SERVER__LISTEN": self.url.removeprefix("http://"),
            "CALLWEAVE__DATA_DIR": str(self.home / "data"),
        }
        self.process, self.key = None, None

    def start(self, seconds=240):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([self.binary, "serve"], cwd=self.home, env=self.environment, stdout=log, stderr=log)
        end = time.monotonic() + seconds
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the gateway did not start; its log ends:\n{self.tail()}")
            time.sleep(0.3)
        command = [self.binary, "keys", "create", "--tenant", "second-reading", "--name", "driver", "--scope", "*", "--json"]
        done = subprocess.run(command, cwd=self.home, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"no key: {done.stderr}")
        self.key = json.loads(done.stdout)["key"]

    def ready(self):
        try:
            return urllib.request.urlopen(self.url + "/readyz", timeout=2).status == 200
        except (OSError, urllib.error.URLError):
            return False

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.scratch:
            self.scratch.cleanup()

    def call(self, method, path, body=None, form=None, headers=None):
        sent = {"Authorization": f"Bearer {self.key}", "Accept": "*/*", **(headers or {})}
        data = None
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        if form is not None:
            data, sent["Content-Type"] = multipart(form)
        elif body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        asked = urllib.request.Request(self.url + path, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(asked, timeout=120) as got:
                return Answer(got.status, got.headers, got.read())
        except urllib.error.HTTPError as got:
            return Answer(got.code, got.headers, got.read())


def multipart(form):
    """Form parts in order; a pair (file name, bytes) is a file."""
    boundary, out = uuid.uuid4().hex, b""
    for name, value in form.items():
        if isinstance(value, tuple):
            head = f'Content-Disposition: form-data; name="{name}"; filename="{value[0]}"\r\nContent-Type: audio/wav'
            content = value[1]
        else:
            head, content = f'Content-Disposition: form-data; name="{name}"', str(value).encode()
        out += f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"
    return out + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
