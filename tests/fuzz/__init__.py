"""Coverage-guided fuzzing of everything that reads what others wrote. `make fuzz` runs it; see `__main__`.

A target is a function of bytes that raises when what came of them is not as promised. Without a fuzzer the
seeds and what was once found are replayed by `test_targets`.
"""
