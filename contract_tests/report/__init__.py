"""Reports of verdicts, in every format."""
