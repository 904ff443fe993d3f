"""AloVoice as its document describes it: two GET methods with the token and the call's id in the path."""

import io
import time
import wave

from wire import Op, Refusal, Reply, Vendor

TOKEN = "second-reading-token"
KNOWN = ("1760000000.101", "1760000000.102")


def sound(seconds=3):
    """A short silent WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000 * seconds)
    return out.getvalue()


class AloVoice(Vendor):
    name = "alovoice"

    def __init__(self, ledger):
        self.sent = {}
        self.begin = int(time.time()) - 3600
        super().__init__(ledger)
        self.sent[KNOWN[0]] = True

    # The document has no errors at all; a client can only count on a status that is not 200.

    def authorize(self, op, request):
        if request.params.get("token", TOKEN) != TOKEN:
            raise Refusal(Reply(403, {"error": "invalid token"}))

    def invalid(self, _op, why):
        return Reply(400, {"error": why})

    def unknown(self):
        return Reply(404, {"error": "not found"})

    def operations(self):
        return [
            Op("AV-01", "GET", "/callsendai/{token}/{call}", self.send),
            Op("AV-02", "GET", "/callgetairesult/{token}/{call}", self.result),
            # Only printed as the value of `stereoaudio`: a path from the root of the host.
            Op("AV-03", "GET", "/stereo/{call}", lambda _r: Reply(raw=sound(), headers={"Content-Type": "audio/wav"}), open=True),
        ]

    def head(self, call):
        return {"begin_time": self.begin, "aicallid": "664b400ccccc3235a7cd17f" + call[-1]}

    def send(self, request):
        call = request.params["call"]
        if call not in KNOWN:
            raise Refusal(self.unknown())
        self.sent.setdefault(call, False)
        return Reply(body={"answer": {**self.head(call), "stereoaudio": f"/stereo/{call}"}})

    def result(self, request):
        call = request.params["call"]
        if call not in self.sent:
            raise Refusal(self.unknown())
        if not self.sent[call]:
            # Not analysed yet: the only documented shape without an analysis.
            self.sent[call] = True
            return Reply(body={"answer": {**self.head(call), "stereoaudio": f"/stereo/{call}"}})
        return Reply(body={"answer": {**self.head(call), "stalk": STALK, "tags": TAGS, "stereoaudio": f"/stereo/{call}"}})


def turn(begin, end, direction, text, fragment):
    return {"begin": begin, "end": end, "direction": direction, "text": text, "fragment_id": fragment}


def rule(name, value, **where):
    return {"name": name, "value": value, "visible": None, "tag_type": "rule", **where}


FIRST, SECOND, LAST = "664b423209f8892adba7206f", "664b423209f8892adba72070", "664b423209f8892adba7208f"
STALK = [
    turn(1120, 2960, "operator", "assalomu alaykum", FIRST),
    turn(4720, 6280, "client", "assalomu alaykum", SECOND),
    turn(233800, 235880, "operator", "salomat bo'ling", LAST),
]
TAGS = [
    rule("Нет представления компании", ""),
    rule("Нет дополнительной информации", ""),
    rule("Приветсвие", "Приветствие", begin=1120, end=2960, match_text="assalomu alaykum", fragment_id=FIRST),
    rule("Прощание", "Прощание", begin=233800, end=235880, match_text="salomat bo'ling", fragment_id=LAST),
    rule("Прощание", "Прощание", begin=233800, end=235880, match_text="salomat", fragment_id=LAST),
]
