"""AcknowledgeFunction: order events in, acknowledged purchase orders out.

The path of an order: `handler` (a batch or a direct invocation) → `application` (the batch) → `attempt` (the
calls, made by `shared.walmart.caller`) → `policy` (what the results mean) → `outcome_publisher` →
`sqs_order_queue` → `powertools_recorder`. `bootstrap` builds the parts.
"""
