"""Files of the kit for its later runs, in the user's cache."""

from hashlib import sha256
from pathlib import Path


def file_for(base_url: str, kind: str) -> Path:
    """The file of a kind that belongs to a target."""
    name = sha256(base_url.rstrip("/").encode()).hexdigest()[:16]
    return Path.home() / ".cache" / "my-account-kit" / kind / f"{name}.json"
