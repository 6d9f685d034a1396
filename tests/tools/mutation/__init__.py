"""Mutation testing of what decides about an order: `python -m tests.tools.mutation`."""
