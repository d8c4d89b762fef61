"""Questions about a photo and their answers, turned into statements that a caption could be."""

import re

_BE = r"(?P<be>is|are|was|were)"
_ARTICLE = "(?:the|this|that|these|those|a|an|his|her|their|its|my)"
_SUBJECT = rf"(?P<subject>(?:{_ARTICLE} (?:(?!\w+ing\b)[\w'-]+ ){{0,2}}?[\w'-]+|he|she|it|they))"
_POINTED_AT = "(?:this|that|it|these|those|there|present|pictured|shown)"
_PICTURE = "(?:picture|photo|photograph|image|scene|shot|pic)"
# Answers that say nothing about what can be seen.
_EMPTY = {"yes", "no", "nobody", "no one", "none", "nothing", "nowhere", "unknown", "n/a", "0", "zero"}
_RULES = [
    # Of the picture itself: the answer is the statement.
    (re.compile(rf"^(?:where|when|what|who|how) .*\b{_PICTURE}\b.*$"), "{answer}"),
    (re.compile(rf"^(?:where|when|what|who) {_BE} {_POINTED_AT}\b.*$"), "{answer}"),
    (re.compile(rf"^what (?:is the )?colou?r (?:of |{_BE} )?(?:the |this |that )?(?P<rest>.+)$"), "{answer} {rest}"),
    (re.compile(rf"^where {_BE} (?P<rest>.+)$"), "{rest} {be} {answer}"),
    (re.compile(rf"^(?:what|who) {_BE} {_SUBJECT} (?P<do>\w+ing)(?P<rest>.*)$"), "{subject} {be} {do} {answer}{rest}"),
    (re.compile(rf"^(?:what|who) {_BE} (?P<rest>.+)$"), "{answer} {be} {rest}"),
    (re.compile(r"^how many (?P<rest>[\w'-]+(?: [\w'-]+)?) (?:are|is|can|do|were)\b.*$"), "{answer} {rest}"),
    (re.compile(r"^wh\w+ (?:kind|type|sort) of (?P<rest>.+?) (?:is|are|was|were|does|do)\b.*$"), "{answer} {rest}"),
]  # fmt: skip


def statement(question: str, answer: str) -> str | None:
    """A question and its answer as one statement; where no rule fits, the one after the other.

    None where the answer says nothing that could be seen.

    >>> statement("Where is the coffee mug?", "On the table.")
    'the coffee mug is on the table'
    >>> statement("What is the man holding?", "A bat.")
    'the man is holding a bat'
    >>> statement("What color is the bus?", "Red.")
    'red bus'
    >>> statement("When was this picture taken?", "At night.")
    'at night'
    >>> statement("Why is the man running?", "To catch a ball.")
    'why is the man running to catch a ball'
    >>> statement("Is it raining?", "No.")
    """
    asked, answered = (text.strip().strip("?.! ").lower() for text in (question, answer))
    if answered in _EMPTY:
        return None
    for pattern, form in _RULES:
        if found := pattern.match(asked):
            return form.format(answer=answered, **found.groupdict())
    return f"{asked} {answered}"
