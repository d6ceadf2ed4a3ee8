"""Layers that read raw units, where NaN means not observed."""
