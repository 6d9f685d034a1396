"""The cost of an order in time, instructions, memory and bytes, next to a baseline in the same run.

The ratio of two figures from the same run holds on any machine. A time alone does not, so no test asserts it.
"""
