"""What orders cost, from what was measured."""

import pytest

from tests.tools.bench.cost import MEMORY_OF_ONE_CPU_MB, Measured, billed_ms, cost


def test_with_half_a_processor_the_same_work_takes_twice_as_long_and_waiting_does_not() -> None:
    whole = billed_ms(processor_s=0.1, waiting_s=0.4, memory_mb=MEMORY_OF_ONE_CPU_MB)
    half = billed_ms(processor_s=0.1, waiting_s=0.4, memory_mb=MEMORY_OF_ONE_CPU_MB // 2)

    assert whole == pytest.approx(500)
    assert half == pytest.approx(600, rel=0.01)


def test_more_than_a_whole_processor_is_no_faster() -> None:
    assert billed_ms(processor_s=0.1, waiting_s=0, memory_mb=10_240) == pytest.approx(100)


def test_a_million_orders_cost_what_each_uses() -> None:
    alone = Measured(orders=1, billed_ms=1000, memory_mb=1024, log_bytes=400)

    assert cost(alone) == pytest.approx(
        {"events": 1.00, "queue": 1.20, "requests": 0.20, "time": 13.3334, "logs": 0.55}
    )


def test_orders_of_one_batch_share_its_invocation() -> None:
    together = Measured(orders=10, billed_ms=1000, memory_mb=1024, log_bytes=9_400)

    assert cost(together) == pytest.approx(
        {"events": 1.00, "queue": 0.48, "requests": 0.02, "time": 1.33334, "logs": 0.55}
    )
