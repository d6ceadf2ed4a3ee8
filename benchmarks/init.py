"""Does `init` know what columns are, and never take what knows the outcome for an input?

usage: init.py [DATA] [--quick]
DATA holds the folders physionet2012_set_a, hannover_covid_cxr and pbcseq; without it only the
tables made here are measured.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from _init_tables import LATER, SCHEMAS, SPREADSHEETS, schema, write_spreadsheet
from _init_truth import SOURCES, parse

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.guessing.initialise import init_cohort

BAR = 0.95


def drafted(inputs: list[Path], target: str, folder: Path) -> tuple[dict, set[str]]:
    """Guessed columns by table, and the inputs; the written cohort must pass validation."""
    draft, out = init_cohort(inputs, folder / "out", [target])
    Cohort.read(out)
    shutil.rmtree(out)
    return draft.guessed, set(draft.of_role("input", "group"))


def compare(name: str, truths: dict[str, dict], guessed: dict, inputs: set[str]) -> dict:
    """Count right kinds, and columns that must not be inputs and are."""
    right, wrong = 0, []
    for table, truth in truths.items():
        if set(truth) != set(guessed[table]):
            raise SystemExit(f"{table} has other columns: {set(truth) ^ set(guessed[table])}")
        for column, (kinds, _) in truth.items():
            kind = guessed[table][column].kind
            right += kind in kinds
            wrong += [] if kind in kinds else [f"{column} is {'/'.join(kinds)}, guessed {kind}"]
    samples = next(iter(truths.values()))
    leaked = sorted(column for column in inputs if samples[column][1])
    total = right + len(wrong)
    print(f"{name:16} {right:3} of {total:3} kinds right; inputs that know: {leaked or 'none'}")
    for line in wrong:
        print(f"{'':16} {line}")
    return {"right": right, "columns": total, "leaked": len(leaked)}


def published(data: Path) -> list[dict]:
    """Tables of published patients."""
    found = []
    for name, (folder, tables, target) in SOURCES.items():
        raw = data / folder
        inputs = [raw / table for table in tables]
        inputs += [raw / "images"] if name.startswith("hannover") else []
        with tempfile.TemporaryDirectory() as there:
            guessed, used = drafted(inputs, target, Path(there))
        truths = {table: parse(text) for table, text in tables.items()}
        found.append(compare(name, truths, guessed, used))
    return found


def spreadsheets() -> list[dict]:
    """Three clinical spreadsheets."""
    found = []
    for name, (truth, target) in SPREADSHEETS.items():
        with tempfile.TemporaryDirectory() as there:
            path = write_spreadsheet(name, Path(there) / f"{name}.csv")
            guessed, used = drafted([path], target, Path(there))
        found.append(compare(name, {path.name: parse(truth, "|")}, guessed, used))
    return found


def schemas(names: dict) -> dict:
    """Names of public schemas: how many columns that know the outcome stay out, and inputs in."""
    out = kept = forbidden_all = inputs_all = 0
    for name, (target, inputs, forbidden) in names.items():
        with tempfile.TemporaryDirectory() as there:
            path = schema(name, Path(there) / f"{name}.csv")
            _, used = drafted([path], target, Path(there))
        missed = sorted(set(forbidden.split()) & used)
        lost = sorted(set(inputs.split()) - used)
        out += len(forbidden.split()) - len(missed)
        kept += len(inputs.split()) - len(lost)
        forbidden_all += len(forbidden.split())
        inputs_all += len(inputs.split())
        print(f"{name:16} not seen to know the outcome: {missed or 'none'}; lost: {lost or 'none'}")
    return {"out": out, "forbidden": forbidden_all, "kept": kept, "inputs": inputs_all}


def share(results: list[dict]) -> float:
    return sum(r["right"] for r in results) / sum(r["columns"] for r in results)


def figures(name: str, results: list[dict]) -> dict:
    value, leaked = share(results), sum(r["leaked"] for r in results)
    worst = min(r["right"] / r["columns"] for r in results)
    return {
        f"{name}_kinds": {"value": value, "bar": BAR, "holds": value >= BAR},
        f"{name}_kinds_worst_table": {"value": worst, "bar": BAR, "holds": worst >= BAR},
        f"{name}_leaked_inputs": {"value": leaked, "bar": 0, "holds": leaked == 0},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="the same: it takes seconds")
    options = parser.parse_args()
    found = figures("published", published(options.data)) if options.data else {}
    found |= figures("held_out", spreadsheets())
    for name, tables in (("schema", SCHEMAS), ("later_schema", LATER)):
        counts = schemas(tables)
        for what, some, whole in (
            ("outcomes_left_out", "out", "forbidden"),
            ("inputs_kept", "kept", "inputs"),
        ):
            value = counts[some] / counts[whole]
            found[f"{name}_{what}"] = {"value": value, "bar": BAR, "holds": value >= BAR}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
