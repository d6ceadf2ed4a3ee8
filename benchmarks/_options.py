"""The command line of benchmarks that compare options of `build_hybrid`, and what they ran on."""

import argparse
import ast
import os
from dataclasses import replace

from hybrid_zoo.options import HybridOptions


def add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="OPTION=VALUE", help="of HybridOptions or a name"
    )


def chosen(pairs: list[str]) -> tuple[HybridOptions, dict[str, str]]:
    """Options, and the names of encoders and fusion."""
    options, names = HybridOptions(metrics=False), {}
    for name, _, text in (pair.partition("=") for pair in pairs):
        if hasattr(options, name):
            value = text if name == "bag" else ast.literal_eval(text)
            options = replace(options, **{name: value})
        else:
            names[name] = text
    return options, names


def cores() -> str:
    """Say on how many cores this process may run."""
    number = len(os.sched_getaffinity(0))
    return "one core" if number == 1 else f"{number} cores"
