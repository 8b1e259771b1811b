"""What clients asked, and what they have seen of the API."""
