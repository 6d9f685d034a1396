"""SweepFunction: publishes an order event for each released order that nobody acknowledged yet."""
