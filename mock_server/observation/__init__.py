"""What clients requested, and what of the API that covered."""
