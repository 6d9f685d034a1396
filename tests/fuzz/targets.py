"""The targets by name: each is a Hypothesis property test without fixtures.

pytest runs it with random input, and atheris with input that reaches new branches:
`python -m tests.fuzz.targets TARGET [libFuzzer's options, files and folders]`.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any, Final

_RESPONSES: Final = "tests/unit/walmart_ca/test_arbitrary_responses.py"
_SECRET: Final = "tests/unit/shared/walmart/test_secret_text.py"
_PARSERS: Final = "tests/fuzz/test_parsers.py"
TARGETS: Final = {
    "order-event": "tests/unit/shared/orders/test_event.py::test_any_value_is_read_or_refused",
    "batch": "tests/unit/acknowledge_orders/test_batch.py::test_any_value_is_a_batch_or_refused_or_none",
    "function": "tests/fuzz/test_function.py::test_any_messages_and_responses_end_in_one_outcome_each",
    "answer": f"{_RESPONSES}::test_any_document_becomes_a_result_or_a_walmart_error",
    "answer-bytes": f"{_RESPONSES}::test_any_bytes_become_a_result_or_a_walmart_error",
    "http-bytes": f"{_PARSERS}::test_any_bytes_from_a_server_are_an_order_or_an_error",
    "quota-headers": f"{_PARSERS}::test_any_quota_headers_are_used_or_ignored",
    "secret": f"{_SECRET}::test_any_secret_is_credentials_or_refused_and_not_shown",
    "private-key": f"{_PARSERS}::test_any_private_key_signs_or_is_refused_and_not_shown",
    "settings": f"{_PARSERS}::test_any_settings_work_or_are_refused",
}
"""pytest's id of each."""


def load(name: str) -> Callable[[bytes], object]:
    """Import a target, and return it as a function of the bytes that its input is drawn from."""
    path, _, test = TARGETS[name].partition("::")
    module: Any = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    function: Callable[[bytes], object] = getattr(module, test).hypothesis.fuzz_one_input
    return function


if __name__ == "__main__":
    import atheris  # type: ignore[import-untyped]  # only in .venv/fuzz, and not on every machine

    _program, chosen, *options = sys.argv
    ours = ["walmart_ca", "shared", "acknowledge_orders", "sweep_orders"]
    with atheris.instrument_imports(include=[*ours, "urllib3"]):
        target = load(chosen)

    def run(data: bytes) -> None:
        target(data)

    atheris.Setup([_program, *options], run)
    atheris.Fuzz()
