"""What an order costs in time, instructions, memory and bytes, beside a floor or a peer in the same run.

A ratio of two figures that were taken in turns says something on any machine; a time alone does not, and no
test asserts one.
"""
