"""A library with everything that an export says of it, and the files of an export."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from index import BuildSpec, CaptionRow, LibraryWriter, MarkChange, PhotoRow, curating

NAMES = (
    "library.json", "photos.jsonl", "sentences.jsonl", "albums.jsonl", "searches.jsonl", "photos.npy", "sentences.npy",
)  # fmt: skip
ODD = ["/a/line\nbreak.jpg", '/a/"quoted".jpg', "/a/写真 🐕\u2028.jpg", "/a/\udcff\udcfe.jpg"]


def filled(maker: Any) -> Any:
    """Photos with all metadata, missing, copied, changed, unseen by the model; sentences, captions, a worn store."""
    maker.fill(30, max_rows=60)
    spec = maker.spec
    with LibraryWriter.open(maker.folder, max_rows=60) as writer:
        writer.use_build(BuildSpec("older", "0a" * 32, 2, 3, has_global=False))
        older = type(maker)(maker.folder, BuildSpec("older", "0a" * 32, 2, 3, has_global=False))
        older.add(writer, ["/unseen.jpg"])
        writer.use_build(spec)
        maker.add(writer, ODD)
        maker.add(writer, ["/photos/3.jpg", "/photos/4.jpg"], content="edited")
        writer.link_photo("/copy.jpg", 1, 2, "content of /photos/7.jpg")
        row = PhotoRow(
            "/full.jpg", 2**40, -5, "c", 640, 480, "JPEG", datetime(2020, 2, 29, 1, 2, 3, 456), "Ærø", -1.5, 179.9,
            -720, "p" * 8, "0123456789abcdef", file_rating=-1, file_label="Rød",
        )  # fmt: skip
        zeros = (np.zeros((1, 5, 4), np.float32), np.zeros((1, 5), np.float32))
        writer.add_photos([row], np.ones((1, spec.rows_per_photo, 12), np.float16), *zeros)
        counts = [3, 0, 1, 2]
        texts = ["a dog runs", "", "犬", "two\nlines"]
        rows = maker.rng.standard_normal((6 + 4 * spec.has_global, 12)).astype(np.float16)
        files = ["a", ODD[3], "c", "d"]
        for file, text in zip(files, texts, strict=True):
            writer.replace_sentence_file([file], [text])
        writer.add_sentences(texts, files, rows, np.array(counts))
        known = dict(writer.known_photos())
        captions = {
            known[path].photo_id: [CaptionRow("written", -1.25), CaptionRow("a dog runs", -1 / 3)]
            for path in ("/photos/1.jpg", "/copy.jpg")
        }
        writer.add_captions(
            "f00d", captions, ["written"], np.ones((1 + spec.has_global, 12), np.float16), np.array([1])
        )
        writer.note_changes(moved=[], returned=[], gone=[known["/photos/2.jpg"].photo_id])
        writer.finish()
    with curating(maker.folder) as curation:
        curation.create_album("Zürich 🐕", "Two\nlines")
        curation.create_album("empty")
        some = [known[path].photo_id for path in ("/photos/9.jpg", "/photos/2.jpg", "/copy.jpg", ODD[3])]
        curation.add_to_album("zürich 🐕", some)
        curation.change_album("Zürich 🐕", cover_id=some[3])
        curation.mark(some[:2], MarkChange(favourite=True, rating=0, label=""))
        curation.mark([some[3]], MarkChange(hidden=True, label="Grün"))
        curation.save_search("Dogs", '{"q": "a dog", "not": ["snöw"], "rating": "3.."}')
    return maker


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
