"""Figures of a picture: spectrum, greys, steps between compartments, likeness to a mean motor."""

import numpy as np
from scipy import ndimage

from picture_sections import Picture

PATCH, BINS = 128, 24
# boxes round an upright motor: pixels above (+) or below its centre, and beside its axis
ICE, CYTOPLASM, PERIPLASM = (50, 90), (-90, -35), (4, 14)
BESIDE = (16, 48)
BANDS = {"fine": (0.7, 1.5), "4-8 px": (1.5, 3.0), "8-16 px": (3.0, 6.0)}  # Gaussians'


def patches(picture: Picture, step: int = 64) -> list[np.ndarray]:
    """Cut (128, 128) patches without gold or torn borders; float32, mean 0, deviation 1."""
    result = []
    for y in range(0, picture.pixels.shape[0] - PATCH + 1, step):
        for x in range(0, picture.pixels.shape[1] - PATCH + 1, step):
            area = np.s_[y : y + PATCH, x : x + PATCH]
            if picture.clean[area].mean() > 0.99:
                patch = picture.pixels[area].astype(np.float32)
                result.append((patch - patch.mean()) / max(patch.std(), 1.0))
    return result


def spectrum(patch: np.ndarray) -> np.ndarray:
    """Radial power spectrum (24 bins from 0 to 0.5 cycles a pixel) of a patch, log10."""
    n = patch.shape[0]
    window = np.outer(np.hanning(n), np.hanning(n))
    power = np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2 / (window**2).sum()
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(n), np.fft.fftfreq(n)))
    which = np.minimum((radius / 0.5 * BINS).astype(int), BINS)
    power.flat[0] = power[0, 1]
    mean = np.bincount(which.ravel(), power.ravel()) / np.bincount(which.ravel())
    return np.log10(mean[:BINS] + 1e-9)


def frequencies() -> np.ndarray:
    """The bins' middles, in cycles a pixel."""
    return (np.arange(BINS) + 0.5) / BINS / 2


def level_figures(picture: Picture) -> dict[str, float] | None:
    """Greys of a whole picture, in units of its fine noise where that is said."""
    grey, clean = picture.pixels.astype(np.float32), picture.clean
    if clean.mean() < 0.3:
        return None
    fine = (grey - ndimage.gaussian_filter(grey, 1.5))[clean].std()
    low = np.percentile(ndimage.gaussian_filter(grey, 6.0)[clean], (5, 95))
    ridge = ndimage.gaussian_filter(grey, 1.2) - ndimage.gaussian_filter(grey, 8.0)
    values = grey[clean]
    centred = (values - values.mean()) / values.std()
    return {
        "grey mean": float(values.mean()),
        "grey deviation": float(values.std()),
        **{f"grey {p} %": float(np.percentile(values, p)) for p in (5, 25, 50, 75, 95)},
        "skewness": float((centred**3).mean()),
        "kurtosis": float((centred**4).mean() - 3),
        "fine noise (grey values)": float(fine),
        "low-pass span 5-95 % / fine noise": float((low[1] - low[0]) / fine),
        "darkest ridge (0.5 %) / fine noise": float(-np.percentile(ridge[clean], 0.5) / fine),
        "brightest ridge (99.5 %) / fine noise": float(np.percentile(ridge[clean], 99.5) / fine),
        "neighbours' correlation": _neighbours(grey, clean),
        **_grain(picture),
    }


def _neighbours(grey: np.ndarray, clean: np.ndarray) -> float:
    """Correlation of horizontally and vertically adjacent pixels without slow changes."""
    fine = np.where(clean, grey - ndimage.gaussian_filter(grey, 4.0), 0)
    pairs = (fine[1:] * fine[:-1]).sum() + (fine[:, 1:] * fine[:, :-1]).sum()
    return float(pairs / 2 / (fine**2).sum())


def _grain(picture: Picture) -> dict[str, float]:
    """Power along the grain's strongest direction over that across it, 0.08-0.4 cycles a pixel."""
    cut = patches(picture)
    if not cut:
        return {}
    window = np.outer(np.hanning(PATCH), np.hanning(PATCH))
    power = np.mean([np.abs(np.fft.fft2(p * window)) ** 2 for p in cut], 0)
    y, x = np.meshgrid(np.fft.fftfreq(PATCH), np.fft.fftfreq(PATCH), indexing="ij")
    radius, sector = np.hypot(y, x), ((np.arctan2(y, x) % np.pi) / np.pi * 12).astype(int) % 12
    kept = (radius > 0.08) & (radius < 0.4)
    flat = power * radius  # every frequency weighs alike
    means = [flat[kept & (sector == s)].mean() for s in range(12)]
    return {"grain: strongest direction / weakest": float(max(means) / min(means))}


def upright_figures(picture: Picture, angle: float) -> dict[str, float] | None:
    """Steps between ice, periplasm and cytoplasm round a motor, in the ice's deviations.

    ``angle`` in degrees turns the picture so that the motor's outside is up.
    """
    assert picture.motor is not None
    turned, clean = _turned(picture, angle)
    rows, columns = np.mgrid[100:-101:-1, -60:61]
    beside = (abs(columns) >= BESIDE[0]) & (abs(columns) <= BESIDE[1])

    def box(heights: tuple[int, int]) -> np.ndarray:
        return turned[beside & (rows >= heights[0]) & (rows <= heights[1]) & clean]

    ice, cytoplasm = box(ICE), box(CYTOPLASM)
    if min(ice.size, cytoplasm.size) < 500:
        return None
    smooth = ndimage.gaussian_filter(turned, 3.0)
    noise = {}
    for name, heights in (("ice", ICE), ("cytoplasm", CYTOPLASM)):
        area = beside & (rows >= heights[0]) & (rows <= heights[1]) & clean
        noise[name] = (turned - smooth)[area].std()
        for band, (fine, coarse) in BANDS.items():
            part = ndimage.gaussian_filter(turned, fine) - ndimage.gaussian_filter(turned, coarse)
            noise[f"{name} {band}"] = part[area].std()
    sigma = noise["ice"]
    level = np.median(ice)
    below = {"cytoplasm": cytoplasm, "periplasm": box(PERIPLASM)}
    strokes = _membranes(turned, clean, float(level)) | _hook(turned, clean)
    return {
        "ice grey": float(np.median(ice)),
        "cytoplasm grey": float(np.median(cytoplasm)),
        "ice sigma (grey values)": float(sigma),
        "cytoplasm sigma / ice sigma": float(noise["cytoplasm"] / sigma),
        **{f"cytoplasm / ice, {b}": noise[f"cytoplasm {b}"] / noise[f"ice {b}"] for b in BANDS},
        **{f"ice minus {k} (ice sigmas)": (level - np.median(v)) / sigma for k, v in below.items()},
        **{key: value / sigma if "sigmas" in key else value for key, value in strokes.items()},
    }


def _turned(picture: Picture, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Sample (201, 121) pixels round the motor, outside up, and where they are clean."""
    assert picture.motor is not None
    a = np.deg2rad(angle)
    rows, columns = np.mgrid[-100:101, -60:61].astype(np.float64)
    y = picture.motor[0] + np.cos(a) * rows - np.sin(a) * columns
    x = picture.motor[1] + np.sin(a) * rows + np.cos(a) * columns
    turned = ndimage.map_coordinates(picture.pixels.astype(np.float32), (y, x), order=1)
    inside = (y >= 0) & (x >= 0) & (y < 255) & (x < 255)
    clean = ndimage.map_coordinates(picture.clean.astype(np.uint8), (y, x), order=0) > 0
    return turned, clean & inside


def _membranes(turned: np.ndarray, clean: np.ndarray, ice: float) -> dict[str, float]:
    """Depth and width of the darkest stroke in strips 8 pixels wide beside the motor."""
    depths, widths, fringes = [], [], []
    for left in (12, 20, 28, 36):
        for columns in (slice(60 + left, 68 + left), slice(53 - left, 61 - left)):
            strip = turned[45:105, columns]
            if clean[45:105, columns].mean() < 0.99:
                continue
            profile = _straightened(strip)
            at = int(np.argmin(profile[4:-4])) + 4
            depth = ice - profile[at]
            half = profile < ice - depth / 2
            low, high = at, at
            while low > 0 and half[low - 1]:
                low -= 1
            while high < len(half) - 1 and half[high + 1]:
                high += 1
            depths.append(depth)
            widths.append(high - low + 1)
            fringes.append(profile[max(at - 8, 0) : at].max(initial=ice) - ice)
    if not depths:
        return {}
    return {
        "outer membrane below ice (ice sigmas)": float(np.median(depths)),
        "outer membrane width at half depth (px)": float(np.median(widths)),
        "white fringe above ice (ice sigmas)": float(np.median(fringes)),
    }


def _straightened(strip: np.ndarray) -> np.ndarray:
    """Mean profile of a strip, its columns shifted by the slope that deepens it most."""
    columns = np.arange(strip.shape[1]) - strip.shape[1] / 2
    best = strip.mean(1)
    for slope in np.linspace(-1, 1, 9):
        shifted = [np.roll(strip[:, i], round(slope * c)) for i, c in enumerate(columns)]
        profile = np.mean(shifted, 0)
        if profile[4:-4].min() < best[4:-4].min():
            best = profile
    return best


def _hook(turned: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """Depth and width of the dark column 32-44 pixels above the motor's centre."""
    rows = slice(100 - 44, 100 - 31)
    if clean[rows].mean() < 0.9:
        return {}
    profile = ndimage.gaussian_filter1d(turned[rows].mean(0), 1.0)
    ground = np.median(np.r_[profile[30:44], profile[77:91]])
    at = 48 + int(np.argmin(profile[48:73]))
    half = profile < ground - (ground - profile[at]) / 2
    low, high = at, at
    while half[low - 1] and low > 1:
        low -= 1
    while high < len(half) - 1 and half[high + 1]:
        high += 1
    return {
        "hook below ice (ice sigmas)": float(ground - profile[at]),
        "hook width at half depth (px)": float(high - low + 1),
    }


def likeness(picture: Picture, mean: np.ndarray, shift: int = 4) -> tuple[float, float]:
    """Best correlation of a motor with the mean motor over rotation and shifts, and the angle.

    ``mean`` (96, 96), outside up; within a circle of radius 46 pixels.
    """
    assert picture.motor is not None
    half = mean.shape[0] // 2
    padded = np.pad(picture.pixels.astype(np.float32), half + shift, mode="reflect")
    y, x = (round(v) + shift + half for v in picture.motor)
    disc = np.hypot(*np.mgrid[-half:half, -half:half]) < half - 2
    crops = np.array(
        [
            padded[y + dy - half : y + dy + half, x + dx - half : x + dx + half][disc]
            for dy in range(-shift, shift + 1)
            for dx in range(-shift, shift + 1)
        ]
    )
    angles = np.arange(0, 360, 6.0)
    turned = np.array([ndimage.rotate(mean, a, reshape=False, order=1)[disc] for a in angles])
    scores = _unit(turned) @ _unit(crops).T
    best = np.unravel_index(scores.argmax(), scores.shape)
    return float(scores.max()), float(angles[best[0]])


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows - rows.mean(1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
