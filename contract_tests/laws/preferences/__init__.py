"""Marketing preferences: the list, and what opt-in and opt-out make of it."""
