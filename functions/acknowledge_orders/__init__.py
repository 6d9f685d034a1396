"""AcknowledgeFunction: order events in, acknowledged purchase orders out.

An order's way through it: `handler` (the Lambda entry) → `application` (one attempt at one order) →
`walmart_ca` (the call) → `policy` (what the answer leads to) → `order_queue` (carrying that out).
"""
