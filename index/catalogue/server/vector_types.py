"""Half-precision vectors on their way to and from PostgreSQL: whole arrays in its binary form, none as text."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo
from sqlalchemy.types import UserDefinedType

_HEADER = struct.Struct(">iiIii")  # of an array: dimensions, whether it holds nulls, the type, length, first subscript


class Vector:
    """A vector (D,) in half precision, on its way to a server."""

    def __init__(self, values: NDArray[np.floating]) -> None:
        self.values = np.asarray(values, np.float16)


class Vectors(Vector):
    """Vectors (n, D)."""


class HalfVector(UserDefinedType[Any]):
    """A column of type halfvec, of `Vector` or, of several, `Vectors`."""

    cache_ok = True

    def __init__(self, dimension: int | None = None, *, many: bool = False) -> None:
        self.dimension = dimension
        self.many = many

    def get_col_spec(self, **_: Any) -> str:
        """The type in a statement."""
        of = "" if self.dimension is None else f"({self.dimension})"
        return f"halfvec{of}{'[]' if self.many else ''}"


def register_vectors(connection: "Connection[Any]") -> bool:
    """Teach a connection these types once, where the server has them; returns whether that was now."""
    if connection.adapters.types.get("halfvec") is not None:
        return False
    info = TypeInfo.fetch(connection, "halfvec")
    connection.rollback()
    if info is None:
        return False
    info.register(connection)
    one, several = info.oid, info.array_oid

    class VectorDumper(Dumper):
        format = Format.BINARY
        oid = one

        def dump(self, obj: Vector) -> Buffer:
            return _records(obj.values[None]).tobytes()[4:]

    class VectorsDumper(VectorDumper):
        oid = several

        def dump(self, obj: Vector) -> Buffer:
            count = len(obj.values)
            header = _HEADER.pack(1, 0, one, count, 1) if count else _HEADER.pack(0, 0, one, 0, 0)[:12]
            return header + _records(obj.values).tobytes()

    class VectorLoader(Loader):
        format = Format.BINARY

        def load(self, data: Buffer) -> NDArray[np.float16]:
            return np.frombuffer(data, ">f2", offset=4).astype(np.float16)

    class VectorsLoader(Loader):
        format = Format.BINARY

        def load(self, data: Buffer) -> NDArray[np.float16]:
            dimensions, _, _ = struct.unpack_from(">iiI", data)
            if not dimensions:
                return np.empty((0, 0), np.float16)
            count = struct.unpack_from(">i", data, 12)[0]
            (size,) = struct.unpack_from(">i", data, _HEADER.size)
            return np.frombuffer(data, _form((size - 4) // 2), count, _HEADER.size)["values"].astype(np.float16)

    connection.adapters.register_dumper(Vector, VectorDumper)
    connection.adapters.register_dumper(Vectors, VectorsDumper)
    connection.adapters.register_loader(one, VectorLoader)
    connection.adapters.register_loader(several, VectorsLoader)
    return True


def _form(dimension: int) -> "np.dtype[np.void]":
    """An element of an array: its bytes, its dimension, two bytes for later use, and the numbers."""
    return np.dtype([("size", ">i4"), ("dim", ">u2"), ("unused", ">u2"), ("values", ">f2", (dimension,))])


def _records(vectors: NDArray[np.float16]) -> NDArray[Any]:
    """Vectors (n, D) in that form."""
    count, dimension = vectors.shape
    records = np.zeros(count, _form(dimension))
    records["size"], records["dim"], records["values"] = 4 + 2 * dimension, dimension, vectors
    return records
