"""How keys and tokens are stored: by their hash alone."""

from hashlib import sha256


def hash_of(secret: str) -> str:
    """SHA-256 in hex. Keys and tokens are random, so a fast hash without salt is enough."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
