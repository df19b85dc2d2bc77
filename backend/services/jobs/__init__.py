"""The outbox: what is asked for in a transaction is done after its commit, at least once.

Any number of processes take jobs side by side. A job's work may run twice (a process dies between the work
and its end), so work must bear repetition.
"""

from backend.services.jobs.doing import Handler, JobDelayedError, JobFailedError, Task, hold, run_due
from backend.services.jobs.outbox import PAYLOAD, enqueue, enqueue_scrub, forget, purge
from backend.services.jobs.payloads import (
    ForAddress,
    ForChange,
    ForExport,
    ForPerson,
    ForReader,
    ForRegistration,
    Nothing,
)

__all__ = [
    "PAYLOAD",
    "ForAddress",
    "ForChange",
    "ForExport",
    "ForPerson",
    "ForReader",
    "ForRegistration",
    "Handler",
    "JobDelayedError",
    "JobFailedError",
    "Nothing",
    "Task",
    "enqueue",
    "enqueue_scrub",
    "forget",
    "hold",
    "purge",
    "run_due",
]
