"""A Dask scheduler that runs already, with workers wherever they are."""

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from motorscope import __version__
from motorscope.batch.errors import BatchError
from motorscope.batch.executors.pool import Pool, Wanted

if TYPE_CHECKING:
    from distributed import Client

_PATIENCE = 15  # seconds until a scheduler counts as unreachable


@contextmanager
def open_dask(wanted: Wanted) -> Iterator[Pool]:
    """Connect to a scheduler; see `open_pool`. Its workers stay when this ends."""
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
        from distributed.comm.addressing import parse_address, parse_host_port
        from distributed.comm.registry import get_backend
    except ImportError:
        raise BatchError(
            "Dask is not installed; install it with: pip install napari-motorscope[dask]"
        ) from None
    address = wanted.on.partition(":")[2]
    try:
        # A client that is given no address tells so, but then cannot be closed for half a minute.
        scheme, place = parse_address(address)
        get_backend(scheme)
        parse_host_port(place)
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BatchError(
            f"There is no Dask scheduler at {address} ({str(error).splitlines()[0]}); start one "
            "with 'dask scheduler', or check the address."
        ) from error
    with client:
        count = _check_workers(client, address)
        executor = client.get_executor(pure=False)
        try:
            yield Pool(
                executor,
                f"{count} Dask worker{'s' * (count != 1)} at {address}",
                lost=(KilledWorker,),
                gone=(CancelledError, FutureCancelledError),
            )
        except BaseException:
            executor.shutdown(wait=False)  # which cancels what waits or runs
            raise


def _check_workers(client: "Client", address: str) -> int:
    """Return how many workers there are; all of them have this version of motorscope.

    Raises
    ------
    BatchError
        If there is none, or one has another version.
    """

    def installed() -> str:  # sent as it is: a worker need not have this module
        from importlib.metadata import PackageNotFoundError, version

        try:
            import motorscope

            return str(motorscope.__version__)
        except ImportError:
            pass
        try:
            return version("napari-motorscope")
        except PackageNotFoundError:
            return ""

    versions: dict[str, Any] = client.run(installed)
    if not versions:
        raise BatchError(
            f"The Dask scheduler at {address} has no workers; start some with 'dask worker "
            f"{address}'."
        )
    for worker, version in versions.items():
        if version != __version__:
            has = f"motorscope {version}" if version else "no motorscope"
            raise BatchError(
                f"The Dask worker {worker} has {has}, and this is {__version__}; install the same "
                "version on both."
            )
    return len(versions)
