"""From the files that a hospital has to a cohort folder: every guess is written down."""
