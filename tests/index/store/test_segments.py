"""Segments: records that never straddle, checksums, and what an interrupted writer leaves behind."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import LibraryDamagedError
from index.store.segments import SegmentState, VectorStore


def filled(folder: Path, lengths: list[int], max_rows: int) -> tuple[VectorStore, np.ndarray, list[int]]:
    store = VectorStore.open_for_writing(folder, 4, [], max_rows=max_rows)
    rows = np.arange(sum(lengths) * 4, dtype=np.float16).reshape(-1, 4)
    starts = store.append(rows, lengths)
    store.settle()
    return store, rows, starts


@settings(deadline=None, max_examples=50)
@given(lengths=st.lists(st.integers(0, 6), max_size=12), cut=st.integers(0, 12), max_rows=st.integers(1, 9))
def test_records_are_found_where_append_said(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], cut: int, max_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("store")
    rows = np.random.default_rng(0).standard_normal((sum(lengths), 4)).astype(np.float16)
    store = VectorStore.open_for_writing(folder, 4, [], max_rows=max_rows)
    middle = sum(lengths[:cut])
    starts = store.append(rows[:middle], lengths[:cut])
    states = store.states
    store.close()
    store = VectorStore.open_for_writing(folder, 4, states, max_rows=max_rows)
    starts += store.append(rows[middle:], lengths[cut:])
    reopened = VectorStore.open_for_reading(folder, 4, store.states, verify=True)
    segments = list(reopened.segments())
    row = 0
    for start, length in zip(starts, lengths, strict=True):
        if length:
            (first, segment) = [pair for pair in segments if pair[0] <= start][-1]
            np.testing.assert_array_equal(segment[start - first : start - first + length], rows[row : row + length])
            assert len(segment) <= max(max_rows, max(lengths))
        row += length
    store.close()


def test_bytes_beyond_the_commit_are_removed_and_their_place_is_used_again(tmp_path: Path) -> None:
    store, rows, _ = filled(tmp_path, [2, 2, 2], max_rows=4)
    committed = store.states
    store.append(rows, [2, 2, 2])  # never committed
    store.close()
    assert len(list(tmp_path.glob("*.f16"))) == 3
    store = VectorStore.open_for_writing(tmp_path, 4, committed, max_rows=4)
    assert [path.stat().st_size for path in sorted(tmp_path.glob("*.f16"))] == [32, 16]
    assert store.append(rows[:2], [2]) == [6]
    states = store.states
    store.close()
    (_, first), (_, second) = VectorStore.open_for_reading(tmp_path, 4, states, verify=True).segments()
    np.testing.assert_array_equal(np.vstack([first, second]), np.vstack([rows, rows[:2]]))


def test_a_reader_sees_the_committed_rows_while_a_writer_appends(tmp_path: Path) -> None:
    store, rows, _ = filled(tmp_path, [2, 2], max_rows=100)
    committed = store.states
    store.append(rows, [2, 2])
    reader = VectorStore.open_for_reading(tmp_path, 4, committed)
    assert sum(len(part) for _, part in reader.segments()) == 4
    store.close()


def damaged_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("damage", [damaged_byte, lambda path: os.truncate(path, 5), Path.unlink])
def test_a_damaged_segment_is_named(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    store, _, _ = filled(tmp_path, [3, 3], max_rows=3)
    store.close()
    damage(tmp_path / "000001.f16")
    for opening in (VectorStore.open_for_reading, VectorStore.open_for_writing):
        with pytest.raises(LibraryDamagedError, match=r"000001\.f16.*rebuild-vectors"):
            opening(tmp_path, 4, store.states)


@pytest.mark.parametrize("size", [0, 5, 4095, 8191])
def test_a_segment_that_is_cut_under_a_reader_is_named_before_it_is_read(tmp_path: Path, size: int) -> None:
    """The system would end the process (SIGBUS) where it reads a page that is no longer in the file."""
    store, _, starts = filled(tmp_path, [1024, 1024], max_rows=1024)
    store.close()
    reader = VectorStore.open_for_reading(tmp_path, 4, store.states)
    os.truncate(tmp_path / "000001.f16", size)
    for ask in (
        lambda: list(reader.segments()),
        lambda: list(reader.record_blocks(1, 8)),
        lambda: reader.records(np.array([2000]), 1),
        lambda: reader.runs(np.array(starts), np.array([1024, 1024])),
        reader.require_whole,
    ):
        with pytest.raises(LibraryDamagedError, match=rf"000001\.f16.*holds {size} bytes, expected at least 8192"):
            ask()


def test_a_segment_that_was_cut_between_the_check_and_the_mapping_is_named(tmp_path: Path) -> None:
    store, _, _ = filled(tmp_path, [1024], max_rows=1024)
    store.close()
    (state,) = store.states
    os.truncate(tmp_path / "000000.f16", 5)
    with pytest.raises(LibraryDamagedError, match=r"000000\.f16.*holds 5 bytes, expected at least 8192"):
        store._map(state)


def test_damage_that_kept_the_time_is_found_on_demand(tmp_path: Path) -> None:
    store, _, _ = filled(tmp_path, [3], max_rows=3)
    store.close()
    path, (state,) = tmp_path / "000000.f16", store.states
    damaged_byte(path)
    os.utime(path, ns=(state.mtime_ns, state.mtime_ns))
    VectorStore.open_for_reading(tmp_path, 4, [state])
    with pytest.raises(LibraryDamagedError, match="checksum"):
        VectorStore.open_for_reading(tmp_path, 4, [state], verify=True)


def test_a_copy_with_another_time_is_checked_and_accepted(tmp_path: Path) -> None:
    store, _, _ = filled(tmp_path, [3], max_rows=3)
    store.close()
    os.utime(tmp_path / "000000.f16", ns=(1, 1))
    VectorStore.open_for_reading(tmp_path, 4, store.states)
    assert VectorStore.open_for_writing(tmp_path, 4, store.states).states[0].mtime_ns == 1


def test_rows_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    store = VectorStore.open_for_writing(tmp_path, 4, [])
    with pytest.raises(ValueError, match=r"\(3, 5\), expected \(2, 4\)"):
        store.append(np.zeros((3, 5), np.float16), [2])


def test_segments_are_at_most_256_megabytes_by_default(tmp_path: Path) -> None:
    store = VectorStore.open_for_writing(tmp_path, 256, [])
    assert store._max_rows * 256 * 2 == 256 * 2**20
    assert SegmentState(0, 1, 2, 3).num_rows == 1


@settings(deadline=None, max_examples=50)
@given(ids=st.lists(st.integers(0, 29), max_size=40), max_rows=st.integers(3, 40))
def test_records_are_those_asked_for_in_any_order_and_from_any_segment(
    tmp_path_factory: pytest.TempPathFactory, ids: list[int], max_rows: int
) -> None:
    store, rows, _ = filled(tmp_path_factory.mktemp("store"), [3] * 30, max_rows)
    found = store.records(np.array(ids, np.int64), 3)
    store.close()
    np.testing.assert_array_equal(found, rows.reshape(30, 3, 4)[np.array(ids, np.int64)])
