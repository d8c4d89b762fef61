"""The command line, one file a verb. What takes long to import is imported inside a verb, so that help is instant."""

import gc

gc.set_threshold(20_000)  # what is imported stays: looking through it again and again took a tenth of a search
