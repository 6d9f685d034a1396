"""What the template promises, checked without an AWS account."""
