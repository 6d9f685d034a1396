"""The sandbox: the real template on a local AWS with a local marketplace, until it is stopped."""
