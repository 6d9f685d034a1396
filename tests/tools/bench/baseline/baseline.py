"""The least that a function must do to acknowledge one order, without checks and logs.

It imports the same packages as AcknowledgeFunction, reads the secret, loads the key unchecked, and makes one
signature and one call. The baseline of a warm call is `acknowledge` alone.
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
from aws_lambda_powertools import Logger  # noqa: F401 - as above
from aws_lambda_powertools.metrics import EphemeralMetrics  # noqa: F401 - as above
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key


def load(secret: dict[str, str]) -> Any:  # noqa: ANN401 - the kind of key is not checked
    """Load the private key of a seller unchecked."""
    return load_der_private_key(
        base64.b64decode(secret["privateKey"]), None, unsafe_skip_rsa_key_validation=True
    )


def connect(url: str) -> http.client.HTTPConnection:
    """Connect to Walmart."""
    return http.client.HTTPConnection(urlsplit(url).netloc)


def acknowledge(
    connection: http.client.HTTPConnection,
    url: str,
    secret: dict[str, str],
    key: Any,  # noqa: ANN401 - as above
    order: str,
) -> str:
    """Acknowledge an order, and return the order id in the response."""
    target = f"/v3/ca/orders/{order}/acknowledge"
    timestamp = str(int(time.time() * 1000))
    signed = f"{secret['consumerId']}\n{url}{target}\nPOST\n{timestamp}\n".encode()
    headers = {
        "WM_CONSUMER.ID": secret["consumerId"],
        "WM_CONSUMER.CHANNEL.TYPE": secret["channelType"],
        "WM_SEC.TIMESTAMP": timestamp,
        "WM_SEC.AUTH_SIGNATURE": base64.b64encode(key.sign(signed, PKCS1v15(), SHA256())).decode(),
        "WM_SVC.NAME": "Walmart Marketplace",
        "WM_QOS.CORRELATION_ID": str(uuid.uuid4()),
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    connection.request("POST", target, b"", headers)
    acknowledged: str = json.loads(connection.getresponse().read())["order"]["purchaseOrderId"]
    return acknowledged


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, object]:
    """Acknowledge the order of a batch of one."""
    del context
    order = json.loads(event["Records"][0]["body"])["detail"]["purchaseOrderId"]
    secrets = boto3.Session().client("secretsmanager")
    stored = secrets.get_secret_value(SecretId=os.environ["CREDENTIALS_SECRET_ARN"])
    secret = json.loads(stored["SecretString"])
    url = os.environ["MARKETPLACE_URL"]
    if acknowledge(connect(url), url, secret, load(secret), order) != order:
        raise ValueError("another order was acknowledged")
    return {"batchItemFailures": []}
