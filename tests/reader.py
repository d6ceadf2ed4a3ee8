"""The README and the tutorial as their reader runs them: block by block, in a folder."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
DEPLOY = (ROOT / "docs" / "howto" / "deploy.md").read_text(encoding="utf-8")
EXPLAIN = (ROOT / "docs" / "howto" / "explain.md").read_text(encoding="utf-8")


def steps(page: str) -> list[tuple[str, str]]:
    """Return a page's fenced blocks in order: language and text."""
    return re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of the README in one language."""
    return [text for name, text in steps(README) if name == language]


def run(*arguments: str | Path, folder: Path, program: str = sys.executable) -> str:
    """Run Python, or another program, in a folder and return what it printed."""
    bin_first = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PATH": bin_first},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_here(code: str, folder: Path) -> str:
    """Run Python in this process, where TensorFlow is imported, and return what it printed."""
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "<as a script>", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


def shell(commands: str, folder: Path) -> str:
    """Run commands as they stand, and stop at the first that fails."""
    return run("-euo", "pipefail", "-c", commands, folder=folder, program="bash")
