"""What the Transcripto document says of values: their shapes, and the examples it prints."""

import datetime
import io
import zipfile

from wire import (
    DATE,
    ZONED,
    Upload,
    array,
    boolean,
    decimal,
    digits,
    either,
    filled,
    integer,
    matching,
    nullable,
    number,
    one_of,
    text,
)

TYPES = ("call", "chat", "email", "audio", "youtubenew", "callreport")
STATUSES = ("pending", "processing", "audio_completed", "completed", "completed2", "error")
DIRECTIONS = ("inbound", "outbound")
MODES = ("standard", "analysis")
DAY_OR_MOMENT = matching(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?", "a date or a datetime")
URL = matching(r"https?://.+", "a URL")
CSV = matching(r"-?\d+(,-?\d+)*", "an integer or a list of them")

IDS = ("tone_id", "resolved_status_id", "priority_id", "funnel_stage_id", "risk_signal_id", "sales_signal_id", "operator_politeness")
WHOLE = (
    "task_id",
    "customer_satisfaction_score_min",
    "customer_satisfaction_score_max",
    "operator_politeness_min",
    "operator_politeness_max",
    "checklist_id",
    "page",
    "per_page",
)
PARTS = ("script_alignment_min", "script_alignment_max", "length_min", "length_max")
LISTS = ("tags_any", "tags_all", "answers")
COMMON = {
    "task_code": text,
    "date_from": DAY_OR_MOMENT,
    "date_to": DAY_OR_MOMENT,
    "task_type": one_of(*TYPES),
    "status": one_of(*STATUSES),
    "call_type": one_of(*DIRECTIONS),
    "operator_name": text,
    "message": text,
}
BY_BODY = {
    **{name: nullable(check) for name, check in COMMON.items()},
    **dict.fromkeys(IDS, nullable(either(integer, array(integer)))),
    **dict.fromkeys(WHOLE, nullable(integer)),
    **dict.fromkeys(PARTS, nullable(number)),
    **dict.fromkeys(LISTS, nullable(either(text, array(text)))),
}
BY_QUERY = {
    **COMMON,
    **dict.fromkeys(IDS, CSV),
    **dict.fromkeys(WHOLE, digits),
    **dict.fromkeys(PARTS, decimal),
    **dict.fromkeys(LISTS, text),
}
CALL_FACTS = {
    "operator_name": text,
    "client_id": text,
    "call_type": one_of(*DIRECTIONS),
    "call_date": DATE,
    "call_datetime": ZONED,
    "processing_type": one_of(*MODES),
}
SCRIPT = {"identifier": filled, "title": filled, "description": text, "is_active": boolean, "version": integer, "script_body": filled}
CATEGORY = {"name": filled, "description": text, "parent_id": nullable(integer)}


def upload(value):
    return None if isinstance(value, Upload) and value.content else "is not a file"


def moment(days=0.0):
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(days=days)


def z(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def bound(value, last):
    """The moment a date filter means; a bare day as the end means all of it."""
    if len(value) == 10:
        day = datetime.datetime.fromisoformat(value).replace(tzinfo=datetime.timezone.utc)
        return day + datetime.timedelta(days=1, microseconds=-1) if last else day
    when = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return when if when.tzinfo else when.replace(tzinfo=datetime.timezone.utc)


def docx(line):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        file.writestr("word/document.xml", f"<document>{line}</document>")
    return out.getvalue()


def tariff():
    kinds = {
        "audio_minutes": (10000, 4994),
        "call_minutes": (9655, 9655),
        "text_tokens": (600000, 600000),
        "image_tokens": (10000, 98),
        "report_count": (25, 24),
        "video_minutes": (3000, 2980),
        "chat_count": (500, 500),
    }
    return {
        "id": 4,
        "name": "Enterprise",
        "identifier": "enterprise",
        "days_left": 64,
        "text_tokens": 600000,
        "image_tokens": 98,
        "limits": {name: limit for name, (limit, _) in kinds.items()},
        "remaining_resources": {f"available_{name}": left for name, (_, left) in kinds.items()},
        "usage": {f"used_{name}": limit - left for name, (limit, left) in kinds.items()},
        "transcription_enabled": True,
        "image_generation_enabled": True,
        "calls_enabled": True,
        "start_date": moment(30).strftime("%Y-%m-%dT%H:%M:%S.868326Z"),
        "end_date": moment(-64).strftime("%Y-%m-%dT%H:%M:%S.868326Z"),
        "price": {"currency": "USD", "value": 99.9},
    }


ANALYSIS = {
    "duration_sec": 996,
    "transcript": {"language": "en", "turns": 128},
    "analysis": {
        "summary": "The customer wants to enable eSIM and a static IP; the operator explained the steps.",
        "sentiment": "positive",
        "scores": {"csat": 9, "politeness": 0.95, "empathy": 0.86},
        "actions": ["Send an SMS with eSIM activation instructions", "Provide APN parameters for a stable connection"],
        "tags": ["eSIM", "APN", "Static IP", "Remote access"],
        "analysis_notes": {
            "decision_driver": "eSIM activation + static IP",
            "emotional_dynamics": "calm, grateful",
            "funnel_stage": "qualification",
            "intention": "get stable remote access",
            "key_obstacles": "possible network outages",
            "next_action": "the customer is waiting for SMS confirmation",
            "operator_commitments": "send SMS, provide APN, check outages",
            "product_or_service": "mobile service, eSIM, static IPv4",
            "reason_for_contact": "eSIM activation, issues with VoLTE",
            "risk_signals": "none",
            "root_cause": "technical",
            "sales_signals": "upsell",
        },
    },
    "call_checklists": [
        {
            "checklist_id": 7,
            "title": "Greeting script",
            "score": 0.9,
            "answers": [
                {"question_id": 1, "title": "Operator introduced themselves", "value": True},
                {"question_id": 2, "title": "Verified customer details", "value": True},
            ],
        }
    ],
    "category_ids": [1, 202],
}
