"""What the functions know about orders, their events and their outcomes."""
