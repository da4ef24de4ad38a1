"""Drives the public client python-wepay against the address given, and prints what it saw.

One JSON command per line on stdin: create, look, find, refund, cancel, capture, modify, with their arguments. One JSON
object per line on stdout: the answer, or the error as the client raised it.
"""

import json
import sys

from wepay import WePay
from wepay.exceptions import WePayError

address, token, version, library = sys.argv[1:]
if library == "requests":
    # Without it the client would fall back to urllib and still work.
    import requests  # noqa: F401

api = WePay(
    production=False,
    access_token=token,
    api_version=version or None,
    timeout=60,
    silent=False,
    use_requests=library == "requests",
)
api.api_endpoint = address + "/v2"

for line in sys.stdin:
    command = json.loads(line)
    call = api.checkout if command["call"] == "look" else getattr(api.checkout, command["call"])
    try:
        answer = call(*command.get("arguments", []), **command.get("more", {}))
    except WePayError as error:
        answer = {
            "raised": type(error).__name__,
            "error": error.error,
            "error_code": error.error_code,
            "error_description": error.error_description,
        }
    print(json.dumps(answer), flush=True)
