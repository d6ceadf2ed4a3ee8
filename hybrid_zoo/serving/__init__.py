"""A trained model where it is used: one patient at a time here, or in another runtime."""
