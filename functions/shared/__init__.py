"""What the functions share: settings, the order event, credentials, and telemetry."""
