"""Fixed word vectors x_t (eq. 2): from a table, or from a frozen sentence encoder in context."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from engine.errors import ModelError
from engine.language import minilm_package
from engine.language.minilm_package import WEIGHTS_SHA256
from engine.runtime.exported_path import exported_path
from engine.runtime.onnx import Traced, open_session

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN_PIECE = "[UNK]"


class WordVectors(Protocol):
    """Tokenised sentences → one array (T_n, E) each; nothing in it is trained here."""

    dimension: int
    identity: str

    def known(self, word: str) -> bool:
        """Whether the word has a vector of its own: False for signs of no known script."""
        ...

    def whole(self, word: str) -> bool:
        """Whether the word was met as one, and not in pieces, when the vectors were learned."""
        ...

    def num_usable(self, words: Sequence[str]) -> int:
        """How many of a sentence's first words can be taken."""
        ...

    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Vectors of each sentence's words, (T_n, E) each."""
        ...


def _words_of_pieces(pieces: NDArray[np.float32], word_of_piece: Sequence[int], num_words: int) -> NDArray[np.float32]:
    """Mean over the pieces of each word: (P, E) and the word of each of P pieces → (T, E)."""
    sums = np.zeros((num_words, pieces.shape[1]), np.float32)
    np.add.at(sums, np.array(word_of_piece), pieces)
    counts = np.bincount(word_of_piece, minlength=num_words).astype(np.float32)
    means: NDArray[np.float32] = sums / counts.clip(min=1)[:, None]
    return means


class _Pieces:
    """What both kinds of vectors share: words → word pieces."""

    dimension = minilm_package.DIMENSION

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer

    def known(self, word: str) -> bool:
        """Whether the word has pieces other than the unknown one."""
        return any(piece != UNKNOWN_PIECE for piece in self._pieces(word))

    def whole(self, word: str) -> bool:
        """Whether the word is one piece: most common words are, and names that stand in books."""
        pieces = self._pieces(word)
        return len(pieces) == 1 and pieces[0] != UNKNOWN_PIECE

    def _pieces(self, word: str) -> list[str]:
        pieces: list[str] = self._tokenizer.encode([word], is_pretokenized=True, add_special_tokens=False).tokens
        return pieces

    def num_usable(self, words: Sequence[str]) -> int:
        """How many of the first words fit the encoder's 512 positions, two of which are its own."""
        encoding = self._tokenizer.encode(list(words), is_pretokenized=True, add_special_tokens=False)
        if len(encoding.ids) <= minilm_package.MAX_PIECES - 2:
            return len(words)
        cut = encoding.word_ids[minilm_package.MAX_PIECES - 2]
        return len(words) if cut is None else cut


class StaticWordVectors(_Pieces):
    """W_w of eq. 2: the encoder's input table; a word's vector is the mean over its pieces, whatever stands around it.

    Each dimension is centred and scaled over the table, so that a recurrent layer sees values of order one.
    """

    identity = f"minilm_static/1/{WEIGHTS_SHA256[:16]}"

    def __init__(self) -> None:
        super().__init__(minilm_package.load_tokenizer())
        with safe_open(minilm_package.weights_file(), framework="numpy") as file:
            table = file.get_tensor("embeddings.word_embeddings.weight")
        self._table = (table - table.mean(axis=0)) / table.std(axis=0, ddof=1)

    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Vectors of each sentence's words, (T_n, E) each."""
        encodings = self._tokenizer.encode_batch(
            [list(words) for words in sentences], is_pretokenized=True, add_special_tokens=False
        )
        return [
            _words_of_pieces(self._table[encoding.ids], [word or 0 for word in encoding.word_ids], len(words))
            for encoding, words in zip(encodings, sentences, strict=True)
        ]


class ContextualWordVectors(_Pieces):
    """The frozen encoder's last layer; a word's vector is the mean over its pieces, in its sentence."""

    identity = f"minilm_contextual/1/{WEIGHTS_SHA256[:16]}"

    def __init__(self) -> None:
        super().__init__(minilm_package.load_tokenizer())
        self._network = open_session(_KEY, _traced, threads=1)

    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Vectors of each sentence's words, (T_n, E) each."""
        encodings = self._tokenizer.encode_batch([list(words) for words in sentences], is_pretokenized=True)
        length = max(len(encoding.ids) for encoding in encodings)
        numbers, mask = np.zeros((2, len(encodings), length), np.int64)
        for row, encoding in enumerate(encodings):
            numbers[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = encoding.attention_mask
        (output,) = self._network.run(None, {"pieces": numbers, "mask": mask.astype(bool)})  # (N, P, E)
        vectors = []
        for own, encoding, words in zip(output, encodings, sentences, strict=True):
            # None stands for the encoder's own start and end.
            places = [(index, word) for index, word in enumerate(encoding.word_ids) if word is not None]
            pieces, word_of_piece = zip(*places, strict=True)
            vectors.append(_words_of_pieces(own[list(pieces)], word_of_piece, len(words)))
        return vectors


def _traced() -> Traced:
    from engine.language.minilm import traced

    return traced()


def create_word_vectors(name: str) -> WordVectors:
    """The word vectors that a model's configuration names, ``minilm_static`` or ``minilm_contextual``; once a process.

    Raises:
        ModelError: an unknown name, or a package that is missing or damaged.
    """
    if name not in _KINDS:
        raise ModelError(f"The word vectors {name!r} are not known; use {' or '.join(_KINDS)}.")
    with _lock:
        if name not in _made:
            _made[name] = _KINDS[name]()
        return _made[name]


def open_ahead() -> None:
    """Begin to open the contextual ones in a thread of its own, while something else is done, such as importing.

    Nothing is done where they were not exported yet. Python waits for the thread at its end, as it has to: a thread
    that comes back from C++ after it ends the process with an error.
    """

    def work() -> None:
        with suppress(Exception):  # who needs them gets the error
            create_word_vectors("minilm_contextual")

    if exported_path(_KEY).is_file():
        Thread(target=work, name="word vectors").start()


_KINDS: dict[str, Callable[[], WordVectors]] = {
    "minilm_static": StaticWordVectors,
    "minilm_contextual": ContextualWordVectors,
}
_KEY = f"words|{ContextualWordVectors.identity}"
_made: dict[str, WordVectors] = {}
_lock = Lock()
