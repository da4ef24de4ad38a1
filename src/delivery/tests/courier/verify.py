"""Asks the public Standard Webhooks library whether it believes what was delivered.

One JSON object per line on stdin: secret, headers, body (base64). One line per object on stdout: `yes`, or `no` and why.
"""

import base64
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

for line in sys.stdin:
    case = json.loads(line)
    body = base64.b64decode(case["body"])
    try:
        document = Webhook(case["secret"]).verify(body, case["headers"])
    except WebhookVerificationError as error:
        print(f"no: {error}")
    else:
        print("yes" if document == json.loads(body) else "no: another document")
