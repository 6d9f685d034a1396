"""Long runs that measure the product or the tests."""
