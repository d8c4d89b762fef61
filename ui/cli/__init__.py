"""The command line, one file a verb. What takes long to import is imported inside a verb, so that help is instant."""

import gc
import os

gc.set_threshold(20_000)  # what is imported stays: looking through it again and again took a tenth of a search
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")  # its threads wait at full speed, for 0.1 s as numpy is imported
