"""A function prints no credential at any log level."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from tests.runtime.harness import RuntimeHarness
from tests.support.batches import order_event

ORDER = "7400000000001"
PIECE = 40
"""The length of the parts that are searched for, so that a cut or wrapped credential is found."""


def pieces(credential: str) -> list[str]:
    return [credential[start : start + PIECE] for start in range(0, len(credential) - PIECE + 1, PIECE)]


@pytest.mark.parametrize(
    ("name", "auth", "level"),
    [
        ("AcknowledgeFunction", "signature", "DEBUG"),
        ("AcknowledgeFunction", "token", "TRACE"),
        ("SweepFunction", "signature", "TRACE"),
        ("SweepFunction", "token", "DEBUG"),
    ],
)
def test_no_log_level_prints_a_credential(
    harness: RuntimeHarness, name: str, auth: Literal["signature", "token"], level: str
) -> None:
    harness.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - timedelta(hours=1))
    seller = harness.seller
    harness.store_secret(seller.secret() if auth == "signature" else seller.token_secret())
    session = harness.aws.client("sts").get_session_token()["Credentials"]
    variables = {
        "AWS_LAMBDA_LOG_LEVEL": level,
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }
    function = harness.function(name, EventBusName=harness.bus())

    with harness.environment(function, variables) as environment:
        answer = environment.invoke(order_event(ORDER))
        *_, process = environment.processes()
        seen_by_it = Path(f"/proc/{process}/environ").read_text().split("\0")
        printed = environment.everything_printed()

    assert f"AWS_LAMBDA_LOG_LEVEL={level}" in seen_by_it
    assert answer["outcome"] in {"acknowledged", "completed"}
    sent = {
        value
        for call in harness.marketplace.calls
        for header, value in call.headers.items()
        if header.upper() in {"WM_SEC.AUTH_SIGNATURE", "WM_SEC.ACCESS_TOKEN", "AUTHORIZATION"}
    }
    assert sent
    credentials = {
        seller.private_key,
        seller.client_secret,
        session["SecretAccessKey"],
        session["SessionToken"],
        *sent,
    }
    assert not [
        credential[:PIECE] for credential in credentials for piece in pieces(credential) if piece in printed
    ]
    assert json.dumps(answer["outcome"]) in printed
