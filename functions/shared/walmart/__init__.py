"""How the functions call Walmart: credentials, clients, rate limit and repeats."""
