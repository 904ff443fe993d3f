"""Lists calls, reads one, and meets a problem, through a client made from the OpenAPI document."""

import os
from uuid import UUID

from callweave_client import AuthenticatedClient
from callweave_client.api.calls import get_call, list_calls
from callweave_client.api.jobs import get_job
from callweave_client.models import Call, CallList, ListCallsOrder, ProblemDocument

client = AuthenticatedClient(os.environ["CALLWEAVE_URL"], os.environ["CALLWEAVE_KEY"])

page = list_calls.sync(client=client, limit=3, order=ListCallsOrder.DESC)
assert isinstance(page, CallList), page
assert page.data, "no calls"
for call in page.data:
    print(f"  {call.started_at} {call.vendor} {call.direction} score {call.rollup.score_pct}")
again = get_call.sync(page.data[0].id, client=client)
assert isinstance(again, Call) and again.id == page.data[0].id, again
missing = get_job.sync(UUID("0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d"), client=client)
assert isinstance(missing, ProblemDocument), missing
assert missing.code == "gateway.not_found", missing
print(f"  one call read again, one problem understood ({missing.code})")
