"""The documentation agrees with the template and the code."""
