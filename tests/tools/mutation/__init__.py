"""Mutation testing of the modules that decide about an order: `python -m tests.tools.mutation`."""
