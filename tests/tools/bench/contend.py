"""Run one contender in a process of its own: `python -m tests.tools.bench.contend NAME`.

Each input line is a JSON list of orders to acknowledge; the output line says how long that took. With `--once
ORDER`, it acknowledges one order and loads nothing else.
"""

import importlib
import os
import sys
import time

URL, SECRET = "BENCH_URL", "BENCH_SECRET"
"""The environment variables with the URL of the marketplace and the secret of the seller."""


def main() -> None:
    name, *once = sys.argv[1:]
    contender = importlib.import_module(f"tests.tools.bench.contenders.{name}").Contender(
        os.environ[URL], os.environ[SECRET]
    )
    if once:
        _, purchase_order_id = once
        assert contender.acknowledge([purchase_order_id]) == [purchase_order_id]
        sys.stdout.write("acknowledged\n")
        sys.stdout.flush()
        sys.stdin.read()  # The parent reads its memory while it lives.
        return
    import json  # noqa: PLC0415 - a single call does not need it

    # A contender's own output, such as the function's log, goes to standard error.
    results = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        orders = json.loads(line)
        before, processor_before = time.perf_counter(), time.process_time()
        acknowledged = contender.acknowledge(orders)
        took = {"wall_s": time.perf_counter() - before, "processor_s": time.process_time() - processor_before}
        assert acknowledged == orders, acknowledged
        results.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()
