"""Programs that people run on their own machine, each with its tests."""
