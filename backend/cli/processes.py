"""Several processes that serve: forked from one that has loaded everything."""

import os
import signal
import sys
import threading
import time
from multiprocessing import context
from typing import Final

from uvicorn import _subprocess
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import SIGNALS

_FORKS: Final = sys.platform == "linux"  # elsewhere forking is not there, or not safe
_LOOK_SECONDS: Final = 0.5


if _FORKS:

    class _Forked(context.ForkProcess):
        """A process that shares the memory of what it was forked from, as long as neither writes there."""

        def run(self) -> None:
            """Take signals as a new process would, and not as the one that looks after it."""
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            parent = self._parent_pid  # type: ignore[attr-defined] # of every process of the library
            threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
            super().run()

    class _Forking(context.ForkContext):
        Process = _Forked

    def _end_with(parent: int) -> None:
        """Stop as on SIGTERM when the process that looks after this one is gone, however it ended.

        Otherwise a killed one leaves processes that hold the port, and no new one can listen there.
        """
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)


class Processes(Multiprocess):
    """Serves in several processes, and listens no longer than they do.

    A socket that this process left open would go on taking connections that nobody answers.
    """

    def init_processes(self) -> None:
        """Start the processes."""
        if _FORKS:
            # The one place where uvicorn can be told how processes start: each would import everything again.
            _subprocess.spawn = _Forking()  # type: ignore[assignment] # it is another context
        super().init_processes()

    def terminate_all(self) -> None:
        """Ask every process to stop."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()
