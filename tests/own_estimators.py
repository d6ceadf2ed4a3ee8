"""Classifiers of a user, good and bad: baselines by import path, also in another process."""

import os
import subprocess
import sys
import time

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Prior(ClassifierMixin, BaseEstimator):
    """Predicts how frequent each class was."""

    def __init__(self, slow_above=0):
        self.slow_above = slow_above

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        return np.tile(self.shares_, (len(X), 1))


class Raises(Prior):
    def fit(self, X, y):
        raise ValueError("this one never learns\nand says so at length")


class Hangs(Prior):
    """Hangs with more rows than its parameter says, and always without one."""

    def fit(self, X, y):
        while not self.slow_above or len(X) > self.slow_above:
            time.sleep(0.05)
        return super().fit(X, y)


class Crashes(Prior):
    def fit(self, X, y):
        os._exit(7)


class Unsure(Prior):
    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), np.nan)


class Prints(Prior):
    def fit(self, X, y):
        print("not an answer", flush=True)
        os.write(1, b"not an answer either\n")
        return super().fit(X, y)


class CannotBeRead(Prior):
    def __setstate__(self, state):
        raise KeyError("not here")


class StartsAnother(Prior):
    """Starts a process, writes its id into the file that its parameter names, and hangs."""

    def fit(self, X, y):
        other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open(self.slow_above + ".draft", "w") as file:
            file.write(str(other.pid))
        os.rename(self.slow_above + ".draft", self.slow_above)
        time.sleep(600)


class ReturnsWhatCannotBeRead(Prior):
    def fit(self, X, y):
        return CannotBeRead()


class CannotBeCloned(Prior):
    def __init__(self, slow_above=0):
        self.slow_above = slow_above + 1


class NeedsMore(Prior):
    def __init__(self, prior):
        self.prior = prior


class OnlyDecides(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


def configured():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.5, solver="saga", max_iter=9))


def quick_by_default():
    return Hangs(slow_above=99)


def quick_on_folds():
    return Hangs(slow_above=25)
