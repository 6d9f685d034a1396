"""The demo: the real template on a local AWS, order events on its bus, each order becoming acknowledged."""
