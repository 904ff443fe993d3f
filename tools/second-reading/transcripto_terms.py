"""What a user of Transcripto keeps: checklist questions, directories, categories, saved filters, scripts."""

from transcripto_shapes import CATEGORY, SCRIPT, moment, z
from wire import Reply


class Terms:
    """The second half of the vendor; its stores and `fail` are those of the first."""

    def active(self):
        return [q for q in self.questions.values() if q["is_active"]]

    def stored(self, store, request, name, overriding=None, code=None):
        key = str((request.body or {}).get(overriding, request.params[name])) if overriding else request.params[name]
        if not key.isdigit() or int(key) not in store:
            raise self.fail(code or 4059, "not found")
        return store[int(key)]

    def add_question(self, request):
        if any(q["question"] == request.body["question"] for q in self.questions.values()):
            raise self.fail(4054, "Duplicate checklist question")
        made = {"id": self.new_id(), "question": request.body["question"], "is_active": True}
        self.questions[made["id"]] = made
        return Reply(body={"success": True, "error_code": 0, "message": "Checklist question created", "data": made})

    def edit_question(self, request):
        question = self.stored(self.questions, request, "checklist_id", code=4053)
        if question["id"] in self.answered:
            raise self.fail(4055, "Cannot edit: answers already exist")
        question["question"] = request.body["question"]
        return Reply(body={"success": True, "error_code": 0, "message": "Checklist question updated", "data": question})

    def hide_question(self, request):
        question = self.stored(self.questions, request, "checklist_id", code=4053)
        question["is_active"] = False
        return Reply(body={"success": True, "error_code": 0, "message": "Checklist question deleted", "id": question["id"]})

    def add_directory(self, request):
        made = {"id": self.new_id(), "name": request.body["name"]}
        self.directories[made["id"]] = made["name"]
        return Reply(body={"success": True, "error_code": 0, "directory": made})

    def delete_directory(self, request):
        self.stored(self.directories, request, "directory_id", code=4041)
        del self.directories[int(request.params["directory_id"])]
        return Reply(body={"error_code": 0, "message": "Directory deleted successfully"})

    @staticmethod
    def paged(rows, sent, extra=None):
        page, size = sent.get("page", 1), sent.get("per_page", 20)
        return Reply(
            body={
                "success": True,
                "error_code": 0,
                "items": rows[(page - 1) * size : page * size],
                "total": len(rows),
                "page": page,
                "per_page": size,
                **(extra or {}),
            }
        )

    def list_categories(self, request):
        sent, every = request.body, self.categories.values()
        rows = [{**c, "children_count": sum(o["parent_id"] == c["id"] for o in every)} for c in every]
        rows = [c for c in rows if sent.get("q", "").lower() in (c["name"] + (c["description"] or "")).lower()]
        # What parent_id null means is cut off in the document: only a number narrows.
        return self.paged([c for c in rows if sent.get("parent_id") in (None, c["parent_id"])], sent)

    def save_category(self, category, sent):
        category.update({k: v for k, v in sent.items() if k in CATEGORY}, updated_at=moment().isoformat())
        self.categories[category["id"]] = category
        return {key: category[key] for key in ("id", "name", "description", "parent_id", "created_at", "updated_at")}

    def delete_category(self, request):
        found = self.stored(self.categories, request, "id")
        if any(c["parent_id"] == found["id"] for c in self.categories.values()):
            raise self.fail(4045, "Cannot delete a category that has child records")
        del self.categories[found["id"]]
        return Reply(body={"success": True, "error_code": 0, "message": "Deleted successfully"})

    def save_filter(self, request):
        name, criteria = request.body["name"], request.body["criteria"]
        there = next((f for f in self.filters.values() if f["name"] == name), None)
        if there:
            there["criteria"] = criteria
        else:
            key = self.new_id()
            self.filters[key] = {"id": key, "name": name, "criteria": criteria, "created_at": moment().strftime("%Y-%m-%dT%H:%M:%S")}
        return Reply(body={"success": True, "message": "Filter created or updated"})

    def delete_filter(self, request):
        del self.filters[self.stored(self.filters, request, "filter_id", code=4066)["id"]]
        return Reply(body={"success": True, "message": "Filter deleted"})

    def list_scripts(self, request):
        sent = request.body
        rows = [s for s in self.scripts.values() if sent.get("q", "").lower() in (s["identifier"] + s["title"]).lower()]
        return self.paged([s for s in rows if s["is_active"] or not sent.get("only_active")], sent)

    def save_script(self, script, sent):
        script.update({k: v for k, v in sent.items() if k in SCRIPT}, updated_at=z(moment()))
        self.scripts[script["id"]] = script
        return script

    def delete_script(self, request):
        del self.scripts[self.stored(self.scripts, request, "script_id")["id"]]
        return Reply(body={"success": True, "error_code": 0, "message": "Deleted successfully"})
