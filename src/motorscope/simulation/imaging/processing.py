"""What programs make of a tomogram, beyond optics: filters that are not known, drawn at random.

Tomograms have been corrected, reconstructed by other rules than weighted back-projection, filtered
and binned. Their sections show it: a band-pass rather than rings of a contrast transfer function,
streaks at right angles to the tilt axis, noise of a colour of its own, and some of it from
afterwards, so that it fills the missing wedge too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Factor = NDArray[np.floating]


@dataclass(frozen=True)
class Processing:
    """How one tomogram was processed; lengths in Å.

    Attributes
    ----------
    blur, broad, broad_share
        Of a band-pass in place of the contrast transfer function: its upper end, and how much of
        what is broader than `broad` it takes away. No band-pass where `blur` is 0.
    low_pass, steepness
        Where and how steeply signal and noise end together; nowhere where `low_pass` is 0.
    iterated
        Structures finer than this across the tilt axis have not converged, as after a few
        iterations of SIRT; 0 for weighted back-projection.
    ramp, ramp_floor, ramp_across
        The noise's amplitude rises as ``ramp * frequency`` from `ramp_floor` to 1, by the
        frequency across the tilt axis or, if not `ramp_across`, by its length.
    late
        Standard deviation of the white noise that came last, in those of the other noise.
    """

    blur: float
    broad: float
    broad_share: float
    low_pass: float
    steepness: float
    iterated: float
    ramp: float
    ramp_floor: float
    ramp_across: bool
    late: float


def draw_processing(rng: np.random.Generator) -> Processing:
    """Draw the processing of one tomogram.

    The ranges are chosen to be wide, not measured. Those of `iterated` are 4 to 50 iterations on a
    tomogram of 0.5 to 1 µm, if after n of them what is finer than the width over 0.7 n has not
    converged (SIRT: Gilbert 1972, J. Theor. Biol. 36, 105).
    """
    band, ended, iterated, late = rng.random(4) < (0.6, 0.35, 0.5, 0.5)
    return Processing(
        blur=float(rng.uniform(8, 42)) * bool(band),
        broad=float(rng.uniform(60, 320)),
        broad_share=float(rng.uniform(0, 0.8)),
        low_pass=float(rng.uniform(36, 80)) * bool(ended),
        steepness=float(rng.uniform(2, 7)),
        iterated=float(np.exp(rng.uniform(np.log(150), np.log(3500)))) * bool(iterated),
        ramp=float(rng.uniform(25, 100)),
        ramp_floor=float(rng.uniform(0.05, 0.9)),
        ramp_across=bool(rng.random() < 0.6),
        late=float(rng.uniform(0.1, 0.8)) * bool(late),
    )


def band_pass(frequency: ArrayLike, processing: Processing) -> Factor:
    """Return what the band-pass leaves of amplitudes at frequencies in 1/Å, 1 at the most."""
    fine, broad, share = processing.blur**2, processing.broad**2, processing.broad_share

    def passed(square: Factor) -> Factor:
        left: Factor = np.exp(-fine * square) - share * np.exp(-broad * square)
        return left

    # Highest where the derivative by the frequency's square is 0, or at its beginning.
    best = np.log(max(share * broad / max(fine, 1.0), 1.0)) / (broad - fine)
    factor: Factor = passed(np.asarray(frequency, dtype=float) ** 2) / passed(np.asarray(best))
    return np.minimum(factor, 1.0)  # but for rounding


def end(frequency: ArrayLike, processing: Processing) -> Factor:
    """Return what binning or a low-pass leaves of signal and noise at frequencies in 1/Å."""
    k = np.asarray(frequency, dtype=float)
    factor: Factor = np.exp(-0.5 * (k * processing.low_pass) ** processing.steepness)
    return factor if processing.low_pass else np.ones_like(k)


def converged(across: ArrayLike, processing: Processing) -> Factor:
    """Return what the iterations have reached at frequencies (1/Å) across the tilt axis.

    ``min(1, 1 / (iterated · frequency))``: an iteration adds to each frequency a share of what is
    missing, and that share falls as one over the frequency.
    """
    u = np.asarray(across, dtype=float)
    factor: Factor = 1 / np.maximum(u * processing.iterated, 1)
    return factor


def ramp(frequency: ArrayLike, processing: Processing) -> Factor:
    """Return the noise's amplitude before the iterations at frequencies in 1/Å, at most 1."""
    k = np.asarray(frequency, dtype=float)
    factor: Factor = np.clip(k * processing.ramp, processing.ramp_floor, 1)
    return factor
