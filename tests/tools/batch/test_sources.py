"""Which files a batch takes, from folders, lists, tables and addresses."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tools.batch.sources import Item, list_items

SUFFIXES = (".mp4", ".mov")


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a.MOV", "notes.txt", "deep/er/c.mp4", ".hidden/d.mp4", "deep/.e.mp4"):
        path = tmp_path / "clips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "clips"


def test_a_folder_gives_its_videos_at_every_depth_in_a_fixed_order(clips: Path) -> None:
    found = list(list_items(str(clips), SUFFIXES))
    assert [item.name for item in found] == ["a.MOV", "b.mp4", "deep/er/c.mp4"]
    assert found[2].path == str(clips / "deep" / "er" / "c.mp4")


def test_a_list_counts_relative_paths_from_its_own_folder_and_takes_every_suffix(clips: Path) -> None:
    (clips / "list.txt").write_text("b.mp4\n\n/elsewhere/x.bin\n")
    found = list(list_items(str(clips / "list.txt"), SUFFIXES))
    assert [item.path for item in found] == [str(clips / "b.mp4"), "/elsewhere/x.bin"]
    assert found[1].name == "elsewhere/x.bin"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_give_their_column_of_paths(clips: Path, kind: str) -> None:
    table = clips / f"table.{kind}"
    if kind == "csv":
        table.write_text("id,Video\n1,b.mp4\n2,deep/er/c.mp4\n")
    else:
        parquet.write_table(pa.table({"id": [1, 2], "Video": ["b.mp4", "deep/er/c.mp4"]}), table)
    assert [item.path for item in list_items(str(table), SUFFIXES)] == [
        str(clips / "b.mp4"),
        str(clips / "deep" / "er" / "c.mp4"),
    ]


def test_what_is_no_source_is_one_sentence(clips: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        list_items(str(clips / "nothing"), SUFFIXES)
    (clips / "table.csv").write_text("id,name\n1,b.mp4\n")
    with pytest.raises(ValueError, match="no column named path"):
        list(list_items(str(clips / "table.csv"), SUFFIXES))


def test_an_address_is_listed_like_a_folder() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    for name in ("clips/a.mp4", "clips/deep/b.mp4", "clips/c.txt"):
        memory.pipe(f"/{name}", b"x")
    found = list(list_items("memory://clips", SUFFIXES))
    assert found == [Item("memory:///clips/a.mp4", "a.mp4"), Item("memory:///clips/deep/b.mp4", "deep/b.mp4")]
