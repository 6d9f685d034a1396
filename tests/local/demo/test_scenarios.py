"""Every order of a scenario ends as declared, and the demo prints how."""

import re
from pathlib import Path

import pytest

from tests.local.demo.process import TIMEOUT_S, demo, left_behind


@pytest.mark.parametrize(("scenario", "auth"), [("calm", "signature"), ("storm", "token")])
def test_every_order_ends_as_declared_and_no_process_is_left(
    tmp_path: Path, scenario: str, auth: str
) -> None:
    with demo(tmp_path, "--orders", "12", "--scenario", scenario, "--auth", auth) as process:
        output, _ = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 0, output
    assert "Every order ended as declared" in output
    assert "24 of 24 orders ended" in output
    assert re.search(r"^Outcomes: \d+ acknowledged", output, re.MULTILINE), output
    assert left_behind(tmp_path) == []


def test_orders_are_retried_after_the_withdrawal_until_a_token_is_used(tmp_path: Path) -> None:
    with demo(tmp_path, "--orders", "12", "--scenario", "withdrawal") as process:
        output, _ = process.communicate(timeout=TIMEOUT_S)

    printed = output.splitlines()
    expected = [
        "Walmart withdraws /v3/ca",
        "The alarm Misconfigured goes off",
        "Self-check: failed",
        "a client id and a client secret",
    ]
    assert process.returncode == 0, output
    at = [next(number for number, line in enumerate(printed) if text in line) for text in expected]
    assert at == sorted(at)
    assert any("misconfigured, retry" in line for line in printed[at[0] :])
    assert '"clientId"' in output
    assert "Every order ended as declared" in output
