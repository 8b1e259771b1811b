"""What single records must say for themselves; a module for each resource."""
