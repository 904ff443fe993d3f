"""The strict HTTP side shared by the four mock vendors: routes, checks of what a client sends, ledger, complaints."""

import json
import re
import threading
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable

# --- checks of values: each returns what is wrong, or None -----------------------------------------------------------


def text(value):
    return None if isinstance(value, str) else "is not a string"


def filled(value):
    return None if isinstance(value, str) and value.strip() else "is not a non-empty string"


def integer(value):
    return None if isinstance(value, int) and not isinstance(value, bool) else "is not an integer"


def number(value):
    return None if isinstance(value, (int, float)) and not isinstance(value, bool) else "is not a number"


def boolean(value):
    return None if isinstance(value, bool) else "is not a boolean"


def anything(_value):
    return None


def any_object(value):
    return None if isinstance(value, dict) else "is not an object"


def digits(value):
    return None if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else "is not an integer"


def decimal(value):
    return None if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) else "is not a number"


def truth(value):
    return None if value in ("true", "false") else "is neither true nor false"


def matching(pattern, said):
    compiled = re.compile(pattern)
    return lambda value: None if isinstance(value, str) and compiled.fullmatch(value) else f"is not {said}"


def one_of(*allowed):
    return lambda value: None if value in allowed else f"is none of {', '.join(map(str, allowed))}"


def nullable(check):
    return lambda value: None if value is None else check(value)


def either(*checks):
    def run(value):
        wrong = [check(value) for check in checks]
        return None if None in wrong else " and ".join(wrong)

    return run


def array(check):
    def run(value):
        if not isinstance(value, list):
            return "is not an array"
        for index, item in enumerate(value):
            if wrong := check(item):
                return f"[{index}] {wrong}"
        return None

    return run


def record(fields, required=(), others=None):
    """An object with these members and no other; `others` checks members with other names where the document has them."""

    def run(value):
        if not isinstance(value, dict):
            return "is not an object"
        for name in required:
            if name not in value:
                return f"lacks the required {name}"
        for name, member in value.items():
            check = fields.get(name, others)
            if check is None:
                return f"has the undocumented member {name}"
            if wrong := check(member):
                return f".{name} {wrong}"
        return None

    return run


UUID = matching(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a UUID")
CLOCK = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time hh:mm")
DATE = matching(r"\d{4}-\d\d-\d\d", "a date YYYY-MM-DD")
ZONED = matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "an ISO 8601 time with an offset")

# --- requests, replies, operations -----------------------------------------------------------------------------------


@dataclass
class Upload:
    name: str
    content: bytes


@dataclass
class Request:
    method: str
    path: str
    query: dict
    repeated: list
    headers: dict
    raw: bytes
    params: dict = field(default_factory=dict)
    body: object = None
    passed: str | None = None


@dataclass
class Reply:
    status: int = 200
    body: object = None
    raw: bytes | None = None
    headers: dict = field(default_factory=dict)


class Refusal(Exception):
    """The request is answered with `reply`; with `complaint`, the client did something the document does not have."""

    def __init__(self, reply, complaint=None):
        super().__init__(complaint or f"status {reply.status}")
        self.reply = reply
        self.complaint = complaint


@dataclass
class Op:
    id: str
    method: str
    path: str
    answer: Callable
    query: dict = field(default_factory=dict)
    needs: tuple = ()
    body: Callable | None = None
    form: dict | None = None
    form_needs: tuple = ()
    open: bool = False
    when: Callable | None = None

    def __post_init__(self):
        segments = self.path.strip("/").split("/")
        self.literals = sum(not s.startswith("{") for s in segments)
        pattern = "/".join(f"(?P<{s[1:-1]}>[^/]+)" if s.startswith("{") else re.escape(s) for s in segments)
        self.pattern = re.compile("/" + pattern)


@dataclass
class Complaint:
    vendor: str
    op: str
    request: str
    what: str

    def __str__(self):
        return f"{self.vendor} {self.op}: {self.request}: {self.what}"


class Ledger:
    """What was asked: hits (answered as the document says), refusals, complaints, and calls beyond the documents."""

    def __init__(self):
        self.lock = threading.Lock()
        self.hits = Counter()
        self.refused = Counter()
        self.beyond = Counter()
        self.notes = Counter()
        self.complaints = []
        self.exchanges = []

    def note(self, op, request, status, accepted):
        with self.lock:
            (self.hits if accepted else self.refused)[op] += 1
            self.exchanges.append((op, request, status))

    def complain(self, vendor, op, request, what):
        with self.lock:
            self.complaints.append(Complaint(vendor, op, request, what))

    def counted(self):
        with self.lock:
            return Counter(self.hits)


class Vendor:
    """A vendor's documented operations. A subclass gives `name`, `ops`, its authentication and its error bodies."""

    name = ""
    prefix = ""
    beyond = {}

    def __init__(self, ledger):
        self.ledger = ledger
        self.lock = threading.RLock()
        self.ops = sorted(self.operations(), key=lambda op: -op.literals)

    def operations(self):
        raise NotImplementedError

    def authorize(self, op, request):
        raise NotImplementedError

    def invalid(self, op, why):
        raise NotImplementedError

    def unknown(self):
        raise NotImplementedError

    def demand(self, _op, _request):
        """What else the vendor's document demands of a request; returns what is wrong, or None."""

    def lets_pass(self, _request):
        """Why a body may come where the document has none; nothing where it may not."""

    def serve(self, request):
        shown = f"{request.method} {request.path.removeprefix(self.prefix)}"
        path = request.path.removeprefix(self.prefix) if request.path.startswith(self.prefix) else None
        if path is not None and (request.method, path) in self.beyond:
            with self.ledger.lock:
                self.ledger.beyond[f"{self.name} {request.method} {path}"] += 1
            return self.unknown()
        found = [op for op in self.ops if path is not None and op.method == request.method and op.pattern.fullmatch(path)]
        if not found:
            self.ledger.complain(self.name, "-", shown, "no such operation in the document")
            return self.unknown()
        best = [op for op in found if op.literals == found[0].literals]
        request.params = {k: urllib.parse.unquote(v) for k, v in best[0].pattern.fullmatch(path).groupdict().items()}
        op = best[0]
        try:
            if not op.open:
                self.authorize(op, request)
            self.parse(op, request)
            op = next((one for one in best if one.when is None or one.when(request)), op)
            self.check(op, request)
            if request.passed:
                with self.ledger.lock:
                    self.ledger.notes[f"{op.id}: {request.passed}"] += 1
            with self.lock:
                reply = op.answer(request)
            self.ledger.note(op.id, shown, reply.status, True)
            return reply
        except Refusal as refusal:
            if refusal.complaint:
                self.ledger.complain(self.name, op.id, shown, refusal.complaint)
            self.ledger.note(op.id, shown, refusal.reply.status, False)
            return refusal.reply

    def parse(self, op, request):
        kind = request.headers.get("content-type", "")
        if op.form is not None:
            if not kind.startswith("multipart/form-data"):
                raise self.refuse(op, f"the body is {kind or 'nothing'}, the document has multipart/form-data")
            request.body = read_multipart(kind, request.raw)
        elif request.raw:
            if op.body is None and (passed := self.lets_pass(request)):
                request.raw, request.passed = b"", passed
                return
            if op.body is None:
                raise self.refuse(op, "a body where the document has none")
            if kind.split(";")[0].strip() != "application/json":
                raise self.refuse(op, f"the body is {kind or 'without a type'}, the document has application/json")
            try:
                request.body = json.loads(request.raw)
            except ValueError:
                raise self.refuse(op, "the body is not JSON") from None
        elif op.body is not None:
            raise self.refuse(op, "no body where the document has one")

    def check(self, op, request):
        for name in request.repeated:
            raise self.refuse(op, f"the parameter {name} is repeated")
        for name, value in request.query.items():
            if name not in op.query:
                raise self.refuse(op, f"the undocumented parameter {name}")
            if wrong := op.query[name](value):
                raise self.refuse(op, f"the parameter {name}={value} {wrong}")
        for name in op.needs:
            if name not in request.query:
                raise self.refuse(op, f"the required parameter {name} is missing")
        if op.body is not None and (wrong := op.body(request.body)):
            raise self.refuse(op, f"the body {wrong}")
        if op.form is not None:
            for name in op.form_needs:
                if name not in request.body:
                    raise self.refuse(op, f"the required part {name} is missing")
            for name, value in request.body.items():
                if name not in op.form:
                    raise self.refuse(op, f"the undocumented part {name}")
                if wrong := op.form[name](value):
                    raise self.refuse(op, f"the part {name} {wrong}")
        if wrong := self.demand(op, request):
            raise self.refuse(op, wrong)

    def refuse(self, op, why):
        return Refusal(self.invalid(op, why), why)


def read_multipart(kind, raw):
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + raw)
    parts = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        filename = part.get_filename()
        parts[name] = Upload(filename, content) if filename is not None else content.decode("utf-8")
    return parts


def handler_for(vendor):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args):
            pass

        def take(self):
            length = int(self.headers.get("Content-Length") or 0)
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                raw = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    raw += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                raw = self.rfile.read(length)
            split = urllib.parse.urlsplit(self.path)
            pairs = urllib.parse.parse_qsl(split.query, keep_blank_values=True)
            counted = Counter(name for name, _ in pairs)
            request = Request(
                self.command,
                split.path,
                dict(pairs),
                [name for name, times in counted.items() if times > 1],
                {name.lower(): value for name, value in self.headers.items()},
                raw,
            )
            reply = vendor.serve(request)
            body = reply.raw
            if body is None and reply.status != 204:
                body = json.dumps(reply.body, ensure_ascii=False).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **reply.headers}.items():
                if reply.status != 204:
                    self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if reply.status != 204:
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = take

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def start(vendor, port=0):
    """Serve one vendor on loopback in threads of its own; returns the server, whose address tells the port."""
    server = Server(("127.0.0.1", port), handler_for(vendor))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
