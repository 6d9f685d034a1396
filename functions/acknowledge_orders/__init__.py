"""AcknowledgeFunction: order events in, acknowledged purchase orders out.

An order's way through it: `handler` (the Lambda entry) → `function` (batch or bare event) → `application`
(one event) → `attempt` (the calls, by `walmart_ca`, at the pace of `pacing`) → `policy` (what they lead to)
→ `order_queue` (carrying that out) → `recorder`.
"""
