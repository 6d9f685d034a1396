"""Which purchase order ids are accepted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile_ids import HOSTILE_IDS
from walmart_ca import check_purchase_order_id


@pytest.mark.parametrize(
    "purchase_order_id",
    ["2575193093772", "309112345678901", "3225224", "Y12345678", "a_b-C7", "-0", "0" * 64],
)
def test_a_safe_id_is_returned_unchanged(purchase_order_id: str) -> None:
    assert check_purchase_order_id(purchase_order_id) == purchase_order_id


@pytest.mark.parametrize("purchase_order_id", HOSTILE_IDS.values(), ids=HOSTILE_IDS.keys())
def test_a_hostile_id_is_refused_and_not_shown(purchase_order_id: object) -> None:
    with pytest.raises(ValueError, match=r"^purchaseOrderId must ") as refused:
        check_purchase_order_id(purchase_order_id)

    assert len(str(refused.value)) < 100
    assert ".." not in str(refused.value)


SAFE = re.compile(r"(?=.*[0-9])[A-Za-z0-9_-]{1,64}")


@given(
    st.text() | st.text(alphabet="aZ09_-/%.\r\n\x00 ٣", max_size=70) | st.text(alphabet="aZ_-", min_size=1)
)
def test_an_accepted_id_is_safe_and_unchanged(text: str) -> None:
    try:
        taken = check_purchase_order_id(text)
    except ValueError:
        assert not SAFE.fullmatch(text)
    else:
        assert taken == text
        assert SAFE.fullmatch(taken)
