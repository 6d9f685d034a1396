"""The invented buyer of every order, with unique strings for which a test can search logs."""

EMAIL = "B0GUSRELAY4471QPLMX82@relay.example.com"
PHONE = "5550147366"
ADDRESS = {
    "name": "Philippa Nonesuch",
    "address1": "4471 Chemin Imaginaire",
    "address2": "Apt 9713",
    "city": "Port-Nulle-Part",
    "state": "QC",
    "postalCode": "X9Q 7Z4",
    "country": "CAN",
    "addressType": "RESIDENTIAL",
}

BUYER_DATA = (
    EMAIL,
    PHONE,
    *(ADDRESS[part] for part in ("name", "address1", "address2", "city", "postalCode")),
)
"""Personal data, which must never appear in a log."""
