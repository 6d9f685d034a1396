"""Mutation testing of what decides about an order: `python -m tests.mutation`."""
