"""The least that a function can do which acknowledges one order: the same packages, no care, no words.

It imports what AcknowledgeFunction needs from others, reads the secret once, loads the key unchecked, makes
one signature and one call.
"""

import base64
import http.client
import json
import os
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import boto3
import urllib3  # noqa: F401 - AcknowledgeFunction calls by it
from aws_lambda_powertools import Logger  # noqa: F401 - and logs by this
from aws_lambda_powertools.metrics import EphemeralMetrics  # noqa: F401 - and counts by that
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, object]:
    """Acknowledge the order of a batch of one."""
    del context
    order = json.loads(event["Records"][0]["body"])["detail"]["purchaseOrderId"]
    client = boto3.Session().client("secretsmanager")
    secret = json.loads(
        client.get_secret_value(SecretId=os.environ["CREDENTIALS_SECRET_ARN"])["SecretString"]
    )
    key: Any = load_der_private_key(
        base64.b64decode(secret["privateKey"]), None, unsafe_skip_rsa_key_validation=True
    )
    host = os.environ["MARKETPLACE_URL"]
    target = f"/v3/ca/orders/{order}/acknowledge"
    timestamp = str(int(time.time() * 1000))
    signed = f"{secret['consumerId']}\n{host}{target}\nPOST\n{timestamp}\n".encode()
    connection = http.client.HTTPConnection(urlsplit(host).netloc)
    connection.request(
        "POST",
        target,
        b"",
        {
            "WM_CONSUMER.ID": secret["consumerId"],
            "WM_CONSUMER.CHANNEL.TYPE": secret["channelType"],
            "WM_SEC.TIMESTAMP": timestamp,
            "WM_SEC.AUTH_SIGNATURE": base64.b64encode(key.sign(signed, PKCS1v15(), SHA256())).decode(),
            "WM_SVC.NAME": os.environ["MARKETPLACE_SERVICE_NAME"],
            "WM_QOS.CORRELATION_ID": str(uuid.uuid4()),
            "Accept": "application/json",
            "Content-Type": "application/json",
        },
    )
    if json.load(connection.getresponse())["order"]["purchaseOrderId"] != order:
        raise ValueError("another order was acknowledged")
    return {"batchItemFailures": []}
