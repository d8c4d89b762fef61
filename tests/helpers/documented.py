"""The commands that Markdown documents, as words of a shell: those of its blocks of code, and those in sentences."""

import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*(\w*)")
SHELLS = {"", "bash", "console", "sh", "shell", "shellsession", "text", "zsh"}
WORD = re.compile(r"""(?P<gap>\s*)(?P<word>(?:"[^"]*"|'[^']*'|\\.|[^\s"'\\])+|["'\\])""")
ENDS = {"|", "||", "&", "&&", ";", "—", "→"}
ASSIGNMENT = re.compile(r"[A-Z_]+=")
REDIRECTION = re.compile(r"\d?[<>](?![a-z-]+>)")  # <folder> is a placeholder
SPAN = re.compile(r"(?<!`)`(engine\s[^`]+)`(?!`)")


@dataclass(frozen=True, slots=True)
class Documented:
    """A command without ``engine``; one that is only ``mentioned`` in a sentence may lack arguments."""

    place: str
    words: tuple[str, ...]
    mentioned: bool

    def __str__(self) -> str:
        return f"{self.place}: engine {shlex.join(self.words)}"


def commands_in(path: Path, verbs: Collection[str]) -> list[Documented]:
    """The commands of a file, blocks first; the words of optional parts are there, without their brackets."""
    blocks, sentences = _blocks_and_sentences(path.read_text(encoding="utf-8"))
    found = []
    for number, line in blocks:
        found += [Documented(f"{path.name}:{number}", words, False) for words in commands_of(line, verbs)]
    for span in SPAN.finditer(sentences):
        number = sentences.count("\n", 0, span.start()) + 1
        text = " ".join(span[1].split())
        found += [Documented(f"{path.name}:{number}", words, True) for words in commands_of(text, verbs)]
    return found


def commands_of(line: str, verbs: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The commands of a line of a block: alone, side by side, in a pipe, or before words that say what they do."""
    words: list[str] | None = None
    fresh = True  # whether a command may begin here
    matches = list(WORD.finditer(re.sub(r"^\s*\$\s+", "", line)))
    for match, following in zip_longest(matches, matches[1:]):
        after = "" if following is None else following["word"]
        word, wide = match["word"], len(match["gap"]) > 1
        last = word[-1] == ";" and word != ";"
        word = word.removesuffix(";") if last else word
        begins = word.rpartition("/")[2] == "engine" and (fresh or wide or after in verbs)
        if begins or wide or word in ENDS or word[0] == "#" or REDIRECTION.match(word):
            if words:
                yield tuple(words)
            words = [] if begins else None
            if word[0] == "#":
                return
        elif words is not None:
            words.append(_plain(word))
        fresh = last or word in ENDS or (fresh and ASSIGNMENT.match(word) is not None)
        if last and words:
            yield tuple(words)
            words = None
    if words:
        yield tuple(words)


def _plain(word: str) -> str:
    """A word as a program gets it, and one that may be left out as if it were there."""
    if word[0] in "\"'":
        return shlex.split(word)[0] if shlex.split(word) else ""
    word = re.sub(r"^\[+|(\]|\.{3}|…)+$", "", word)
    if "'" not in word and '"' not in word:
        word = word.partition("|")[0]
    return " ".join(shlex.split(word))


def _blocks_and_sentences(text: str) -> tuple[list[tuple[int, str]], str]:
    """The lines of blocks with their numbers, continued ones joined; and the text without them, as many lines."""
    blocks: list[tuple[int, str]] = []
    sentences: list[str] = []
    fence, shell, indented, blank, continued = "", False, False, True, False
    for number, line in enumerate(text.splitlines(), start=1):
        mark = FENCE.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and not mark[2])):
            fence, shell, continued = ("" if fence else mark[1]), mark[2].lower() in SHELLS, False
            sentences.append("")
            continue
        indented = not fence and line.startswith(("    ", "\t")) and (blank or indented)
        inside = shell if fence else indented
        if inside and continued:
            blocks[-1] = (blocks[-1][0], f"{blocks[-1][1]} {line.strip()}")
        elif inside:
            blocks.append((number, line.strip()))
        continued = inside and line.rstrip().endswith("\\")
        if continued:
            blocks[-1] = (blocks[-1][0], blocks[-1][1].rstrip("\\ "))
        blank = not line.strip()
        sentences.append("" if fence or indented else line)
    return blocks, "\n".join(sentences)
