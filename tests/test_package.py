"""The house: what is public, what imports what, what is installed."""

import ast
import importlib
import inspect
import pickle
import shutil
import subprocess
import sys
import time
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from typer.main import get_command

import hybrid_zoo
from hybrid_zoo.registries import IMAGE_ENCODERS
from hybrid_zoo.studies.cli import app

ROOT = Path(__file__).parent.parent
FOLDERS = {"hybrid_zoo": "", "pipelines": "pipelines", "tuning": "tuning"}
ENCODERS = {"bags", "images", "volumes", "sequences", "tabular", "notes", "fusions"}
MODEL_CODE = ENCODERS | {
    "layers",
    "heads",
    "losses",
    "model",
    "joining",
    "frozen",
    "assembly",
    "hybrid",
}
# A part imports itself and parts that stand before it; parts of one row do not know each other.
ORDER = [
    {"errors", "palette"},
    {"registry", "column_statistics"},
    {"registries", "inputs"},
    {"layers"},
    {"heads", "losses"} | ENCODERS,
    {"model", "options"},
    {"joining", "frozen"},
    {"assembly"},
    {"hybrid"},
    {"training", "saving", "serving"},
    {"explain"},
    {"evaluation"},
    {"pipelines"},
    {"tuning"},
    {"studies"},
    {"__main__"},
]
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}


def sources() -> list[tuple[str, Path, ast.Module]]:
    """Return part, path and syntax tree of every library file."""
    found = []
    for folder, part in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = part or path.relative_to(ROOT / folder).with_suffix("").parts[0]
            found.append((name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return found


SOURCES = sources()


def imported(tree: ast.Module) -> set[str]:
    """Return the dotted names that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def parts_of(tree: ast.Module) -> set[str]:
    """Return the parts of this package that a file imports."""
    own = {name.split(".")[1] for name in imported(tree) if name.startswith("hybrid_zoo.")}
    return own - {"__version__"}


def run_at_import(tree: ast.Module) -> ast.Module:
    """Return a file without what only type checkers read: `if TYPE_CHECKING:`."""
    return ast.Module([node for node in tree.body if not isinstance(node, ast.If)], [])


def test_the_public_names_are_sorted_few_and_all_importable():
    assert hybrid_zoo.__all__ == sorted(hybrid_zoo.__all__) and len(hybrid_zoo.__all__) <= 20
    assert all(getattr(hybrid_zoo, name) is not None for name in hybrid_zoo.__all__)
    with pytest.raises(AttributeError, match="no attribute 'build_hybird'"):
        _ = hybrid_zoo.build_hybird


def test_every_file_has_its_place_in_the_order():
    assert {part for part, _, _ in SOURCES} - {"__init__"} == set(RANK)
    assert len(SOURCES) > 80


def test_imports_run_one_way():
    wrong = [
        f"{path.relative_to(ROOT)} imports {other}"
        for part, path, tree in SOURCES
        for other in parts_of(run_at_import(tree) if part == "__init__" else tree) - {part}
        if part == "__init__" or RANK[other] >= RANK[part]
    ]
    assert not wrong


def test_pipelines_know_nothing_of_models():
    known = {name for part, _, tree in SOURCES if part == "pipelines" for name in parts_of(tree)}
    assert known <= {"pipelines", "inputs", "errors", "registry"}


def test_model_code_imports_tensorflow_in_one_file_alone():
    users = [
        (part, path.name)
        for part, path, tree in SOURCES
        if any("tensorflow" in n for n in imported(tree))
    ]
    assert ("pipelines", "datasets.py") in users
    assert [name for part, name in users if part in MODEL_CODE] == ["lstm_on_cpu.py"]
    assert [name for part, name in users if part == "explain"] == ["gradients.py"]


def test_library_code_has_no_assert():
    asserts = [
        p for _, p, tree in SOURCES if any(isinstance(n, ast.Assert) for n in ast.walk(tree))
    ]
    assert not asserts


def test_the_package_imports_by_its_own_names_only():
    for _, path, tree in SOURCES:
        tops = {name.split(".")[0] for name in imported(tree)}
        assert not tops & {"pipelines", "tuning"}, path


LOADED = "import sys; print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"


@pytest.mark.parametrize(
    "code",
    [
        "from hybrid_zoo import Cohort, HybridOptions, bags, export, fusions, predictor, volumes",
        "from hybrid_zoo import InputSpec, build_hybrid, images\n"
        "try: build_hybrid(InputSpec(), targets=['a'])\n"
        "except ValueError: images.__name__",
        "import sys; sys.argv = ['hybrid-zoo', 'simulate', 'one', '--patients', '60']\n"
        "from hybrid_zoo.studies.cli import main\n"
        "for words in (sys.argv[1:], ['validate', 'one'], ['prepare', 'meds']):\n"
        "    sys.argv[1:] = words\n"
        "    try: main()\n"
        "    except SystemExit: pass",
    ],
    ids=["names", "what build_hybrid refuses", "commands without a model"],
)
def test_nothing_imports_keras_or_tensorflow_before_a_model_is_built(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOADED}"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def test_a_folder_of_builders_becomes_itself_when_one_is_looked_up():
    folder = hybrid_zoo._Folder("hybrid_zoo.images")
    assert folder.paper_cnn is hybrid_zoo.images.paper_cnn is IMAGE_ENCODERS["paper_cnn"]
    assert {"paper_cnn", "small_resnet"} <= set(dir(folder)) and folder.__path__
    with pytest.raises(AttributeError, match="papre_cnn"):
        _ = folder.papre_cnn


def test_build_hybrid_is_one_function_with_its_signature_wherever_it_is_imported_from():
    build = hybrid_zoo.build_hybrid
    assert build is hybrid_zoo.hybrid.build_hybrid and pickle.loads(pickle.dumps(build)) is build
    parameters = inspect.signature(build).parameters
    assert (
        list(parameters)[:3] == ["spec", "targets", "image"] and parameters["units"].default == 64
    )
    assert "Args:" in inspect.getdoc(build)


@pytest.mark.parametrize("command", [None, *get_command(app).commands])
def test_help_imports_neither_keras_nor_tensorflow(command):
    words = ["--help"] if command is None else [command, "--help"]
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hybrid_zoo", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "Usage" in done.stdout and "hybrid_zoo.studies.cli" in modules
    assert not modules & {"keras", "tensorflow", "sklearn", "pandas"}


def test_a_wrong_option_of_a_study_is_one_line_before_tensorflow_is_loaded(tmp_path):
    words = ["-m", "hybrid_zoo", "study", tmp_path, "--out", tmp_path / "run", "--dtype", "float16"]
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words], capture_output=True, text=True
    )
    imports, said = [], []
    for line in done.stderr.splitlines():
        (imports if line.startswith("import time:") else said).append(line)
    assert done.returncode == 2 and not any("tensorflow" in line for line in imports)
    assert len(said) == 1 and "Option dtype is 'float16'" in said[0]


def seconds(*arguments):
    """The shortest of five runs of Python."""
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - start)
    return min(taken)


def test_help_takes_less_than_twice_the_time_of_what_prints_it():
    assert seconds("-m", "hybrid_zoo", "--help") < 2 * seconds("-c", "import typer.rich_utils")


def test_only_hybrid_zoo_reaches_site_packages():
    ours = {name for name, owners in packages_distributions().items() if "hybrid-zoo" in owners}
    assert ours == {"hybrid_zoo"}
    for name in ("hybrid_zoo.pipelines.cohort", "hybrid_zoo.tuning.folds"):
        assert importlib.import_module(name).__name__ == name


@pytest.mark.slow
def test_the_wheel_holds_only_hybrid_zoo_with_its_data_files(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tree / folder)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, tree]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"hybrid_zoo"}
    data = {"py.typed", "studies/templates/report.html.j2", "pipelines/sources/phenotypes.yaml"}
    assert {f"hybrid_zoo/{name}" for name in data} <= names
