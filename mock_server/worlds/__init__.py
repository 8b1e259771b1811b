"""What a customer's data comes from: scenarios, sandboxes, clocks, and how they are kept."""
