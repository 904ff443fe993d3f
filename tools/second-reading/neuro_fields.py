"""The input and output fields of a Neuro.net agent: "entities" of the kinds `initial` and `output`."""

import uuid

from wire import Reply


class Fields:
    """A part of the vendor; its stores, `agent` and `missing` are those of the whole."""

    def fields(self, kind):
        return self.inputs if kind == "initial" else self.outputs

    def add_field(self, kind, agent, given):
        field = {f"{kind}_entity_uuid": str(uuid.uuid4()), **given, "agent_uuid": agent}
        self.fields(kind)[field[f"{kind}_entity_uuid"]] = field
        return field

    def list_fields(self, kind):
        shown = (f"{kind}_entity_uuid", "name", *(("synthesis",) if kind == "initial" else ()), "agent_uuid")

        def run(request):
            agent = self.agent(request)["agent_uuid"]
            return Reply(body={"data": [{k: f[k] for k in shown} for f in self.fields(kind).values() if f["agent_uuid"] == agent]})

        return run

    def post_field(self, kind):
        def run(request):
            return Reply(201, self.add_field(kind, self.agent(request)["agent_uuid"], request.body))

        return run

    def post_fields(self, kind):
        def run(request):
            agent = self.agent(request)["agent_uuid"]
            there = {f["name"] for f in self.fields(kind).values() if f["agent_uuid"] == agent}
            added = [self.add_field(kind, agent, {**e, "number_cell": 0}) for e in request.body["entities"] if e["name"] not in there]
            return Reply(body={"added_entities": added, "skipped": [e["name"] for e in request.body["entities"] if e["name"] in there]})

        return run

    def field(self, kind, request):
        key = request.body[f"{kind}_entity_uuid"]
        if key not in self.fields(kind):
            raise self.missing("no such entity")
        return self.fields(kind)[key]

    def change_field(self, kind):
        def run(request):
            field = self.field(kind, request)
            field.update(request.body)
            return Reply(body=field)

        return run

    def delete_field(self, kind):
        def run(request):
            del self.fields(kind)[self.field(kind, request)[f"{kind}_entity_uuid"]]
            return Reply(204)

        return run

    def delete_fields(self, kind, member):
        def run(request):
            store, wanted = self.fields(kind), request.body[member]
            skipped = [key for key in wanted if key not in store]
            return Reply(
                body={"deleted_entities": [{"number_cell": 0, **store.pop(key)} for key in wanted if key in store], "skipped": skipped}
            )

        return run
