"""How tables are declared: by a class whose annotations say what each column holds."""

from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_origin, get_type_hints

from sqlalchemy import Boolean, Column, DateTime, Dialect, Double, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapped as Mapped
    from sqlalchemy.orm import mapped_column as mapped_column
else:
    Mapped = mapped_column = Column  # the ORM takes a tenth of a search to import, and no statement needs it

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class PathText(TypeDecorator[str]):
    """A file name as text; one that is not valid UTF-8 is kept as its bytes, so no photo is refused for its name.

    On a server all names are bytes: a column has one type there.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the column."""
        return dialect.type_descriptor(LargeBinary() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """Text as it is, and the bytes of a name that holds surrogate escapes."""
        if value is None or (value.isascii() and dialect.name != "postgresql"):
            return value
        encoded = value.encode("utf-8", "surrogateescape")
        if dialect.name == "postgresql":
            return encoded
        try:
            encoded.decode("utf-8")
        except UnicodeDecodeError:
            return encoded
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """The name as Python spells it, with surrogate escapes where it is not UTF-8."""
        return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


class Base:
    """The base of every table, whose annotations say what a column holds, and whether it may hold nothing.

    Constraints are named, because SQLite can only alter what has a name.
    """

    metadata: ClassVar = MetaData(naming_convention=NAMING_CONVENTION)
    __tablename__: ClassVar[str]
    __table__: ClassVar[Table]
    __table_args__: ClassVar[tuple[Any, ...]] = ({},)

    def __init_subclass__(cls) -> None:
        columns = []
        for name, annotation in get_type_hints(cls).items():
            if get_origin(annotation) is Column:
                (held,) = get_args(annotation)
                kinds = get_args(held) or (held,)
                column = cls.__dict__.get(name, Column())
                column.name = column.key = name
                column.nullable = NoneType in kinds
                if isinstance(column.type, NullType):
                    column.type = _TYPES[kinds[0]]
                setattr(cls, name, column)
                columns.append(column)
        *constraints, options = cls.__table_args__
        cls.__table__ = Table(cls.__tablename__, cls.metadata, *columns, *constraints, **options)

    @classmethod
    def __clause_element__(cls) -> Table:
        """What statements take a class for."""
        return cls.__table__


_TYPES = {int: Integer(), bool: Boolean(), datetime: DateTime(), float: Double()}
