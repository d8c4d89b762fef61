"""Fixed word vectors x_t (eq. 2): from a table, or from a frozen sentence encoder in context."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from engine.errors import ModelError
from engine.language import minilm

UNKNOWN_PIECE = "[UNK]"


@dataclass(frozen=True, slots=True)
class WordBatch:
    """Word vectors (N, T, E), zero where padded, and their mask (N, T), True = real."""

    vectors: Tensor
    mask: Tensor

    @classmethod
    def of(cls, sentences: Sequence[Tensor]) -> "WordBatch":
        """Pad sentences of shape (T_n, E) to the longest."""
        lengths = torch.tensor([len(words) for words in sentences])
        mask = torch.arange(int(lengths.max())) < lengths[:, None]  # (N, T)
        return cls(pad_sequence(list(sentences), batch_first=True), mask)


class WordVectors(Protocol):
    """Tokenised sentences → one tensor (T_n, E) each; nothing in it is trained here."""

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

    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[Tensor]:
        """Vectors of each sentence's words, (T_n, E) each."""
        ...


def _words_of_pieces(pieces: Tensor, word_of_piece: Tensor, num_words: int) -> Tensor:
    """Mean over the pieces of each word: (P, E) and the word (P,) of each piece → (T, E)."""
    sums = torch.zeros(num_words, pieces.shape[1]).index_add_(0, word_of_piece, pieces)
    counts = torch.bincount(word_of_piece, minlength=num_words)
    return sums / counts.clamp(min=1)[:, None]


class _Pieces:
    """What both kinds of vectors share: words → word pieces."""

    dimension = minilm.DIMENSION

    def __init__(self, tokenizer: Tokenizer) -> None:
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
        if len(encoding.ids) <= minilm.MAX_PIECES - 2:
            return len(words)
        cut = encoding.word_ids[minilm.MAX_PIECES - 2]
        return len(words) if cut is None else cut


class StaticWordVectors(_Pieces):
    """W_w of eq. 2: the encoder's input table; a word's vector is the mean over its pieces, whatever stands around it.

    Each dimension is centred and scaled over the table, so that a recurrent layer sees values of order one.
    """

    identity = f"minilm_static/1/{minilm.WEIGHTS_SHA256[:16]}"

    def __init__(self) -> None:
        super().__init__(minilm.load_tokenizer())
        table = minilm.load_weights()["embeddings.word_embeddings.weight"]
        self._table = (table - table.mean(0)) / table.std(0)

    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[Tensor]:
        """Vectors of each sentence's words, (T_n, E) each."""
        encodings = self._tokenizer.encode_batch(
            [list(words) for words in sentences], is_pretokenized=True, add_special_tokens=False
        )
        return [
            _words_of_pieces(self._table[torch.tensor(encoding.ids)], torch.tensor(encoding.word_ids), len(words))
            for encoding, words in zip(encodings, sentences, strict=True)
        ]


class ContextualWordVectors(_Pieces):
    """The frozen encoder's last layer; a word's vector is the mean over its pieces, in its sentence."""

    identity = f"minilm_contextual/1/{minilm.WEIGHTS_SHA256[:16]}"

    def __init__(self) -> None:
        super().__init__(minilm.load_tokenizer())
        self._network = minilm.MiniLM(minilm.load_weights())

    @torch.inference_mode()
    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[Tensor]:
        """Vectors of each sentence's words, (T_n, E) each."""
        encodings = self._tokenizer.encode_batch([list(words) for words in sentences], is_pretokenized=True)
        pieces = pad_sequence([torch.tensor(encoding.ids) for encoding in encodings], batch_first=True)  # (N, P)
        mask = pad_sequence([torch.tensor(encoding.attention_mask) for encoding in encodings], batch_first=True).bool()
        output = self._network(pieces, mask)  # (N, P, E)
        vectors = []
        for row, (encoding, words) in enumerate(zip(encodings, sentences, strict=True)):
            word_ids = encoding.word_ids  # None for the encoder's own start and end
            real = torch.tensor([index for index, word in enumerate(word_ids) if word is not None], dtype=torch.long)
            word_of_piece = torch.tensor([word for word in word_ids if word is not None], dtype=torch.long)
            vectors.append(_words_of_pieces(output[row, real], word_of_piece, len(words)))
        return vectors


def create_word_vectors(name: str) -> WordVectors:
    """The word vectors that a model's configuration names: ``minilm_static`` or ``minilm_contextual``.

    Raises:
        ModelError: an unknown name, or a package that is missing or damaged.
    """
    if name == "minilm_static":
        return StaticWordVectors()
    if name == "minilm_contextual":
        return ContextualWordVectors()
    raise ModelError(f"The word vectors {name!r} are not known; use minilm_static or minilm_contextual.")
