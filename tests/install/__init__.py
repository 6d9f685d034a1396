"""What `make` and `sam build` install, on a machine that has only pip's settings."""
