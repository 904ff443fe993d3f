"""The four mock vendors together, each on a loopback port of its own. Run alone it serves them until Ctrl-C."""

import signal
import sys

from alovoice import AloVoice
from callgear import CallGear
from neuro import Neuro
from transcripto import Transcripto
from wire import Ledger, start

SERVED_AT = {"callgear": "/api/v1.0", "alovoice": "", "neuro": "", "transcripto": ""}


class Mock:
    def __init__(self):
        self.ledger = Ledger()
        self.vendors = {one.name: one(self.ledger) for one in (CallGear, AloVoice, Neuro, Transcripto)}
        self.servers = {name: start(vendor) for name, vendor in self.vendors.items()}

    def base_url(self, name):
        return f"http://127.0.0.1:{self.servers[name].server_address[1]}{SERVED_AT[name]}"

    def documented(self):
        """The ids of the documented operations; AV-03 is only the value of a member, and stands beside them."""
        return [op.id for vendor in self.vendors.values() for op in sorted(vendor.ops, key=lambda op: op.id) if op.id != "AV-03"]


if __name__ == "__main__":
    mock = Mock()
    for name in mock.vendors:
        print(f"{name:12} {mock.base_url(name)}", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    for op, times in sorted(mock.ledger.hits.items()):
        print(f"{op} {times}")
    for complaint in mock.ledger.complaints:
        print(complaint)
    sys.exit(bool(mock.ledger.complaints))
