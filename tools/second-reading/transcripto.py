"""Transcripto as its document describes it: every answer is HTTP 200, an error is `success: false` with its code."""

import uuid

from alovoice import sound
from transcripto_shapes import (
    ANALYSIS,
    BY_BODY,
    BY_QUERY,
    CALL_FACTS,
    CATEGORY,
    DAY_OR_MOMENT,
    SCRIPT,
    URL,
    bound,
    docx,
    moment,
    tariff,
    upload,
    z,
)
from transcripto_terms import Terms
from wire import (
    DATE,
    UUID,
    Op,
    Refusal,
    Reply,
    Vendor,
    any_object,
    array,
    boolean,
    digits,
    either,
    filled,
    integer,
    nullable,
    one_of,
    record,
    text,
)

EMAIL, PASSWORD_HASH, CAPTCHA = "user@example.com", "d0b1c2a3f4e5968778695a4b3c2d1e0f", "captcha-passed"
USER = 83


class Transcripto(Terms, Vendor):
    name = "transcripto"

    def __init__(self, ledger):
        self.sessions = set()
        self.last_id = 12400
        self.tasks = {}
        self.directories = {70: "Website promotion", 71: "Sales department"}
        self.questions = {
            1: {"id": 1, "question": "Did the operator introduce themselves to the customer?", "is_active": True},
            2: {"id": 2, "question": "Did the operator clarify the purpose of the call?", "is_active": True},
        }
        self.answered = {1, 2}
        old, late = moment(40), moment(2)
        self.categories = {
            1: {
                "id": 1,
                "name": "Sales",
                "description": "Sales calls",
                "parent_id": None,
                "created_at": old.isoformat(),
                "updated_at": late.isoformat(),
            }
        }
        self.scripts = {
            11: {
                "id": 11,
                "identifier": "welcome_v1",
                "title": "Customer greeting",
                "description": "Greeting and data verification script",
                "is_active": True,
                "version": 1,
                "script_body": "Hello! My name is ...",
                "created_at": z(old),
                "updated_at": z(late),
            }
        }
        self.filters = {
            42: {
                "id": 42,
                "name": "Critical calls",
                "criteria": {"task_type": "call", "priority_id": 3},
                "created_at": moment(9).strftime("%Y-%m-%dT%H:%M:%S"),
            }
        }
        self.call = self.new_task(
            "call",
            "rec_0845.wav",
            operator_name="Ivanov",
            call_type="inbound",
            call_time=moment(2),
            directory_id=70,
            status="completed",
            length=16.6,
            csat=9,
        )
        self.chat = self.new_task("chat", None, operator_name="Operator 1", call_time=moment(1), status="completed", length=0, csat=8)
        self.video = self.new_task("youtubenew", "video", status="completed", length=4.5)
        super().__init__(ledger)

    # --- what happens at the vendor by itself ---

    def new_id(self):
        self.last_id += 1
        return self.last_id

    def new_task(self, kind, file_name, status="pending", length=0.1, csat=None, **facts):
        task = {
            "id": self.new_id(),
            "type": kind,
            "status": status,
            "file_name": file_name,
            "created_at": moment(),
            "updated_at": moment(),
            "operator_name": None,
            "call_time": None,
            "call_type": None,
            "directory_id": None,
            "length": length,
            "code": str(uuid.uuid4()),
            "report_type": None,
            "csat": csat,
            "files": [],
            **facts,
        }
        self.tasks[task["code"]] = task
        return task

    def expire_sessions(self):
        """As if every token's time had run out."""
        with self.lock:
            self.sessions.clear()

    # --- authentication and errors ---

    @staticmethod
    def error(code, message):
        return Reply(200, {"success": False, "error_code": code, "error_message": message})

    def authorize(self, _op, request):
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.sessions:
            raise Refusal(self.error(4023, "Unauthorized"))

    def invalid(self, op, why):
        required = "required" in why
        return self.error({"TR-04": 4002}.get(op.id, 4045) if required else 4001, why)

    def unknown(self):
        return Reply(404, {"success": False, "error_code": 4041, "error_message": "Resource is unavailable"})

    def fail(self, code, message, complaint=None):
        return Refusal(self.error(code, message), complaint)

    def demand(self, op, request):
        sent = request.body if isinstance(request.body, dict) else {}
        folder = sent.get("directory_id")
        if folder is not None and int(folder) not in (0, *self.directories):
            raise self.fail(4001, "an invalid directory_id")
        if op.id == "TR-07" and sent.get("text") is None and sent.get("chunks") is None:
            return "neither text nor chunks"
        if op.id == "TR-08" and bound(sent["start_date"], False) > bound(sent["end_date"], True):
            return "start_date is later than end_date"
        if op.id in ("TR-09", "TR-26") and not all(
            1 <= s <= 5 for s in [sent.get(n) or 3 for n in ("operator_politeness_min", "operator_politeness_max")]
        ):
            return "operator_politeness is not within 1 to 5"
        return None

    # --- operations ---

    def operations(self):
        ok = {"success": True, "error_code": 0}
        saved = {**ok, "success_message": "Saved successfully"}
        code = {"task_code": UUID}
        file = {"file_type": one_of("docx_call", "txt_call", "docx_youtube", "txt_youtube", "audio"), **code}
        need_file = ("file_type", "task_code")
        form = {"file": upload, "directory_id": digits}
        folder = {"directory_id": integer}
        files = [
            ("TR-34", "docx_call", "call"),
            ("TR-35", "txt_call", "call"),
            ("TR-36", "docx_youtube", "youtubenew"),
            ("TR-37", "txt_youtube", "youtubenew"),
            ("TR-38", "audio", "call"),
        ]
        question = record({"question": filled}, ("question",))
        return [
            Op(
                "TR-01",
                "POST",
                "/auth/login",
                self.login,
                body=record({"email": text, "password_hash": text, "captcha_token": text}, ("email", "password_hash", "captcha_token")),
                open=True,
            ),
            Op("TR-02", "GET", "/user/tariff", lambda _r: Reply(body={"success": True, "errorcode": 0, "tariff": tariff()})),
            Op("TR-03", "POST", "/addtaskcall", self.add_call, form={**form, **CALL_FACTS}, form_needs=("file",)),
            Op("TR-04", "POST", "/addtaskcallbyurl", self.add_call, body=record({"file_url": URL, **folder, **CALL_FACTS}, ("file_url",))),
            Op("TR-05", "POST", "/addtaskaudio", self.add_other("audio"), form={**form, "file_lang": text}, form_needs=("file",)),
            Op(
                "TR-06",
                "POST",
                "/addtaskyoutube",
                self.add_other("youtubenew"),
                body=record({"file_path": URL, **folder, "file_lang": text}, ("file_path",)),
            ),
            Op(
                "TR-07",
                "POST",
                "/add_chat_analysis_task",
                self.add_chat,
                body=record(
                    {
                        "text": nullable(text),
                        "chunks": nullable(array(either(text, any_object))),
                        "operator_name": text,
                        "call_date": nullable(DATE),
                    }
                ),
            ),
            Op(
                "TR-08",
                "POST",
                "/user/callreport",
                self.add_report,
                body=record(
                    {"start_date": DAY_OR_MOMENT, "end_date": DAY_OR_MOMENT, "report_type": one_of("standard", "business")},
                    ("start_date", "end_date"),
                ),
            ),
            Op("TR-09", "POST", "/tasks/filter", lambda r: self.search(r.body), body=record(BY_BODY)),
            Op("TR-10", "GET", "/tasks/filter", lambda r: self.search(r.query), query=BY_QUERY),
            Op("TR-11", "GET", "/gettask", self.get_task, query=code, needs=("task_code",)),
            Op("TR-12", "GET", "/api/calls_analysis_v2/{task_code}", self.analysis),
            Op("TR-13", "GET", "/checklist", lambda _r: Reply(body={**ok, "data": self.active()})),
            Op(
                "TR-14",
                "GET",
                "/checklist/{user_id}",
                lambda r: Reply(body={**ok, "data": self.active() if r.params["user_id"] == str(USER) else []}),
            ),
            Op("TR-15", "POST", "/checklist", self.add_question, body=question),
            Op("TR-16", "POST", "/checklist/{checklist_id}", self.edit_question, body=question),
            Op("TR-17", "POST", "/checklist/delete/{checklist_id}", self.hide_question),
            Op("TR-18", "GET", "/checklist/answer/{task_id}", self.answers),
            Op(
                "TR-19",
                "GET",
                "/user/directories",
                lambda _r: Reply(body={**ok, "directories": [{"id": k, "name": n} for k, n in self.directories.items()]}),
            ),
            Op("TR-20", "POST", "/user/directories", self.add_directory, body=record({"name": filled}, ("name",))),
            Op("TR-21", "DELETE", "/user/directories/delete/{directory_id}", self.delete_directory),
            Op(
                "TR-22",
                "POST",
                "/user/call_categories/list",
                self.list_categories,
                body=record({"q": text, "parent_id": nullable(integer), "page": integer, "per_page": integer}),
            ),
            Op(
                "TR-23",
                "POST",
                "/user/call_categories/create",
                lambda r: Reply(
                    body={
                        **saved,
                        "data": self.save_category(
                            {"id": self.new_id(), "description": None, "parent_id": None, "created_at": moment().isoformat()}, r.body
                        ),
                    }
                ),
                body=record(CATEGORY, ("name",)),
            ),
            Op(
                "TR-24",
                "POST",
                "/user/call_categories/edit/{id}",
                lambda r: Reply(body={**saved, "data": self.save_category(self.stored(self.categories, r, "id", "category_id"), r.body)}),
                body=record({"category_id": integer, **CATEGORY}),
            ),
            Op("TR-25", "POST", "/user/call_categories/delete/{id}", self.delete_category),
            Op(
                "TR-26",
                "POST",
                "/tasks/filters/save",
                self.save_filter,
                body=record(
                    {"name": filled, "criteria": record({k: c for k, c in BY_BODY.items() if k not in ("task_code", "task_id")})},
                    ("name", "criteria"),
                ),
            ),
            Op(
                "TR-27",
                "GET",
                "/tasks/filters/list",
                lambda _r: Reply(body={"success": True, "count": len(self.filters), "filters": list(self.filters.values())}),
            ),
            Op("TR-28", "POST", "/tasks/filters/delete/{filter_id}", self.delete_filter),
            Op(
                "TR-29",
                "POST",
                "/user/call_check_scripts/list",
                self.list_scripts,
                body=record(
                    {"q": text, "only_active": either(boolean, one_of(1, "1", "true", "yes")), "page": integer, "per_page": integer}
                ),
            ),
            Op(
                "TR-30",
                "POST",
                "/user/call_check_scripts/create",
                lambda r: Reply(
                    body={
                        **saved,
                        "data": self.save_script(
                            {"id": self.new_id(), "description": None, "is_active": True, "version": 1, "created_at": z(moment())}, r.body
                        ),
                    }
                ),
                body=record(SCRIPT, ("identifier", "title", "script_body")),
            ),
            Op(
                "TR-31",
                "POST",
                "/user/call_check_scripts/edit/{script_id}",
                lambda r: Reply(body={**saved, "data": self.save_script(self.stored(self.scripts, r, "script_id", "script_id"), r.body)}),
                body=record({"script_id": integer, **SCRIPT}),
            ),
            Op("TR-32", "POST", "/user/call_check_scripts/delete/{script_id}", self.delete_script),
            Op(
                "TR-33",
                "GET",
                "/user/callreport/file",
                self.report_file,
                query={"task_code": filled, "filename": filled},
                needs=("task_code", "filename"),
                open=True,
            ),
            *(
                Op(
                    key,
                    "GET",
                    "/get_file",
                    self.get_file(kind),
                    query=file,
                    needs=need_file,
                    when=lambda r, t=name: r.query.get("file_type") == t,
                )
                for key, name, kind in files
            ),
        ]

    def login(self, request):
        if request.body != {"email": EMAIL, "password_hash": PASSWORD_HASH, "captcha_token": CAPTCHA}:
            raise self.fail(4023, "Unauthorized")
        token = "session-" + uuid.uuid4().hex
        self.sessions.add(token)
        body = {
            "message": "Login successful",
            "error_code": 0,
            "token": token,
            "locale": "en",
            "user_id": USER,
            "email": EMAIL,
            "tariff": tariff(),
            "directories": [{"id": k, "name": n} for k, n in self.directories.items()],
            "last_tasks": [
                {
                    "directory_id": t["directory_id"],
                    "status": t["status"],
                    "id": t["code"],
                    "created_at": z(t["created_at"]),
                    "file_path": t["file_name"],
                    "task_length": t["length"],
                }
                for t in list(self.tasks.values())[-5:]
            ],
            "call_activity_tree": {"2025": {"10": {"01": 247, "02": 316}}},
        }
        return Reply(body=body)

    # --- tasks ---

    def facts(self, sent):
        given = sent.get("call_datetime")
        folder = int(sent.get("directory_id") or 0)
        return {
            "operator_name": sent.get("operator_name", "global"),
            "call_type": sent.get("call_type"),
            "call_time": bound(given, False) if given else None,
            "directory_id": folder or None,
        }

    def created(self, task, **more):
        return Reply(body={"id": task["id"], "error_code": 0, "code": task["code"], **more})

    def add_call(self, request):
        sent = request.body
        name = sent["file"].name if "file" in sent else sent["file_url"].rsplit("/", 1)[-1]
        if "file" in sent and any(t["file_name"] == name for t in self.tasks.values()):
            raise self.fail(4091, "Duplicate file")
        return self.created(self.new_task("call", name, length=0.1, csat=7, **self.facts(sent)))

    def add_other(self, kind):
        def run(request):
            sent = request.body
            name = sent["file"].name if "file" in sent else sent["file_path"]
            task = self.new_task(kind, name, directory_id=int(sent.get("directory_id") or 0) or None)
            return self.created(task, **({"demo": False} if kind == "youtubenew" else {}))

        return run

    def add_chat(self, request):
        task = self.new_task("chat", None, operator_name=request.body.get("operator_name"), length=0, csat=6)
        return Reply(body={"success": True, "error_code": 0, "success_message": "Chat analysis task created", "task_code": task["code"]})

    def add_report(self, request):
        kind = request.body.get("report_type", "standard")
        task = self.new_task("callreport", None, report_type=kind)
        left = {"available_report_count": 7} if kind == "business" else {}
        return Reply(
            body={"success": True, "error_code": 0, "success_message": "Report task created", "report_task_code": task["code"], **left}
        )

    def search(self, sent):
        def wanted(task):
            when = task["call_time"]
            tests = {
                "task_code": lambda v: task["code"] == v,
                "task_id": lambda v: task["id"] == int(v),
                # "Date filters apply to Task.call_datetime": a task without one is in no span.
                "date_from": lambda v: when is not None and when >= bound(v, False),
                "date_to": lambda v: when is not None and when <= bound(v, True),
                "task_type": lambda v: task["type"] == v,
                "status": lambda v: task["status"] == v,
                "call_type": lambda v: task["call_type"] == v,
                "operator_name": lambda v: v.lower() in (task["operator_name"] or "").lower(),
                "customer_satisfaction_score_min": lambda v: task["csat"] is not None and task["csat"] >= int(v),
                "customer_satisfaction_score_max": lambda v: task["csat"] is not None and task["csat"] <= int(v),
                "length_min": lambda v: task["length"] >= float(v),
                "length_max": lambda v: task["length"] <= float(v),
            }
            return all(test(sent[name]) for name, test in tests.items() if sent.get(name) is not None)

        found = sorted(filter(wanted, self.tasks.values()), key=lambda t: (t["updated_at"], t["id"]), reverse=True)
        page, size = int(sent.get("page") or 1), int(sent.get("per_page") or 10)
        rows = [self.listed(task) for task in found[(page - 1) * size : page * size]]
        paging = {"current_page": page, "per_page": size, "total_tasks": len(found), "total_pages": -(-len(found) // size)}
        return Reply(body={"tasks": rows, "pagination": paging})

    @staticmethod
    def listed(task):
        when = task["call_time"]
        return {
            "id": task["id"],
            "type": task["type"],
            "status": task["status"],
            "file_name": task["file_name"],
            "created_at": task["created_at"].isoformat(),
            "updated_at": task["updated_at"].isoformat(),
            "operator_name": task["operator_name"],
            "call_time": when and when.isoformat(),
            "call_type": task["call_type"],
            "call_date": when and when.date().isoformat(),
            "error_message": None,
            "directory_id": task["directory_id"],
            "task_length": task["length"],
            "task_code": task["code"],
            "report_type": task["report_type"],
            "customer_satisfaction_score": task["csat"],
        }

    def task(self, key):
        if key not in self.tasks:
            raise self.fail(4021, "Task not found")
        return self.tasks[key]

    def get_task(self, request):
        task = self.task(request.query["task_code"])
        if task["status"] == "pending":
            task.update(status="processing", updated_at=moment())
        elif task["status"] == "processing":
            task.update(status="completed", updated_at=moment())
            if task["type"] == "callreport":
                # "In the gettask response obtain the generated file names": file_name is the member that has one.
                task["file_name"] = f"report_{task['id']}.pdf"
        done = task["status"] == "completed" and task["type"] != "callreport"
        shown = {
            k: v
            for k, v in self.listed(task).items()
            if k not in ("operator_name", "call_time", "call_type", "customer_satisfaction_score")
        }
        result = {
            "blog_post": None,
            "image_prompt": None,
            "normalized_text": None,
            "original_text": "Operator: Hello, Blue Harbour Telecom, my name is Olga...",
        }
        return Reply(body={"success": True, "error_code": 0, **shown, "task_result": result if done else None})

    def analysis(self, request):
        task = self.task(request.params["task_code"])
        if task["type"] not in ("call", "chat") or task["status"] != "completed":
            raise self.fail(4057, "Analysis/result data not found")
        when = task["call_time"]
        return Reply(
            body={
                "success": True,
                "error_code": 0,
                "task_code": task["code"],
                "call_datetime": when and when.isoformat(),
                "call_type": task["call_type"],
                **ANALYSIS,
                "customer_satisfaction_score": task["csat"],
            }
        )

    def answers(self, request):
        known = {str(t["id"]) for t in self.tasks.values()}
        if request.params["task_id"] not in known:
            raise self.fail(4021, "Task not found")
        rows = [
            {"checklist_id": 1, "question": self.questions[1]["question"], "answer": "Yes"},
            {"checklist_id": 2, "question": self.questions[2]["question"], "answer": "No"},
        ]
        return Reply(body={"success": True, "error_code": 0, "data": rows})

    # --- files ---

    @staticmethod
    def file(name, kind, content):
        return Reply(raw=content, headers={"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'})

    def report_file(self, request):
        task = self.tasks.get(request.query["task_code"])
        if task is None or task["type"] != "callreport":
            raise self.fail(4041, "Task not found")
        stem = f"report_{task['id']}"
        if request.query["filename"] not in (f"{stem}.pdf", f"{stem}.html") or task["status"] != "completed":
            raise self.fail(4043, "File missing on disk")
        if request.query["filename"].endswith(".pdf"):
            return self.file(f"{stem}.pdf", "application/pdf", b"%PDF-1.4 second reading\n")
        return self.file(f"{stem}.html", "text/html", b"<html>second reading</html>")

    def get_file(self, kind):
        word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

        def run(request):
            asked, task = request.query["file_type"], self.task(request.query["task_code"])
            if task["type"] != kind:
                raise self.fail(
                    4061 if kind == "youtubenew" else 4046 if asked == "audio" else 4056, f"Invalid task type ({kind} expected)"
                )
            if task["status"] != "completed":
                raise self.fail(4062 if kind == "youtubenew" else 4046 if asked == "audio" else 4057, "No data")
            stem = f"{'youtube' if kind == 'youtubenew' else 'call'}_report_task{task['id']}"
            if asked == "audio":
                return self.file(task["file_name"], "audio/wav", sound())
            if asked.startswith("docx"):
                return self.file(f"{stem}.docx", word, docx("second reading"))
            return self.file(f"{stem}.txt", "text/plain; charset=utf-8", b"second reading\n")

        return run
