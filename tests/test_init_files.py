"""Bad spreadsheets: each gives one clear message or a stated guess."""

import codecs
import sys

import numpy as np
import pandas as pd
import pytest
from messy import patients, write_patients, write_pictures

from hybrid_zoo.errors import ConfigError, DataError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.guessing.dates import read_dates
from hybrid_zoo.pipelines.guessing.initialise import init_cohort
from hybrid_zoo.pipelines.guessing.kinds import guess_columns
from hybrid_zoo.pipelines.guessing.pictures import link_images
from hybrid_zoo.pipelines.guessing.reading import read_sheets


def read_text(tmp_path, text, encoding="utf-8", name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    (sheet,) = read_sheets(path)
    return sheet


def said(sheet, words):
    return any(words in note for note in sheet.notes)


def test_titles_groups_and_units_around_the_names_are_taken_away(tmp_path):
    rows = "".join(f"{k},{60 + k},{k}.5,{k + 2}.5\n" for k in range(9))
    text = f"Study of the ward,,,\n,Person,Lab,Lab\nid,age,CRP,CRP\n,years,mg/l,mg/l\n{rows}"
    sheet = read_text(tmp_path, text + "Source: the ward,,,\n")
    assert list(sheet.frame) == ["id", "age", "Lab CRP", "Lab CRP_2"] and len(sheet.frame) == 9
    assert said(sheet, "2 rows above the row of names") and said(sheet, "units, no data")
    assert said(sheet, "renamed: 'CRP' to 'Lab CRP'") and said(sheet, "a legend")


def test_merged_headers_of_a_workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Patients of 2023", None, None, None])
    sheet.append(["Person", None, "Day 1", "Day 2"])
    sheet.append(["ID", "Age", "HR", "HR"])
    for k in range(12):
        sheet.append([k, 60 + k, 70.5 + k, "#N/A" if k == 3 else 80])
        sheet.cell(sheet.max_row, 1).number_format = "0000"
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("A2:B2")
    book.save(tmp_path / "book.xlsx")
    (found,) = read_sheets(tmp_path / "book.xlsx")
    assert list(found.frame) == ["ID", "Age", "Day 1 HR", "Day 2 HR"]
    assert found.frame["ID"].tolist()[:2] == ["0000", "0001"] and len(found.frame) == 12
    assert said(found, "2 merged areas") and said(found, "1 error cell of Excel emptied")


def test_every_sheet_of_a_workbook_is_a_table(tmp_path):
    pytest.importorskip("openpyxl")
    table = patients()
    lab = pd.DataFrame({"Pat-ID": np.repeat(table["Pat-ID"], 3), "Stunde": np.tile([1, 2, 3], 60)})
    lab = lab.assign(Parameter="CRP", Wert=np.arange(180.0) % 37)
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        table.to_excel(book, sheet_name="Patienten", index=False)
        lab.to_excel(book, sheet_name="Labor", index=False)
    _, out = init_cohort([tmp_path / "book.xlsx"], tmp_path / "out", ["Verstorben"])
    cohort = Cohort.read(out)
    assert len(cohort.samples) == 60 and set(cohort.events["hours"]) == {1.0, 2.0, 3.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "has a password or is an old .xls"),
        (b"PK\x03\x04 not a zip file", "is damaged or no workbook"),
        (b"", "is damaged or no workbook"),
    ],
)
def test_a_workbook_that_cannot_be_opened(call, tmp_path, content, message):
    pytest.importorskip("openpyxl")
    (tmp_path / "book.xlsx").write_bytes(content)
    code, _, err = call("init", tmp_path / "book.xlsx", "--out", tmp_path / "out")
    assert code == 3 and message in err and "Traceback" not in err


def test_a_workbook_without_openpyxl_names_the_command(call, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    (tmp_path / "book.xlsx").write_bytes(b"PK")
    code, _, err = call("init", tmp_path / "book.xlsx", "--out", tmp_path / "out")
    assert code == 4 and "pip install 'hybrid-zoo[tables]'" in err


@pytest.mark.parametrize(
    ("encoding", "mark", "words"),
    [
        ("utf-8-sig", b"", "byte-order mark: read as utf-8"),
        ("utf-16", b"", "byte-order mark: read as utf-16"),
        ("utf-16-le", b"", "read as utf-16-le"),
        ("cp1252", b"", "read as cp1252"),
    ],
)
def test_encodings_are_found_out(tmp_path, encoding, mark, words):
    sheet = read_text(tmp_path, "Größe,Gewicht\n180,80\n170,70\n", encoding)
    assert list(sheet.frame) == ["Größe", "Gewicht"] and said(sheet, words)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, b"sep=;\r\n"])
def test_what_excel_puts_in_front_is_no_name(tmp_path, mark):
    (tmp_path / "t.csv").write_bytes(mark + b"id;age\r\n1;50\r\n2;60\r\n")
    (sheet,) = read_sheets(tmp_path / "t.csv")
    assert list(sheet.frame) == ["id", "age"] and len(sheet.frame) == 2


@pytest.mark.parametrize(
    ("cells", "values", "words"),
    [
        (("1,5", "2,25", "3"), ("1.5", "2.25", "3"), "decimal commas"),
        (("1.234,5", "12,1", "7"), ("1234.5", "12.1", "7"), "decimal commas"),
        (("1,234.5", "2,000.1", "7"), ("1234.5", "2000.1", "7"), "between thousands"),
        (("1.234.567", "2.000.000", "7"), ("1234567", "2000000", "7"), "between thousands"),
        (("80 kg", "75 kg", "61.5 kg"), ("80", "75", "61.5"), "the unit 'kg'"),
        (("1.234", "2.5", "7"), ("1.234", "2.5", "7"), None),
    ],
)
def test_numbers_in_other_forms_are_read_and_said(tmp_path, cells, values, words):
    rows = "".join(f"{k};{cell}\n" for k, cell in enumerate(cells * 4))
    sheet = read_text(tmp_path, f"id;amount\n{rows}")
    assert tuple(sheet.frame["amount"][:3]) == values
    assert said(sheet, "'amount'") == (words is not None) and (words is None or said(sheet, words))


def test_a_comma_and_three_digits_follow_the_rest_of_the_table(tmp_path):
    rows = "".join(f"{k};1,234;2,5\n" for k in range(9))
    sheet = read_text(tmp_path, f"id;a;b\n{rows}")
    assert set(sheet.frame["a"]) == {"1.234"}
    rows = "".join(f'{k},"1,234",2.5\n' for k in range(9))
    assert set(read_text(tmp_path, f"id,a,b\n{rows}").frame["a"]) == {"1234"}


@pytest.mark.parametrize(
    ("cells", "first", "words"),
    [
        (["31.12.2021", "01.02.2021"], "2021-02-01", "day first, since"),
        (["12/31/2021", "01/02/2021"], "2021-01-02", "month first, since"),
        (["02/03/2021", "01/02/2021"], "2021-02-01", "AMBIGUOUS"),
        (["2021-12-31", "2021-02-01"], "2021-02-01", "year, month, day"),
        (["31 Dec 2021", "1 Feb 2021"], "2021-02-01", "year, month, day"),
    ],
)
def test_dates_as_text_say_how_they_were_read(cells, first, words):
    dates = read_dates(pd.Series(cells, dtype="str"))
    assert str(dates.values.iloc[1].date()) == first and words in dates.day_first


def test_missing_markers_are_emptied_by_name_but_sodium_stays(tmp_path):
    rows = "".join(
        f"{k},{c},{n}\n"
        for k, (c, n) in enumerate(zip("NA ? - x y".split(), "1 . 3 n/a 5".split(), strict=True))
    )
    sheet = read_text(tmp_path, f"id,mood,amount\n{rows}")
    assert sheet.frame["mood"].isna().sum() == 3 and sheet.frame["amount"].isna().sum() == 2
    assert said(sheet, "that said NA, ?, -")
    sheet = read_text(tmp_path, "id,variable\n1,Na\n1,K\n2,Na\n2,K\n")
    assert set(sheet.frame["variable"]) == {"Na", "K"}


def test_blank_lines_and_columns_nameless_and_doubled_ones(tmp_path):
    text = "id,,age,age,\n\n1,,50,3,x\n,,,,\n2,,60,4,y\n"
    sheet = read_text(tmp_path, text)
    assert list(sheet.frame) == ["id", "age", "age_2", "column_4"] and len(sheet.frame) == 2
    assert said(sheet, "2 blank rows") and said(sheet, "1 blank column")
    assert said(sheet, "'age' to 'age_2'") and said(sheet, "without a name: column_4")


def test_zeros_in_front_stay_and_a_point_zero_behind_goes(tmp_path):
    frame = patients()
    _, out = init_cohort(
        [write_patients(tmp_path / "p.csv", frame)], tmp_path / "a", ["Verstorben"]
    )
    assert Cohort.read(out).samples.index[0] == "0001"
    frame["Pat-ID"] = [f"{100 + 7 * k}.0" for k in range(60)]
    draft, out = init_cohort(
        [write_patients(tmp_path / "p.csv", frame)], tmp_path / "b", ["Verstorben"]
    )
    assert Cohort.read(out).samples.index[0] == "100"
    assert any("'.0' taken off 60 ids" in line for line in draft.did)


def test_ids_of_another_table_are_written_as_in_samples(tmp_path):
    lab = pd.DataFrame({"Pat-ID": np.repeat(np.arange(1, 61), 2), "Tag": np.tile([0, 1], 60)})
    lab.assign(Parameter="CRP", Wert=1.5).to_csv(tmp_path / "lab.csv", index=False)
    paths = [write_patients(tmp_path / "p.csv"), tmp_path / "lab.csv"]
    draft, out = init_cohort(paths, tmp_path / "out", ["Verstorben"])
    cohort = Cohort.read(out)
    assert len(cohort.events) == 120 and not len(cohort.quarantine)
    assert any("120 ids of column 'Pat-ID' written as in samples" in line for line in draft.did)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no table found"),
        ({"old.xls": "x"}, "Not read: old.xls; save as .csv or .xlsx"),
        ({"one.csv": "age\n" + "\n".join(str(50 + k % 30) for k in range(60))}, "Candidates: none"),
        ({"empty.csv": ""}, "is empty"),
        ({"a.csv": "", "noise.csv": "\0\1\2" * 50}, "is"),
    ],
)
def test_folders_without_a_usable_table(call, tmp_path, files, message):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    code, _, err = call("init", folder, "--out", tmp_path / "out")
    assert code in (2, 3) and message in err and "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_a_spreadsheet_of_one_column_leaves_no_input(call, tmp_path):
    (tmp_path / "one.csv").write_text("dead\n" + "0\n1\n" * 20)
    code, _, err = call("init", tmp_path / "one.csv", "--out", tmp_path / "out", "--target", "dead")
    assert code == 2 and "Nothing is left that could be an input" in err


def test_two_tables_that_could_both_be_the_samples_are_named(call, tmp_path):
    for name in ("first.csv", "second.csv"):
        write_patients(tmp_path / name)
    code, _, err = call("init", tmp_path, "--out", tmp_path / "out", "--target", "Verstorben")
    assert code == 2 and "first.csv (60 rows), second.csv (60 rows)" in err
    path = tmp_path / "second.csv"
    assert call("init", path, "--out", tmp_path / "out", "--target", "Verstorben")[0] == 0


def test_the_target_says_which_of_two_tables_holds_the_samples(tmp_path):
    write_patients(tmp_path / "first.csv")
    write_patients(tmp_path / "second.csv", patients().rename(columns={"Verstorben": "tot"}))
    draft, _ = init_cohort([tmp_path], tmp_path / "out", ["tot"])
    assert any("first.csv is not used" in line for line in draft.look)


def test_too_few_rows_are_refused_before_anything_is_written(call, tmp_path):
    path = write_patients(tmp_path / "p.csv", patients(8).assign(Verstorben=list("jjjjnnnn")))
    code, _, err = call("init", path, "--out", tmp_path / "out", "--target", "Verstorben")
    assert code == 3 and "8 samples; expected at least 10" in err
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.partial").exists()


def test_a_path_that_is_not_there_and_an_out_that_is_missing(call, tmp_path):
    code, _, err = call("init", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert code == 2 and "does not exist" in err
    code, _, err = call("init", write_patients(tmp_path / "p.csv"))
    assert code == 2 and "--out FOLDER" in err


def links(names, **columns):
    frame = pd.DataFrame(columns).astype("str")
    found = link_images(names, frame, guess_columns(frame))
    return found, dict(zip(found.pairs["file"], found.pairs["row"], strict=True))


@pytest.mark.parametrize(
    ("ids", "pattern"),
    [
        ([f"P{k:03d}" for k in range(20)], "{}.png"),
        ([f"P{k:03d}" for k in range(20)], "ct/{}_view_2.jpg"),
        ([f"{k + 1}" for k in range(20)], "img_{:0>4}.png"),
        ([f"{k + 1}" for k in range(20)], "pat{}_view_2.png"),
        ([f"a{k}f3-{k:02d}b" for k in range(20)], "2021-03-04_{}_ap.dcm"),
        ([f"{k + 1:03d}" for k in range(20)], "{}/scan.nii.gz"),
    ],
)
def test_an_id_is_found_inside_file_names_and_folders(ids, pattern):
    names = [pattern.format(one) for one in ids]
    found, rows = links(names, ID=ids, age=np.arange(20) % 7)
    assert rows == {name: row for row, name in enumerate(names)} and not found.severed


def test_a_number_elsewhere_in_a_name_is_not_an_id():
    names = [f"{k + 1}_view_2.png" for k in range(20)] + ["unknown_view_2.png"]
    _, rows = links(names, ID=[str(k + 1) for k in range(20)], age=np.arange(20) % 7)
    assert "unknown_view_2.png" not in rows and len(rows) == 20


def test_paths_of_another_computer_and_capitals_are_matched_by_their_end():
    names = [f"chest/{k:02d}.png" for k in range(20)]
    paths = [f"D:\\export\\chest\\{k:02d}.PNG" for k in range(20)]
    found, rows = links(names, ID=[f"p{k}x" for k in range(20)], file=paths)
    assert len(rows) == 20 and found.column == "file"


def test_a_file_named_alike_in_two_folders_is_nobodys():
    names = [f"{folder}/{k:02d}.png" for k in range(20) for folder in ("a", "b")]
    frame = pd.DataFrame(
        {"ID": [f"p{k}x" for k in range(20)], "file": [f"{k:02d}.png" for k in range(20)]}
    )
    found = link_images(names, frame.astype("str"), guess_columns(frame.astype("str")))
    assert found is None


def test_a_table_of_images_keeps_its_columns_and_rows_whose_file_is_missing(tmp_path):
    ids = patients()["Pat-ID"]
    folder = write_pictures(tmp_path / "raw", [f"x/{k}.png" for k in ids[:58]])
    write_patients(folder / "p.csv")
    table = pd.DataFrame(
        {"Pat-ID": ids, "path": "x/" + ids + ".png", "view": np.resize(["ap", "pa"], 60)}
    )
    table.assign(modality="CR").to_csv(folder / "bilder.csv", index=False)
    draft, out = init_cohort([folder], tmp_path / "out", ["Verstorben"])
    cohort = Cohort.read(out)
    assert len(cohort.images) == 58 and cohort.config.shortcuts == ("view",)
    assert cohort.quarantine["reason"].tolist() == ["file missing"] * 2
    assert any("called 'modality_original'" in line for line in draft.did)


def test_damaged_text_is_refused_by_name(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(DataError, match=r"t\.csv\.gz cannot be read"):
        read_sheets(tmp_path / "t.csv.gz")
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="no Parquet file"):
        read_sheets(tmp_path / "t.parquet")


def test_the_folder_of_the_files_is_not_written_into(tmp_path):
    write_patients(tmp_path / "p.csv")
    with pytest.raises(ConfigError, match="the files to read"):
        init_cohort([tmp_path], tmp_path, ["Verstorben"])
