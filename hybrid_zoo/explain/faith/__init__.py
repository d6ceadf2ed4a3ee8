"""Is an explanation faithful to the model? One check per file, and the function that runs them."""

from hybrid_zoo.explain.faith.check_explainer import CheckOptions, check_explainer
from hybrid_zoo.explain.faith.verdict import Check, Verdict

__all__ = ["Check", "CheckOptions", "Verdict", "check_explainer"]
