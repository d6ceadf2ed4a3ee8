"""Search space, folds, cross-validated search and baselines."""
