"""Directories of modules that are installed at the top level, under names of their own."""
