"""The process of a command: how it uses memory."""

import gc
import os


def settle(*, keeps: bool = False) -> None:
    """Set up a process that runs one computation and ends; to be called before NumPy and Pydantic are.

    What a run makes it keeps to the end or drops at once, so that the collector's usual search for cycles finds
    nothing, for a twentieth of the time; a run that `keeps` needs all that it makes, and is over in a second. And
    nobody multiplies matrices here, for which threads would wait, and definitions mean the same whatever else is
    installed, so that nobody looks through it for plugins; what the environment says of both stands.
    """
    gc.set_threshold(500_000 if keeps else 50_000, 20, 20)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
