"""Neuro.net External API as its document describes it; 409 carries a `message`, as the documented 404 does."""

import base64
import datetime
import re
import uuid

from alovoice import sound
from neuro_fields import Fields
from wire import (
    CLOCK,
    UUID,
    Op,
    Refusal,
    Reply,
    Vendor,
    array,
    boolean,
    digits,
    either,
    filled,
    integer,
    matching,
    one_of,
    record,
    text,
    truth,
)

LOGIN, PASSWORD = "api-user", "second-reading-password"
COMPANY = "64274e19-256f-43cd-866d-bf6baa481d50"
AGENT, OTHER = "64274e19-256f-43cd-866d-bf6baa481d57", "b99a7f38-82d4-42d7-8672-93ad4b47f6e6"
CREDENTIAL = "dd582923-b56d-4847-aed2-174f16b5dc3c"
MOMENT = matching(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?", "a time in one of the four documented formats")
PHONE = matching(r"\+?\d{5,15}", "a phone number")
GENERAL = {
    # The table says hh:mm, the answer to the change says integer.
    "delay": either(CLOCK, integer),
    "recall_count": integer,
    "flag": text,
    "company_uuid": UUID,
    "routing_channel_limit": integer,
    "total_channel_limit": integer,
    "language": text,
    "asr": text,
    "tts": text,
}
SLOT = {"time_slot_uuid": UUID, "day": integer, "not_before": CLOCK, "not_after": CLOCK}
KEY = {"uuid": UUID, "name": text, "platform": text, "agent_uuid": UUID, "key_type": text, "value": text}
OWN_NAMES = ("msisdn", "phone", "script", "script_name", "script_entry_point")


def moment(value):
    return datetime.datetime.fromisoformat(value)


class Neuro(Fields, Vendor):
    name = "neuro"
    prefix = "/api/v2/ext"

    def __init__(self, ledger):
        self.access, self.refresh = set(), set()
        self.agents = {AGENT: self.settings(AGENT, "Appointments"), OTHER: self.settings(OTHER, "Surveys")}
        self.keys = {
            CREDENTIAL: {
                "uuid": CREDENTIAL,
                "name": "recognition",
                "platform": "google",
                "agent_uuid": AGENT,
                "key_type": "asr",
                "value": "sealed-value",
            }
        }
        self.slots = {}
        self.inputs, self.outputs = {}, {}
        for name in ("msisdn", "script_name", "name", "city"):
            self.add_field("initial", AGENT, {"name": name, "synthesis": name == "name"})
        for name in ("agreed", "comment"):
            self.add_field("output", AGENT, {"name": name, "entity_type": "string", "number_cell": 3})
        self.dialogs, self.tasks, self.selections = {}, {}, {}
        made = self.new_dialog(AGENT, {"msisdn": "+79990000101"}, None)
        self.made = made["dialog_uuid"]
        self.make_calls()
        super().__init__(ledger)

    @staticmethod
    def settings(agent, name):
        return {
            "agent_uuid": agent,
            "name": name,
            "description": "Calls people back",
            "delay": "00:15",
            "recall_count": 3,
            "trunk_name": "trunk-1",
            "flag": "female",
            "record_path": "/records",
            "routing_channel_limit": 2,
            "total_channel_limit": 10,
            "pool_name": "pool-1",
            "language": "ru-RU",
            "asr": "google",
            "tts": "jane@yandex",
            "speed": None,
            "pitch": None,
            "emotion": None,
            "record_storage_time": "30",
            "timezone": "Europe/Moscow",
        }

    # --- what happens at the vendor by itself ---

    def new_dialog(self, agent, given, bulk):
        dialog = {
            "agent": agent,
            "dialog_uuid": str(uuid.uuid4()),
            "bulk": bulk,
            "msisdn": given.get("msisdn", given.get("phone")),
            "state": "queued",
            "call_uuid": None,
            "comment": "call back on Monday",
            "added": datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0),
            "date": None,
        }
        self.dialogs[dialog["dialog_uuid"]] = dialog
        return dialog

    def make_calls(self):
        """The queued dialogs are called and done."""
        for dialog in self.dialogs.values():
            if dialog["state"] == "queued":
                dialog.update(state="done", call_uuid=str(uuid.uuid4()), date=dialog["added"])

    def expire_sessions(self):
        """As if every token's 3600 seconds had run out; the refresh tokens go on."""
        with self.lock:
            self.access.clear()

    # --- authentication and errors ---

    def authorize(self, _op, request):
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.access:
            raise Refusal(Reply(401, {"message": "Невалидный authToken."}))

    def invalid(self, op, why):
        return Reply(500 if op.id == "NN-29" else 409, {"message": why})

    def lets_pass(self, request):
        # "BODY: none" of the queue's commands. The vendor's public tests send an empty object, which says no more.
        return "an empty object comes where the document has no body" if request.raw == b"{}" else None

    def unknown(self):
        return Reply(404, {"message": "Not found"})

    def missing(self, why):
        return Refusal(Reply(409, {"message": why}))

    def tokens(self):
        token, refresh = uuid.uuid4().hex, uuid.uuid4().hex
        self.access.add(token)
        self.refresh.add(refresh)
        return Reply(body={"token": token, "refresh_token": refresh})

    def login(self, request):
        expected = "Basic " + base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return Reply(422, {"message": "Неверный логин или пароль."})
        return self.tokens()

    def renew(self, request):
        if request.body["refresh_token"] not in self.refresh:
            raise Refusal(Reply(401, {"message": "Невалидный refresh_token."}))
        self.refresh.discard(request.body["refresh_token"])
        return self.tokens()

    # --- operations ---

    def operations(self):
        agent = {"agent_uuid": UUID}
        start = {**agent, "bulk_uuid": UUID, "with_selection": truth, "selection_name": filled}
        queue = {**agent, "limit": digits, "offset": digits, "bulk_uuid": UUID}
        dialog = record(
            {"msisdn": PHONE, "phone": PHONE, "script": text, "script_name": text, "script_entry_point": text},
            others=either(text, integer, boolean),
        )
        report = record(
            {"agent_uuid": UUID, "start": MOMENT, "end": MOMENT, "limit": integer, "offset": integer}, ("agent_uuid", "start", "end")
        )
        initial, output = {"name": filled, "synthesis": boolean}, {"name": filled, "entity_type": text, "number_cell": integer}
        no_cell = {"name": filled, "entity_type": text}
        need = ("agent_uuid",)
        return [
            Op("NN-01", "POST", "/auth", self.login, open=True),
            Op("NN-02", "POST", "/auth/refresh", self.renew, body=record({"refresh_token": text}, ("refresh_token",)), open=True),
            Op("NN-03", "POST", "/dialog/dialog-initial", self.upload, query=start, needs=need, body=dialog),
            Op("NN-04", "POST", "/dialog/dialogs-group-initial", self.upload_many, query=start, needs=need, body=array(dialog)),
            Op(
                "NN-05",
                "GET",
                "/dialog/dialogs-group-initial-status",
                lambda r: Reply(body={"state": self.task(r)["state"], "info": "2 dialogs"}),
                query={"task_uuid": UUID},
                needs=("task_uuid",),
            ),
            Op(
                "NN-06",
                "GET",
                "/dialog/dialogs-group-initial-result",
                lambda r: Reply(body=self.task(r)["rows"]),
                query={"task_uuid": UUID},
                needs=("task_uuid",),
            ),
            Op("NN-07", "GET", "/company-agents", self.company_agents, query={"company_uuid": UUID}, needs=("company_uuid",)),
            Op("NN-08", "GET", "/agent-settings/general", lambda r: Reply(body=self.agent(r)), query=agent, needs=need),
            Op("NN-09", "PUT", "/agent-settings/general", self.change_agent, query=agent, needs=need, body=record(GENERAL)),
            Op("NN-10", "GET", "/agent-settings/credentials", self.list_keys, query={**agent, "key_type": text}, needs=need),
            Op("NN-11", "PUT", "/agent-settings/credentials/{credential}", self.change_key, body=record(KEY)),
            Op(
                "NN-12",
                "GET",
                "/agent-settings/time-slot",
                lambda r: Reply(body=[s for s, a in self.slots.values() if a == self.agent(r)["agent_uuid"]]),
                query=agent,
                needs=need,
            ),
            Op(
                "NN-13",
                "POST",
                "/agent-settings/time-slot",
                self.add_slot,
                query=agent,
                needs=need,
                body=record(SLOT, ("day", "not_before", "not_after")),
            ),
            Op("NN-14", "PUT", "/agent-settings/time-slot", self.change_slot, body=record(SLOT, ("time_slot_uuid",))),
            Op(
                "NN-15", "DELETE", "/agent-settings/time-slot", self.delete_slot, body=record({"time_slot_uuid": UUID}, ("time_slot_uuid",))
            ),
            Op("NN-16", "GET", "/initial-entity", self.list_fields("initial"), query=agent, needs=need),
            Op(
                "NN-17",
                "POST",
                "/initial-entity",
                self.post_field("initial"),
                query=agent,
                needs=need,
                body=record(initial, ("name", "synthesis")),
            ),
            Op(
                "NN-18",
                "POST",
                "/initial-entity/bulk",
                self.post_fields("initial"),
                query=agent,
                needs=need,
                body=record({"entities": array(record(initial, ("name", "synthesis")))}, ("entities",)),
            ),
            Op(
                "NN-19",
                "PUT",
                "/initial-entity",
                self.change_field("initial"),
                body=record({"initial_entity_uuid": UUID, **initial}, ("initial_entity_uuid",)),
            ),
            Op(
                "NN-20",
                "DELETE",
                "/initial-entity",
                self.delete_field("initial"),
                body=record({"initial_entity_uuid": UUID}, ("initial_entity_uuid",)),
            ),
            Op(
                "NN-21",
                "POST",
                "/initial-entity/bulk-delete",
                self.delete_fields("initial", "initial_entities_uuid"),
                body=record({"initial_entities_uuid": array(UUID)}, ("initial_entities_uuid",)),
            ),
            Op("NN-22", "GET", "/output-entity", self.list_fields("output"), query=agent, needs=need),
            Op("NN-23", "POST", "/output-entity", self.post_field("output"), query=agent, needs=need, body=record(output, ("name",))),
            Op(
                "NN-24",
                "POST",
                "/output-entity/bulk",
                self.post_fields("output"),
                query=agent,
                needs=need,
                when=lambda r: "entities" in (r.body or {}),
                body=record({"entities": array(record(no_cell, ("name",)))}, ("entities",)),
            ),
            Op(
                "NN-25",
                "PUT",
                "/output-entity",
                self.change_field("output"),
                body=record({"output_entity_uuid": UUID, **no_cell}, ("output_entity_uuid",)),
            ),
            Op(
                "NN-26",
                "DELETE",
                "/output-entity",
                self.delete_field("output"),
                body=record({"output_entity_uuid": UUID}, ("output_entity_uuid",)),
            ),
            Op(
                "NN-27",
                "POST",
                "/output-entity/bulk",
                self.delete_fields("output", "output_entities_uuid"),
                query=agent,
                needs=need,
                when=lambda r: "output_entities_uuid" in (r.body or {}),
                body=record({"output_entities_uuid": array(UUID)}, ("output_entities_uuid",)),
            ),
            Op("NN-28", "GET", "/statistic/dialog", self.dialog_statistic, query={"dialog_uuid": UUID}, needs=("dialog_uuid",)),
            Op("NN-29", "POST", "/statistic/dialog-report", self.report, body=report),
            Op("NN-30", "GET", "/statistic/dialog-group", self.group_statistic, query={"bulk_uuid": UUID}, needs=("bulk_uuid",)),
            Op("NN-31", "GET", "/statistic/download/call", self.recording, query={"call_uuid": UUID}, needs=("call_uuid",)),
            Op("NN-32", "GET", "/statistic/{call_uuid}/transcription", self.transcription, query={"type": one_of("json", "text")}),
            Op("NN-33", "GET", "/queue/dialog", self.queue("dialog"), query=queue, needs=need),
            Op("NN-34", "GET", "/queue/call", self.queue("call"), query=queue, needs=need),
            Op("NN-35", "POST", "/queue/stop", self.move("queued", "stopped"), query=agent, needs=need),
            Op("NN-36", "POST", "/queue/return", self.move("stopped", "queued"), query=agent, needs=need),
            Op(
                "NN-38",
                "POST",
                "/queue/remove",
                self.remove_one,
                query={**agent, "dialog_uuid": UUID},
                needs=need,
                when=lambda r: "dialog_uuid" in r.query,
            ),
            Op("NN-37", "POST", "/queue/remove", self.remove_all, query=agent, needs=need),
            Op("NN-39", "GET", "/selection", self.list_selections, query={**agent, "is_completed": truth}, needs=need),
        ]

    def demand(self, op, request):
        if op.id in ("NN-33", "NN-34") and {"limit", "offset"} <= set(request.query):
            limit, offset = int(request.query["limit"]), int(request.query["offset"])
            if limit < 1 or offset % limit:
                return f"the offset {offset} is no multiple of the limit {limit}"
        if op.id in ("NN-03", "NN-04"):
            known = {f["name"] for f in self.inputs.values() if f["agent_uuid"] == request.query["agent_uuid"]}
            for dialog in request.body if isinstance(request.body, list) else [request.body]:
                if not {"msisdn", "phone"} & set(dialog):
                    return "a dialog has neither msisdn nor phone"
                if strange := set(dialog) - known - set(OWN_NAMES):
                    return f"the agent has no initial entity {', '.join(sorted(strange))}"
        return None

    def agent(self, request):
        key = request.query["agent_uuid"]
        if key not in self.agents:
            raise Refusal(Reply(403, {"message": "Нет доступа."}))
        return self.agents[key]

    def task(self, request):
        if request.query["task_uuid"] not in self.tasks:
            raise self.missing("no such task")
        return self.tasks[request.query["task_uuid"]]

    def select(self, request, count):
        if request.query.get("with_selection") == "true":
            key = str(uuid.uuid4())
            started = datetime.datetime.now(datetime.timezone.utc).strftime("%d-%m-%Y %H:%M:%S")
            self.selections[key] = (
                request.query["agent_uuid"],
                {
                    "uuid": key,
                    "name": request.query.get("selection_name", "API"),
                    "started_on": started,
                    "is_completed": False,
                    "dialogs_count": count,
                },
            )

    def upload(self, request):
        self.agent(request)
        dialog = self.new_dialog(request.query["agent_uuid"], request.body, request.query.get("bulk_uuid"))
        self.select(request, 1)
        # The document prints the bare word dialog_uuid and says that JSON is answered.
        return Reply(body={"dialog_uuid": dialog["dialog_uuid"]})

    def upload_many(self, request):
        self.agent(request)
        bulk, task = request.query.get("bulk_uuid", str(uuid.uuid4())), str(uuid.uuid4())
        rows = []
        for given in request.body:
            dialog = self.new_dialog(request.query["agent_uuid"], given, bulk)
            rows.append({"status": True, "msisdn": dialog["msisdn"], "message": "loaded", "dialog_uuid": dialog["dialog_uuid"]})
        self.tasks[task] = {"state": "SUCCESS", "rows": rows}
        self.select(request, len(rows))
        return Reply(body={"bulk_uuid": bulk, "task_uuid": task})

    def company_agents(self, request):
        if request.query["company_uuid"] != COMPANY:
            raise Refusal(Reply(403, {"message": "Нет доступа."}))
        return Reply(body=[{"agent_uuid": a["agent_uuid"], "name": a["name"]} for a in self.agents.values()])

    def change_agent(self, request):
        agent = self.agent(request)
        agent.update({k: v for k, v in request.body.items() if k != "company_uuid"})
        hours, minutes = re.match(r"(\d+):(\d+)", str(agent["delay"]) if ":" in str(agent["delay"]) else f"0:{agent['delay']}").groups()
        shown = {key: agent.get(key) for key in GENERAL}
        return Reply(body={**shown, "delay": int(hours) * 60 + int(minutes), "company_uuid": request.body.get("company_uuid", COMPANY)})

    def list_keys(self, request):
        agent, kind = self.agent(request)["agent_uuid"], request.query.get("key_type")
        return Reply(body={"data": [k for k in self.keys.values() if k["agent_uuid"] == agent and kind in (None, k["key_type"])]})

    def change_key(self, request):
        if request.params["credential"] not in self.keys:
            raise self.missing("no such key")
        self.keys[request.params["credential"]].update(request.body)
        return Reply(body=self.keys[request.params["credential"]])

    def add_slot(self, request):
        slot = {"time_slot_uuid": str(uuid.uuid4()), **request.body}
        self.slots[slot["time_slot_uuid"]] = (slot, self.agent(request)["agent_uuid"])
        return Reply(201, slot)

    def slot(self, request):
        if request.body["time_slot_uuid"] not in self.slots:
            raise self.missing("no such rule")
        return self.slots[request.body["time_slot_uuid"]][0]

    def change_slot(self, request):
        slot = self.slot(request)
        slot.update(request.body)
        return Reply(201, slot)

    def delete_slot(self, request):
        del self.slots[self.slot(request)["time_slot_uuid"]]
        return Reply(204)

    # --- statistics ---

    def row(self, dialog, phone="msisnd"):
        date = dialog["date"].strftime("%Y-%m-%d %H:%M:%S")
        return {
            phone: dialog["msisdn"],
            "dialog_uuid": dialog["dialog_uuid"],
            "date": date,
            "agreed": "yes",
            "comment": dialog["comment"],
        }

    def statistic(self, dialogs):
        if not dialogs:
            raise Refusal(Reply(404, {"message": "No data for dialog report"}))
        # As printed: the first row says msisnd, the others msisdn.
        return Reply(body=[self.row(dialog, "msisdn" if index else "msisnd") for index, dialog in enumerate(dialogs)])

    def dialog_statistic(self, request):
        return self.statistic([d for d in self.dialogs.values() if d["dialog_uuid"] == request.query["dialog_uuid"] and d["date"]])

    def group_statistic(self, request):
        return self.statistic([d for d in self.dialogs.values() if d["bulk"] == request.query["bulk_uuid"] and d["date"]])

    def report(self, request):
        body = request.body
        if body["agent_uuid"] not in self.agents:
            raise Refusal(Reply(403, {"message": "Нет доступа."}))
        start, end = moment(body["start"]), moment(body["end"])
        rows = [
            {"agreed": "yes", "comment": d["comment"], "call_uuid": d["call_uuid"], "dialog_uuid": d["dialog_uuid"]}
            for d in self.dialogs.values()
            if d["date"] and d["agent"] == body["agent_uuid"] and start <= d["date"] <= end
        ]
        offset = body.get("offset", 0)
        return Reply(body={"result": rows[offset : offset + body.get("limit", 100)], "total": len(rows)})

    def call(self, key):
        return next((d for d in self.dialogs.values() if d["call_uuid"] == key), None)

    def recording(self, request):
        key = request.query["call_uuid"]
        if self.call(key) is None:
            raise Refusal(Reply(404, {"message": f"Cannot find dialog for call_uuid {key}"}))
        return Reply(body={"file_name": f"{key}.wav", "data": base64.b64encode(sound()).decode()})

    def transcription(self, request):
        dialog = self.call(request.params["call_uuid"])
        if dialog is None:
            raise Refusal(Reply(404, {"data": []}))
        if request.query.get("type") == "text":
            return Reply(
                raw="hello: Good morning\n".encode(),
                headers={"Content-Type": "text/plain; charset=utf-8", "Content-Disposition": 'attachment; filename="transcription.txt"'},
            )
        common = {
            "agent_uuid": dialog["agent"],
            "call_uuid": dialog["call_uuid"],
            "date": dialog["date"].strftime("%Y-%m-%d %H:%M:%S"),
            "dialog_uuid": dialog["dialog_uuid"],
        }
        return Reply(
            body={
                "data": [
                    {"action_alias": "hello", "data": None, **common},
                    {"action_alias": "recognition", "data": {"text": "yes, on Monday"}, **common},
                ]
            }
        )

    # --- queue and selections ---

    def queue(self, kind):
        def run(request):
            agent = self.agent(request)["agent_uuid"]
            rows = []
            for dialog in self.dialogs.values():
                if (
                    dialog["agent"] == agent
                    and dialog["state"] in ("queued", "stopped")
                    and request.query.get("bulk_uuid") in (None, dialog["bulk"])
                ):
                    row = {"msisdn": dialog["msisdn"], "uuid": dialog["dialog_uuid"], "result": dialog["state"]}
                    rows.append(row if kind == "dialog" else {**row, "date_added": dialog["added"].strftime("%Y-%m-%d %H:%M:%S")})
            offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 100))
            return Reply(body=rows[offset : offset + limit])

        return run

    def move(self, before, after):
        def run(request):
            agent = self.agent(request)["agent_uuid"]
            for dialog in self.dialogs.values():
                if dialog["agent"] == agent and dialog["state"] == before:
                    dialog["state"] = after
            return Reply(body=None)

        return run

    def remove_one(self, request):
        self.agent(request)
        dialog = self.dialogs.get(request.query["dialog_uuid"])
        if dialog and dialog["state"] in ("queued", "stopped"):
            dialog["state"] = "removed"
        return Reply(body=None)

    def remove_all(self, request):
        agent = self.agent(request)["agent_uuid"]
        for dialog in self.dialogs.values():
            if dialog["agent"] == agent and dialog["state"] in ("queued", "stopped"):
                dialog["state"] = "removed"
        return Reply(body=None)

    def list_selections(self, request):
        agent, wanted = self.agent(request)["agent_uuid"], request.query.get("is_completed")
        return Reply(body=[s for a, s in self.selections.values() if a == agent and wanted in (None, str(s["is_completed"]).lower())])
