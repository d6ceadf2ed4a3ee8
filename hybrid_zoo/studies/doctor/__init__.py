"""What this machine has, what is missing, and what mends it. Needs nothing that may be broken."""
