"""What it costs in time, processor, memory, bytes and dollars, each beside a floor measured in the same run.

A ratio of two figures that were taken in turns says something on any machine; a time alone does not, and no
test asserts one.
"""
