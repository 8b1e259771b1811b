"""Pages of orders: their meta, their links, and what they are when joined."""
