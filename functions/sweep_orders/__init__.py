"""SweepFunction: publishes an order event for each released order that is not acknowledged yet.

The path of a sweep: `handler` → `sweep`, which reads the pages by `listing`, chooses by `selection` and
publishes by `publishing` through the `ports`. `bootstrap` builds the parts.
"""
