"""Which of several tables holds the samples, and what the others hold."""

from dataclasses import dataclass, field
from functools import partial

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.guessing.keys import choose_keys
from hybrid_zoo.pipelines.guessing.kinds import Column, guess_columns
from hybrid_zoo.pipelines.guessing.pictures import Links, link_images
from hybrid_zoo.pipelines.guessing.rows import Shape, shape_of
from hybrid_zoo.pipelines.guessing.sheet import Sheet, counted, listed
from hybrid_zoo.pipelines.guessing.words import plain


@dataclass(frozen=True, eq=False)
class Table:
    """A table and what is guessed of it.

    Args:
        sheet: Clean.
        columns: What its columns are.
        shape: How it is laid out.
        links: The image files that it names; None if none.
    """

    sheet: Sheet
    columns: dict[str, Column]
    shape: Shape
    links: Links | None = None


@dataclass(eq=False)
class Plan:
    """What each table is.

    Args:
        samples: The samples table.
        images: The table with a row per image; None if samples names the images, or nothing does.
        rest: The other tables.
    """

    samples: Table
    images: Table | None = None
    rest: list[Table] = field(default_factory=list)


def look_at(sheet: Sheet, pictures: list[str]) -> Table:
    """Guess the columns and the layout of a table.

    Args:
        sheet: Clean.
        pictures: Names of the image files.
    """
    columns = guess_columns(sheet.frame)
    shape = shape_of(sheet, columns)
    links = None
    if pictures and shape.kind in ("rows", "wide"):
        links = link_images(pictures, sheet.frame, columns)
    return Table(sheet, columns, shape, links)


def plan(tables: list[Table], targets: list[str]) -> Plan:
    """Choose the samples table, and the table of images among the others.

    Args:
        tables: All tables.
        targets: Columns that the user calls targets, which must be in samples.

    Raises:
        ConfigError: If several tables could hold the samples, or none.
    """
    samples = _samples(tables, targets)
    others = [table for table in tables if table is not samples]
    linked = [t for t in others if t.links and len(t.links.pairs)]
    linked.sort(key=lambda t: (t.sheet.stem != "images", -len(t.links.pairs if t.links else ())))
    # A patient table whose ids stand in file names too does not need the table of images' rows
    # any less: they say view and time.
    images = linked[0] if linked else None
    return Plan(samples, images, [table for table in others if table is not images])


def _samples(tables: list[Table], targets: list[str]) -> Table:
    fixed = [t for t in tables if t.sheet.stem == "samples"]
    if len(fixed) == 1:
        return fixed[0]
    found = [t for t in tables if t.shape.kind in ("rows", "wide")] or tables
    for narrow in (partial(_has, targets=targets), _one_row_each, _no_image_table):
        found = list(filter(narrow, found)) or found
    if len(found) > 1:
        raise ConfigError(
            f"{listed(map(_described, found))} could each hold the samples. Name the files to use "
            "instead of the folder: hybrid-zoo init SAMPLES.csv OTHER.csv IMAGE_FOLDER --out OUT."
        )
    return found[0]


def _described(table: Table) -> str:
    return f"{table.sheet.name} ({counted(len(table.sheet.frame), 'row')})"


def _has(table: Table, targets: list[str]) -> bool:
    names = {plain(name) for name in table.columns}
    return bool(targets) and all(plain(target) in names for target in targets)


def _one_row_each(table: Table) -> bool:
    keys = choose_keys(table.sheet.frame, table.columns)
    return bool(keys.sample) and not keys.patient


def _no_image_table(table: Table) -> bool:
    return table.sheet.stem != "images" and not any(
        c.kind == "path" for c in table.columns.values()
    )
