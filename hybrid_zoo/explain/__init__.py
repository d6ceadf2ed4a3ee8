"""Explain what a model says of one patient: one method per file."""

from hybrid_zoo.explain.attention import attention
from hybrid_zoo.explain.explanation import Explanation, Result
from hybrid_zoo.explain.faith import Check, CheckOptions, Verdict, check_explainer
from hybrid_zoo.explain.grad_cam import grad_cam
from hybrid_zoo.explain.hires_cam import hires_cam
from hybrid_zoo.explain.integrated_gradients import integrated_gradients
from hybrid_zoo.explain.methods import METHODS
from hybrid_zoo.explain.modality_attention import modality_attention
from hybrid_zoo.explain.modality_shapley import modality_shapley
from hybrid_zoo.explain.occlusion import occlusion
from hybrid_zoo.explain.one_patient import explain
from hybrid_zoo.explain.single_input import single_input_view
from hybrid_zoo.explain.smooth_grad import smooth_grad
from hybrid_zoo.explain.tf_explain.callbacks import explain_callbacks
from hybrid_zoo.explain.what_if import Change, what_if

__all__ = [
    "METHODS",
    "Change",
    "Check",
    "CheckOptions",
    "Explanation",
    "Result",
    "Verdict",
    "attention",
    "check_explainer",
    "explain",
    "explain_callbacks",
    "grad_cam",
    "hires_cam",
    "integrated_gradients",
    "modality_attention",
    "modality_shapley",
    "occlusion",
    "single_input_view",
    "smooth_grad",
    "what_if",
]
