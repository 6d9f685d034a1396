"""What is run as a function of Lambda, to compare with."""
