"""What this software is not, in the words that stand everywhere."""

STATEMENT = (
    "Research software. hybrid_zoo is not a medical device (EU MDR 2017/745, US FD&C Act 201(h)), "
    "is not validated for clinical use, and must not be used to diagnose, triage, treat or monitor "
    "patients. Its scores describe the data they were computed on."
)
