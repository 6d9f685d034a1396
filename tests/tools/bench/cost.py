"""What a million orders cost by AWS's list prices, from what was measured."""

from dataclasses import dataclass
from typing import Final

from tests.tools.capacity import Output, Prices

MILLION: Final = 1_000_000
MEMORY_OF_ONE_CPU_MB: Final = 1769
"""With so much memory a function has one processor; with less, that share of one (AWS)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One invocation.

    Attributes:
        orders: How many it acknowledges.
        billed_ms: Its billed time.
        memory_mb: The function's `MemorySize`.
        log_bytes: What the function writes, metrics included.
    """

    orders: int
    billed_ms: float
    memory_mb: int
    log_bytes: float


def billed_ms(*, processor_s: float, waiting_s: float, memory_mb: int) -> float:
    """Return what an invocation is billed for that computes and waits, on a share of a processor.

    Args:
        processor_s: Seconds of a whole processor like the one it was measured on.
        waiting_s: Seconds it waits for Walmart, during which it computes nothing.
        memory_mb: The function's `MemorySize`.
    """
    share = min(1.0, memory_mb / MEMORY_OF_ONE_CPU_MB)
    return (processor_s / share + waiting_s) * 1000


def cost(measured: Measured) -> dict[str, float]:
    """Return the dollars of a million orders acknowledged at once, by what is paid for.

    Of a message, sending is paid for each; receiving and deleting for each batch.
    """
    invocations = 1 / measured.orders
    gigabyte_s = measured.billed_ms / 1000 * measured.memory_mb / 1024
    log_gb = (measured.log_bytes + Output().lambdas) / 1e9
    prices = Prices()
    each = {
        "events": prices.events,
        "queue": (1 + 2 * invocations) * prices.sqs_request,
        "requests": invocations * prices.lambda_request,
        "time": invocations * gigabyte_s * prices.lambda_gb_s,
        "logs": invocations * log_gb * prices.logs_gb,
    }
    return {name: dollars * MILLION for name, dollars in each.items()}
