"""The SQL of roots: what was indexed by name, and is looked at again when the library is brought up to date."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from index.catalogue.builds import portions, utc_now
from index.catalogue.dialects import upsert
from index.catalogue.schema import Root


class RootRepository:
    """Statements about roots."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def roots(self) -> list[str]:
        """The paths of all roots, in order."""
        return list(self._connection.execute(select(Root.path).order_by(Root.path)).scalars())

    def replace_roots(self, paths: Sequence[str], known: Sequence[str] | None = None) -> None:
        """Let these be the roots in the place of those that were known, or of all; others may have added some since.

        Those that stay keep the time they were added.
        """
        before = set(self.roots())
        for some in portions(sorted((before if known is None else before.intersection(known)).difference(paths))):
            self._connection.execute(delete(Root).where(Root.path.in_(some)))
        new = [{"path": path, "added_at": utc_now()} for path in paths if path not in before]
        if new:
            self._connection.execute(upsert(self._connection, Root).on_conflict_do_nothing(), new)
