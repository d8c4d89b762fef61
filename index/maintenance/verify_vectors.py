"""Compares what PostgreSQL knows of vectors with what Qdrant has: rows without points, points without rows."""

from collections.abc import Iterator

from index.address import ServerAddress
from index.catalogue.builds import BuildRepository
from index.catalogue.server.connection import reading, writing
from index.catalogue.server.keys import VectorKeys, collections_prefix
from index.maintenance.problems import Problem
from index.qdrant.points import collections, remove_collection, remove_points
from index.server.qdrant_vectors import QdrantVectors
from index.server.qdrant_writer import remove_waiting
from index.values import BuildInfo


def verify_vectors(library: ServerAddress, *, repair: bool = False) -> list[Problem]:
    """Compare every key of a library with the points of its Qdrant, by portions.

    With `repair` nobody writes meanwhile: points that no row names are removed, and so are records of photos without
    points, which the next `engine index` embeds again. Raises LibraryError where one of both does not answer.
    """
    problems: list[Problem] = []
    if repair and (waiting := remove_waiting(library)):
        problems.append(Problem("leftover", f"{waiting:,} vectors of photos that are gone were in Qdrant.", True))
    with writing(library, alone=True) if repair else reading(library) as connection:
        builds = BuildRepository(connection).all_builds()
        known = set()
        for build in builds:
            vectors = QdrantVectors(library, connection, build)
            known.add(vectors.points.collection)
            problems += _of_build(library, vectors, build, repair)
        for collection in collections(library, collections_prefix(connection)):
            if collection not in known:
                problems.append(Problem("leftover", f"The collection {collection} is of no model of it.", repair))
                if repair:
                    remove_collection(library, collection)
    return problems


def _of_build(library: ServerAddress, vectors: QdrantVectors, build: BuildInfo, repair: bool) -> Iterator[Problem]:
    """What is wrong with one build; it is mended on the way."""
    keys, points = vectors.keys, vectors.points
    lost = left = 0
    if not points.exists():
        yield Problem("vectors", f"Qdrant has no collection {points.collection}, of {build.model_name}.", repair)
        if not repair:
            return
        points.create()
    for portion in keys.all():
        without = set(portion) - points.known_among(portion)
        if repair:
            keys.forget_records(sorted(without))
        elif without:  # others may have removed them since
            with reading(library) as now:
                without &= VectorKeys(now, build).known_among(sorted(without))
        lost += len(without)
    for portion in points.all():
        unknown = sorted(set(portion) - keys.known_among(portion))
        left += len(unknown)
        if repair:
            remove_points(library, points.collection, unknown)
    if lost:
        yield Problem("records", f"The vectors of {lost:,} photos are not in Qdrant: no search finds them.", repair)
    if left:
        yield Problem("leftover", f"{left:,} points in Qdrant belong to no photo; no answer has them.", repair)
