"""The baseline, which also runs as a Lambda function."""
