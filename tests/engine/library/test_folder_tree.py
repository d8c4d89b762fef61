"""The tree of a library's folders."""

from engine.library.folder_tree import FolderTree
from index.catalogue.groups import Counted

TREE = FolderTree(
    [
        Counted("/home/me/Pictures/2023/Rome", 3, 1),
        Counted("/home/me/Pictures/2024", 2, 4),
        Counted("/home/me/Pictures/2024/Paris", 5, 6),
    ]
)


def test_it_begins_where_all_photos_lie_below() -> None:
    assert TREE.top == "/home/me/Pictures"
    assert TREE.names[0] == TREE.top
    assert FolderTree([Counted("/a", 1, 1), Counted("/b", 1, 2)]).top == "/"
    assert FolderTree([Counted("/a/b", 1, 1)]).top == "/a/b"


def test_a_folder_counts_the_photos_below_it_and_shows_one() -> None:
    assert TREE.inside(TREE.top) == [Counted("/home/me/Pictures/2023", 3, 1), Counted("/home/me/Pictures/2024", 7, 4)]
    assert TREE.inside("/home/me/Pictures/2024/Paris") == []


def test_the_way_to_a_folder_begins_at_the_top() -> None:
    paris = TREE.trail("/home/me/Pictures/2024/Paris")
    assert paris == ["/home/me/Pictures", "/home/me/Pictures/2024", "/home/me/Pictures/2024/Paris"]
