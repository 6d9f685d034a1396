"""The longest scenario, in its own file, so that another worker runs the others at the same time."""

from pathlib import Path

from tests.local.demo.process import TIMEOUT_S, demo


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
