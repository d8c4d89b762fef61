"""The SQL of sentences and their records, one method a statement."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, Row, and_, delete, exists, select

from index.catalogue.builds import portions
from index.catalogue.dialects import unique_text, upsert
from index.catalogue.schema import Caption, Sentence, SentenceRecord
from index.store.segments import StoredSentences, VectorStore


class SentenceRepository:
    """Statements about sentences."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def embedded_among(self, build_id: int, texts: Sequence[str]) -> set[str]:
        """Those of `texts` that the build has embedded, whoever wrote them."""
        found: set[str] = set()
        for some in portions(texts):
            statement = (
                select(Sentence.text)
                .join(SentenceRecord, SentenceRecord.sentence_id == Sentence.id)
                .where(SentenceRecord.build_id == build_id, Sentence.text.in_(some))
            )
            found.update(self._connection.execute(statement).scalars())
        return found

    def generated_without_record(self, build_id: int) -> list[tuple[str, str, bool]]:
        """(text, source, False) of the generated sentences that the build has not embedded, in the order of adding."""
        statement = (
            select(Sentence.text, Sentence.source)
            .join(
                SentenceRecord,
                and_(SentenceRecord.sentence_id == Sentence.id, SentenceRecord.build_id == build_id),
                isouter=True,
            )
            .where(SentenceRecord.sentence_id.is_(None), Sentence.generated)
            .order_by(Sentence.id)
        )
        return [(text, source, False) for text, source in self._connection.execute(statement)]

    def save_sentences(
        self, texts: Sequence[str], sources: Sequence[str], of_photos: Sequence[bool], *, generated: bool
    ) -> None:
        """Add sentences, each of a photo or not; one that is known keeps its number and its first source.

        One of a person takes the place of a generated one.
        """
        statement = upsert(self._connection, Sentence)
        known = unique_text(self._connection, Sentence.text)
        if generated:
            statement = statement.on_conflict_do_nothing(index_elements=known)
        else:
            statement = statement.on_conflict_do_update(
                index_elements=known,
                set_={name: statement.excluded[name] for name in ("source", "generated", "of_photos")},
                where=Sentence.generated.is_(True),
            )
        self._connection.execute(
            statement,
            [
                {"text": text, "source": source, "generated": generated, "of_photos": own}
                for text, source, own in zip(texts, sources, of_photos, strict=True)
            ],
        )

    def delete_unused(self, sentence_ids: Sequence[int]) -> None:
        """Remove those of the sentences that a caption model wrote and that are no photo's caption."""
        for some in portions(sentence_ids):
            self._connection.execute(
                delete(Sentence).where(
                    Sentence.id.in_(some), Sentence.generated, ~exists().where(Caption.sentence_id == Sentence.id)
                )
            )

    def ids_of_texts(self, texts: Sequence[str]) -> dict[str, int]:
        """The numbers of those of `texts` that are in the catalogue."""
        found: dict[str, int] = {}
        for some in portions(texts):
            rows = self._connection.execute(select(Sentence.text, Sentence.id).where(Sentence.text.in_(some)))
            found.update((text, sentence_id) for text, sentence_id in rows)
        return found

    def save_records(
        self, build_id: int, sentence_ids: Sequence[int], starts: Sequence[int], num_words: Sequence[int]
    ) -> None:
        """Say where the build's store holds each sentence; a newer place replaces an older one."""
        statement = upsert(self._connection, SentenceRecord)
        new = statement.excluded
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["build_id", "sentence_id"],
                set_={"start": new.start, "num_words": new.num_words},
            ),
            [
                {"build_id": build_id, "sentence_id": sentence_id, "start": start, "num_words": count}
                for sentence_id, start, count in zip(sentence_ids, starts, num_words, strict=True)
            ],
        )

    def sentence_records(self, build_id: int) -> Sequence[Row[int, int, int, bool, bool]]:
        """(sentence, first row, number of words, generated, of photos) of every sentence of the build, by first row."""
        statement = (
            select(
                SentenceRecord.sentence_id,
                SentenceRecord.start,
                SentenceRecord.num_words,
                Sentence.generated,
                Sentence.of_photos,
            )
            .join(Sentence, Sentence.id == SentenceRecord.sentence_id)
            .where(SentenceRecord.build_id == build_id)
            .order_by(SentenceRecord.start, SentenceRecord.num_words)
        )
        return self._connection.execute(statement).all()

    def texts(self, sentence_ids: Sequence[int]) -> dict[int, str]:
        """The texts of those of the sentences that are in the catalogue, by number."""
        found: dict[int, str] = {}
        for some in portions(sentence_ids):
            rows = self._connection.execute(select(Sentence.id, Sentence.text).where(Sentence.id.in_(some)))
            found.update((sentence_id, text) for sentence_id, text in rows)
        return found


def stored_sentences(connection: Connection, build_id: int, store: VectorStore) -> StoredSentences:
    """Where the sentences of a build lie in their store, from a transaction of their own."""
    with connection.begin():
        rows = SentenceRepository(connection).sentence_records(build_id)
    places = np.array([row[1:3] for row in rows], np.int64).reshape(-1, 2)
    return StoredSentences(store, places[:, 0], places[:, 1])
