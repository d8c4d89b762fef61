"""How many threads the libraries below us take for one answer."""


def answer_in_one_thread_each() -> None:
    """Let each answer be computed by the thread that asks, where several threads ask at the same time.

    With two threads each, NumPy's products wait for each other at full speed (docs/decisions). It is told where
    threadpoolctl is installed, which the extra 'serve' has.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:
        return
    threadpool_limits(1, "blas")
