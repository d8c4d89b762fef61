"""What another program is told of a photo that cannot be read."""

import re

from engine.errors import PhotoError

_QUOTED = re.compile(r": it starts with b['\"].*", re.DOTALL)


def without_content(error: PhotoError) -> str:
    """The sentence, without how a file begins that is no photo: nobody who asks from elsewhere should learn it.

    >>> without_content(PhotoError("a.jpg", "no photo: it starts with b'secret'"))
    'a.jpg: no photo'
    """
    return _QUOTED.sub("", str(error))
