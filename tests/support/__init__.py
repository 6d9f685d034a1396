"""What tests of several tiers use."""
