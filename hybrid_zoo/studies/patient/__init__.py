"""The page that explains one patient."""
