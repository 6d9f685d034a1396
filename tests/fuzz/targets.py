"""The targets by name: each is a Hypothesis property test that needs no fixture."""

import importlib
from collections.abc import Callable
from typing import Any, Final

TARGETS: Final = {
    "order-event": "tests/unit/shared/orders/test_event.py::test_any_value_is_read_or_refused",
    "batch": "tests/unit/acknowledge_orders/test_batch.py::test_any_value_is_a_batch_or_refused_or_none",
    "function": "tests/fuzz/test_function.py::test_any_messages_and_responses_end_in_one_outcome_each",
    "answer": "tests/unit/walmart_ca/test_arbitrary_responses.py"
    "::test_any_document_becomes_a_result_or_a_walmart_error",
    "answer-bytes": "tests/unit/walmart_ca/test_arbitrary_responses.py"
    "::test_any_bytes_become_a_result_or_a_walmart_error",
    "http-bytes": "tests/fuzz/test_wire.py::test_any_bytes_from_a_server_are_an_order_or_an_error",
    "quota-headers": "tests/fuzz/test_parsers.py::test_any_quota_headers_are_used_or_ignored",
    "secret": "tests/unit/shared/walmart/test_secret_text.py"
    "::test_any_secret_is_credentials_or_refused_and_not_shown",
    "private-key": "tests/fuzz/test_parsers.py::test_any_private_key_signs_or_is_refused_and_not_shown",
    "settings": "tests/fuzz/test_parsers.py::test_any_settings_work_or_are_refused",
}
"""pytest's id of each."""


def load(name: str) -> Callable[[bytes], object]:
    """Import a target, and return it as a function of the bytes that its input is drawn from."""
    path, _, test = TARGETS[name].partition("::")
    module: Any = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    function: Callable[[bytes], object] = getattr(module, test).hypothesis.fuzz_one_input
    return function
