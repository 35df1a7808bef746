"""Principal components of a stage, as three colors that mean the same in every tomogram."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import ModelError
from motorscope.files import replacing
from motorscope.inspection.reducers import Moments
from motorscope.network import list_models

_REACH = 2.5
"""Standard deviations to each side of the mean that a color spans."""

_NOTHING = 1e-6
"""Share of the whole deviation that is none, in single precision."""


@dataclass(frozen=True)
class Basis:
    """Principal axes of a stage's channels.

    Attributes
    ----------
    stage, fingerprint
        Of which stage of which network; see `motorscope.network.Model.fingerprint`.
    mean
        ``(channel,)``.
    axes
        ``(k, channel)``, of length 1, most variance first. The weight of the largest size of each
        is positive, so that colors do not turn over.
    variances
        Variance along each axis ``(k,)``.
    total
        Variance of all channels together.
    """

    stage: str
    fingerprint: str
    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    variances: NDArray[np.float64]
    total: float

    def first(self, count: int) -> "Basis":
        """Return the basis with its first axes only.

        Raises
        ------
        ModelError
            If it has fewer.
        """
        if not 1 <= count <= len(self.axes):
            raise ModelError(
                f"The basis of {self.stage} has {len(self.axes)} components; choose as many or "
                f"fewer, not {count}, or fit it again."
            )
        return replace(self, axes=self.axes[:count], variances=self.variances[:count])

    @property
    def explained(self) -> NDArray[np.float64]:
        """Share of all variance along each axis ``(k,)``."""
        return self.variances / self.total if self.total > 0 else np.zeros_like(self.variances)


def pooled(moments: Sequence[Moments]) -> Moments:
    """Return the moments of several tomograms' voxels together."""
    counts = np.array([each.count for each in moments], dtype=float)
    shares = counts / counts.sum()
    means = np.stack([each.mean for each in moments])
    mean = shares @ means
    away = means - mean
    within = sum(s * each.covariance for s, each in zip(shares, moments, strict=True))
    return Moments(
        count=int(counts.sum()),
        mean=mean,
        covariance=np.asarray(within + (shares[:, None] * away).T @ away),
        least=np.min([each.least for each in moments], axis=0),
        greatest=np.max([each.greatest for each in moments], axis=0),
    )


def fit_basis(
    moments: Sequence[Moments], stage: str, fingerprint: str, components: int = 3
) -> Basis:
    """Fit the principal axes of one or several tomograms.

    Raises
    ------
    ModelError
        If there are fewer channels than components.
    """
    together = pooled(moments)
    channels = len(together.mean)
    if not 1 <= components <= channels:
        raise ModelError(
            f"{stage} has {channels} channels; choose 1 to {channels} principal components, not "
            f"{components}."
        )
    axes, variances = principal_axes(together.covariance, components)
    return Basis(
        stage=stage,
        fingerprint=fingerprint,
        mean=together.mean,
        axes=axes,
        variances=variances,
        total=float(np.trace(together.covariance)),
    )


def principal_axes(
    covariance: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the axes ``(count, channel)`` and the variances along them; see `Basis`."""
    values, vectors = np.linalg.eigh(covariance)
    axes = vectors.T[::-1][:count]
    largest = axes[np.arange(count), np.abs(axes).argmax(axis=1)]
    return axes * np.where(largest < 0, -1.0, 1.0)[:, None], np.maximum(values[::-1][:count], 0)


def colors(components: NDArray[np.float32], basis: Basis) -> NDArray[np.uint8]:
    """Turn components ``(k, z, y, x)``, up to three, into ``(z, y, x, 3)`` red, green and blue.

    The mean is gray; 2.5 standard deviations of the basis, not of this tomogram, span the colors.
    """
    result = np.full((*components.shape[1:], 3), 128, np.uint8)
    deviations = np.sqrt(basis.variances)
    for number, component in enumerate(components[:3]):
        if deviations[number] <= _NOTHING * np.sqrt(basis.total):
            continue  # rounding errors have no color
        scaled = component / np.float32(2 * _REACH * deviations[number]) + np.float32(0.5)
        result[..., number] = np.clip(scaled * 255, 0, 255).astype(np.uint8)
    return result


def basis_path(weights_or_card: str | os.PathLike[str], stage: str) -> Path:
    """Return where the basis of a stage is kept: beside the model, named like it."""
    path = Path(weights_or_card)
    return path.with_name(f"{path.stem}.{stage}.basis.safetensors")


def kept_basis(model: str | os.PathLike[str], stage: str, fingerprint: str) -> Basis | None:
    """Return the basis that is kept with a model, or ``None`` if there is none that fits it.

    Parameters
    ----------
    model
        The name of a shipped model, or a card or a file of weights.
    """
    name = os.fspath(model)
    with as_file(files("motorscope.network") / "models") as shipped:
        path = basis_path(shipped / f"{name}.json" if name in list_models() else name, stage)
        try:
            return load_basis(path, stage, fingerprint)
        except ModelError:
            return None


def save_basis(basis: Basis, path: str | os.PathLike[str]) -> None:
    """Write a basis as safetensors.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    from safetensors.numpy import save_file

    tensors = {name: getattr(basis, name) for name in ("mean", "axes", "variances")}
    tensors["total"] = np.array([basis.total])
    facts = {"stage": basis.stage, "fingerprint": basis.fingerprint}
    with replacing(path, ModelError) as temporary:
        save_file({n: np.ascontiguousarray(t) for n, t in tensors.items()}, temporary, facts)


def load_basis(path: str | os.PathLike[str], stage: str, fingerprint: str) -> Basis:
    """Read a basis for a stage of a network.

    Raises
    ------
    ModelError
        If it cannot be read, or was fitted to another stage or network.
    """
    from safetensors import SafetensorError, safe_open

    names = ("mean", "axes", "variances", "total")
    try:
        with safe_open(path, framework="numpy") as file:
            facts = file.metadata() or {}
            mean, axes, variances, total = (file.get_tensor(name) for name in names)
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelError(f"{path} is no basis of colors ({error}); fit it again.") from error
    if (facts.get("stage"), facts.get("fingerprint")) != (stage, fingerprint):
        raise ModelError(
            f"{path} was fitted to {facts.get('stage')} of another network or stage; fit one for "
            f"{stage} of this network."
        )
    return Basis(stage, fingerprint, mean, axes, variances, float(total[0]))
