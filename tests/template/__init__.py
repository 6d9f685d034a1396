"""Tests of the template that need no AWS account."""
