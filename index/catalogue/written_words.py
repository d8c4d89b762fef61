"""The words that are written about photos, taken from the other tables for full-text search."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from index.catalogue.schema import Photo, PhotoText
from index.word_folding import folded_words, name_texts, name_words, words_in


def written_words(connection: Connection, photo_ids: Sequence[int]) -> dict[int, list[list[str]]]:
    """The folded words of each text about those of the photos that there are, those of names among them."""
    texts: dict[int, list[list[tuple[str, int, int]]]] = {}
    photos = select(Photo.id, Photo.path, Photo.camera).where(Photo.id.in_(photo_ids))
    for photo_id, path, camera in connection.execute(photos):
        texts[photo_id] = [*map(name_words, name_texts(path)), *([folded_words(camera)] if camera else [])]
    columns = (Photo.id, PhotoText.source, PhotoText.text)
    own = select(*columns).join(PhotoText).where(Photo.id.in_(photo_ids)).order_by(PhotoText.id)
    for photo_id, source, text in connection.execute(own):
        texts[photo_id].append(words_in(source)(text))
    return {photo_id: [[word for word, _, _ in words] for words in of_texts] for photo_id, of_texts in texts.items()}
