"""What the documentation says exists, and is so."""
