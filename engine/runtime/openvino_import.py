"""OpenVINO without its telemetry, which would report each import to its makers: nothing here leaves the machine."""

import sys
from typing import Any


def import_openvino() -> Any:
    """The package ``openvino``. It is imported late: it takes a second, and is not there for every kind of CPU.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # importing it fails, which is allowed for
    import openvino

    return openvino
