"""Measure models honestly: intervals by patient, paired tests, a prespecified verdict."""
