"""The whole study, its report and the command line."""
