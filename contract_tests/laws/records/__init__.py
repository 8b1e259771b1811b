"""Laws of single records; a module for each resource."""
