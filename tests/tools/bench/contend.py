"""Run one contender in a process of its own: `python -m tests.tools.bench.contend NAME`.

Each line of the input is JSON, the orders to acknowledge. Each is answered with a line of what it took. With
`--once ORDER` it acknowledges one order and says so, and nothing else is loaded for it.
"""

import importlib
import os
import sys
import time

URL, SECRET = "BENCH_URL", "BENCH_SECRET"
"""The environment variables that tell where the marketplace is, and who sells there."""


def main() -> None:
    """Be the contender that the command line names."""
    name, *once = sys.argv[1:]
    contender = importlib.import_module(f"tests.tools.bench.contenders.{name}").Contender(
        os.environ[URL], os.environ[SECRET]
    )
    if once:
        _, purchase_order_id = once
        assert contender.acknowledge([purchase_order_id]) == [purchase_order_id]
        sys.stdout.write("acknowledged\n")
        sys.stdout.flush()
        sys.stdin.read()  # how much memory it had is seen while it lives
        return
    import json  # noqa: PLC0415 - not for one call

    # What a contender itself prints, such as the function's log, goes where standard error goes.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        orders = json.loads(line)
        before, processor_before = time.perf_counter(), time.process_time()
        said = contender.acknowledge(orders)
        took = {"wall_s": time.perf_counter() - before, "processor_s": time.process_time() - processor_before}
        assert said == orders, said
        answers.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()
