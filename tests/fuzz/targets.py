"""The targets by name: each is a Hypothesis property test that needs no fixture."""

import importlib
from collections.abc import Callable
from typing import Any, Final

TARGETS: Final = {
    "order-event": "tests/unit/shared/test_order_event.py::test_whatever_comes_is_read_or_refused",
    "batch": "tests/unit/acknowledge_orders/test_batch.py::test_whatever_comes_is_a_batch_or_refused_or_none",
    "function": "tests/fuzz/test_function.py"
    "::test_any_messages_and_answers_end_in_one_outcome_each_and_show_no_secret",
    "answer": "tests/unit/walmart_ca/test_arbitrary_responses.py"
    "::test_any_document_becomes_a_result_or_a_walmart_error",
    "answer-bytes": "tests/unit/walmart_ca/test_arbitrary_responses.py"
    "::test_any_bytes_become_a_result_or_a_walmart_error",
    "http-bytes": "tests/fuzz/test_wire.py::test_whatever_bytes_come_back_are_an_order_or_a_walmart_error",
    "quota-headers": "tests/fuzz/test_parsers.py::test_quota_headers_of_any_text_are_usable_or_ignored",
    "secret": "tests/unit/shared/test_secret_text.py"
    "::test_a_text_is_credentials_or_refused_without_being_shown",
    "private-key": "tests/fuzz/test_parsers.py"
    "::test_a_key_of_any_bytes_signs_or_is_refused_without_being_shown",
    "settings": "tests/fuzz/test_parsers.py::test_settings_of_any_text_are_workable_or_refused",
}
"""pytest's id of each."""


def load(name: str) -> Callable[[bytes], object]:
    """Import a target, and return it as a function of the bytes that its input is drawn from."""
    path, _, test = TARGETS[name].partition("::")
    module: Any = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    function: Callable[[bytes], object] = getattr(module, test).hypothesis.fuzz_one_input
    return function
