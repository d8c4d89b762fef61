"""How many threads an answer takes."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
import torch

from engine.runtime import threads
from engine.runtime.threads import answer_in_one_thread_each, one_thread, set_own_threads

if TYPE_CHECKING:
    from engine.models.multimodal import MultimodalModel


@pytest.fixture
def four() -> Iterator[None]:
    """torch takes four threads here and in threads that begin."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def of_a_new_thread() -> int:
    """What torch takes in a thread that begins now."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(torch.get_num_threads).result()


def test_torch_has_its_threads_again_after_one_thread_even_when_the_work_fails() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    with pytest.raises(ZeroDivisionError), one_thread():
        _ = 1 / 0
    assert torch.get_num_threads() == before


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("order", sorted(set(permutations([0, 0, 1, 1, 2, 2]))))
def test_blocks_of_three_threads_that_overlap_leave_every_thread_its_number(order: tuple[int, ...]) -> None:
    pools = [ThreadPoolExecutor(1) for _ in range(3)]
    blocks = [one_thread() for _ in pools]
    inside: set[int] = set()
    for number in order:
        if number in inside:
            inside.remove(number)
            pools[number].submit(blocks[number].__exit__, None, None, None).result()
        else:
            inside.add(number)
            pools[number].submit(blocks[number].__enter__).result()
        assert [pool.submit(torch.get_num_threads).result() for pool in pools] == [
            1 if other in inside else 4 for other in range(3)
        ]
        assert torch.get_num_threads() == of_a_new_thread() == 4
    for pool in pools:
        pool.shutdown()


@pytest.mark.usefixtures("four")
def test_blocks_that_new_threads_enter_and_leave_at_once_leave_every_thread_its_number() -> None:
    barrier = Barrier(8)

    def enter_and_leave(number: int) -> int:
        barrier.wait(10)
        for _ in range(number + 1):
            with one_thread(), one_thread():
                assert torch.get_num_threads() == 1
                time.sleep(0.001)
        return torch.get_num_threads()

    for _ in range(10):
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(enter_and_leave, range(8))) == [4] * 8
        assert torch.get_num_threads() == of_a_new_thread() == 4


@pytest.mark.usefixtures("four")
def test_large_products_too_are_computed_by_one_thread() -> None:
    matrix = torch.ones(1000, 1000)

    def share_of_others() -> float:
        before, own = time.process_time(), time.thread_time()
        torch.mm(matrix, matrix)  # by MKL, which has a number of its own
        return (time.process_time() - before) / (time.thread_time() - own) - 1

    def alone() -> float:
        set_own_threads(1)
        return share_of_others()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(alone).result() < 0.1


@pytest.mark.usefixtures("four")
def test_where_the_openmp_of_torch_is_not_found_torch_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_setters", list)
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 4


@pytest.mark.usefixtures("four")
def test_a_service_takes_one_thread_in_all_that_begin() -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    with threadpoolctl.threadpool_limits(None):  # puts BLAS back
        answer_in_one_thread_each()
        blas = [it["num_threads"] for it in threadpoolctl.threadpool_info() if it["user_api"] == "blas"]
        assert set(blas) == {1}
        with one_thread():
            assert torch.get_num_threads() == of_a_new_thread() == 1
        assert torch.get_num_threads() == of_a_new_thread() == 1


@pytest.mark.skipif(torch.get_num_threads() < 2, reason="torch has no other threads here")
def test_no_other_thread_works_while_a_text_is_read(model: "MultimodalModel") -> None:
    def of_others() -> float:
        return time.process_time() - time.thread_time()

    model.read("a dog on a beach")
    time.sleep(0.1)  # threads that torch had begun wait a while for more to do
    before, own = of_others(), time.thread_time()
    for _ in range(20):
        model.read("a dog on a beach")
    assert of_others() - before < 0.1 * (time.thread_time() - own)
