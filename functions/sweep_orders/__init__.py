"""SweepFunction: publishes an order event for each released order that nobody acknowledged yet.

A sweep's way: `handler` → `function` → `sweep`, which has `listing` read the pages, `selection` choose, and
`publishing` publish through the `ports`. `composition` puts it together.
"""
