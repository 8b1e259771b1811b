"""What becomes of verdicts: folds over the stream."""
