"""What is done with the photos of an answer in a browser: opened, leafed through, scrolled, and the bytes of it."""

import base64
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Page

WAIT_MS = 120_000
SCROLL_BY = 2500  # pixels of a turn of the wheel
OPENED = 20

# Milliseconds until a photo is seen large, and until it is seen sharp; counted from what the browser was told.
_SEEN = """(key) => new Promise(done => {
  const dialog = document.querySelector('dialog.vs-lightbox');
  delete dialog.dataset.shownMs;
  const start = performance.now();
  const look = () => {
    const sharp = dialog.open && dialog.querySelector('.vs-over.vs-there');
    if (sharp && dialog.dataset.shownMs) done([Number(dialog.dataset.shownMs), performance.now() - start]);
    else requestAnimationFrame(look);
  };
  if (key === 'Enter') document.activeElement.click();
  else document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  requestAnimationFrame(look);
})"""

_NOTE_BATCHES = """() => {
  window.batches = [];
  new MutationObserver(changes => {
    const added = changes.reduce((sum, change) => sum + change.addedNodes.length, 0);
    if (added) window.batches.push([performance.now(), added]);
  }).observe(document.querySelector('.vs-rows'), {childList: true});
}"""


class Bytes:
    """What a page was sent: files and pictures, and messages of its session."""

    def __init__(self, page: Page) -> None:
        self.files = self.messages = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._loaded)
        session.on("Network.webSocketFrameReceived", self._received)

    def _loaded(self, event: dict[str, Any]) -> None:
        self.files += int(event["encodedDataLength"])

    def _received(self, event: dict[str, Any]) -> None:
        response = event["response"]
        content = response["payloadData"]
        self.messages += len(base64.b64decode(content)) if response["opcode"] == 2 else len(content)

    def so_far(self) -> dict[str, int]:
        """Kilobytes since the last time this was asked."""
        counted = {"files_kb": round(self.files / 1e3), "messages_kb": round(self.messages / 1e3)}
        self.files = self.messages = 0
        return counted


def leafed_through(page: Page) -> dict[str, dict[str, float]]:
    """Milliseconds to open photos of an answer one after another, and to go to the next one."""
    opened = []
    count = min(OPENED, page.locator("a.vs-photo").count())
    for place in range(count):
        page.locator("a.vs-photo").nth(place).focus()
        opened.append(page.evaluate(_SEEN, "Enter"))
        page.keyboard.press("Escape")
        page.locator("dialog.vs-lightbox[open]").wait_for(state="detached")
    page.locator("a.vs-photo").first.focus()
    page.evaluate(_SEEN, "Enter")
    followed = [page.evaluate(_SEEN, "ArrowRight") for _ in range(count - 1)]
    page.keyboard.press("Escape")
    page.locator("dialog.vs-lightbox[open]").wait_for(state="detached")
    return {"opened": _figures(opened), "next": _figures(followed)}


def _figures(pairs: list[list[float]]) -> dict[str, float]:
    if not pairs:  # an answer of one photo has no next one
        return {"photos": 0}
    seen, sharp = zip(*pairs, strict=True)
    return {
        "photos": len(pairs), "seen_best_ms": round(min(seen)), "seen_median_ms": round(median(seen)),
        "seen_p95_ms": round(float(np.percentile(seen, 95))), "sharp_median_ms": round(median(sharp)),
        "sharp_p95_ms": round(float(np.percentile(sharp, 95))),
    }  # fmt: skip


def scrolled(page: Page, photos: int) -> dict[str, Any]:
    """Scroll through so many photos of an answer: how long it took, and whether each came, once and in its turn."""
    page.evaluate(_NOTE_BATCHES)
    started = page.evaluate("performance.now()")
    page.mouse.move(800, 500)
    deadline = started + WAIT_MS
    while page.locator("figure").count() < photos and page.evaluate("performance.now()") < deadline:
        page.mouse.wheel(0, SCROLL_BY)
        page.wait_for_timeout(30)
    batches = page.evaluate("window.batches")
    links = page.locator("a.vs-photo").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    times = [started, *(time for time, _ in batches)]
    waits = [after - before for before, after in pairwise(times)]
    return {
        "photos": len(links), "distinct": len(set(links)), "batches": len(batches),
        "sizes_of_batches": sorted({size for _, size in batches}),
        "seconds": round((times[-1] - started) / 1e3, 1), "longest_wait_ms": round(max(waits, default=0)),
        "median_wait_ms": round(median(waits)) if waits else 0,
    }  # fmt: skip
