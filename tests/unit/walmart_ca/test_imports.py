"""What the package gives; what comes along when it is imported is in `tests/unit/test_imports.py`."""

import pytest

import walmart_ca


def test_a_name_that_the_package_does_not_have_is_missing_as_any_other_is() -> None:
    with pytest.raises(AttributeError, match="no attribute 'AsyncKlient'"):
        walmart_ca.AsyncKlient  # type: ignore[attr-defined]  # noqa: B018 - that is the point


def test_the_package_exports_and_lists_what_it_names() -> None:
    assert [name for name in walmart_ca.__all__ if not hasattr(walmart_ca, name)] == []
    assert set(walmart_ca.__all__) <= set(dir(walmart_ca))
