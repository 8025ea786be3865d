"""Jobs done by several processes, which end the job they are at and leave with their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice

from running.errors import InputError


def by_workers(do: Callable, jobs: list, workers: int) -> Generator:
    """Do jobs and yield what each gives, in any order; broken off, every worker ends the job it is at.

    Parameters
    ----------
    do : callable
        Takes a job; sent to every worker once, as it must be able to be.
    jobs : list
    workers : int
        Processes at work; a single one is this.

    Raises
    ------
    InputError
        When a worker was killed, and as `do` does.
    """
    if workers == 1 or len(jobs) <= 1:
        yield from map(do, jobs)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _enter, (do,))
    waiting = iter(jobs)
    try:
        running = _hand_out(pool, islice(waiting, workers))
        while running:  # never more than the workers are at: what the pool has taken can't be called back
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                made = future.result()
                running |= _hand_out(pool, islice(waiting, 1))
                yield made
    except BrokenProcessPool:
        raise InputError("a worker was killed, perhaps for lack of memory; run again with fewer --workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _hand_out(pool: ProcessPoolExecutor, jobs: Iterable) -> set[Future]:
    """Give jobs to the workers; those that begin here inherit that Ctrl-C is kept from them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return {pool.submit(_work, job) for job in jobs}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_at_work = threading.Lock()
_do: Callable


def _enter(do: Callable) -> None:
    global _do
    _do = do
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End this worker when its parent is gone, for nobody will; but not in the middle of a job."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    with _at_work:
        os._exit(1)


def _work(job):
    with _at_work:
        return _do(job)
