"""How many threads an answer takes."""

import time
from typing import TYPE_CHECKING

import pytest
import torch

from engine.runtime.threads import one_thread

if TYPE_CHECKING:
    from engine.models.multimodal import MultimodalModel


def test_torch_has_its_threads_again_after_one_thread_even_when_the_work_fails() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    with pytest.raises(ZeroDivisionError), one_thread():
        _ = 1 / 0
    assert torch.get_num_threads() == before


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
