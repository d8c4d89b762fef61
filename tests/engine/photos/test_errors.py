"""The exception tree is whole: exported, drawn, and under one base."""

import pickle

from engine import errors


def test_every_error_is_exported_drawn_and_under_the_base() -> None:
    assert sorted(errors.__all__) == errors.__all__
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.EngineError)
        assert name in (errors.__doc__ or "")


def test_a_photo_error_names_the_path_and_survives_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(errors.PhotoPathError("a.jpg", "it is gone")))
    assert (str(error), error.path, error.reason) == ("a.jpg: it is gone", "a.jpg", "it is gone")
    assert isinstance(error, errors.PhotoError)
