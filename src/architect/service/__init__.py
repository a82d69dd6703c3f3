"""The ASGI shell of the operated service: health, metrics, limits, profiles."""
