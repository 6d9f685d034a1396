"""Coverage-guided fuzzing of every parser of external input. `make fuzz` runs it; see `__main__`.

A target is a Hypothesis property test: pytest runs it with random input, and atheris with input that reaches
new branches. This folder has the properties that belong to no other one.
"""
