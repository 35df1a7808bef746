"""Can a small classifier tell real patches from simulated ones, and by what?"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import nn

from picture_measures import patches, spectrum
from picture_sections import Picture

STEPS, BATCH, MOST = 250, 32, 6  # of training; patches of a picture in a test


@dataclass(frozen=True)
class Sample:
    """Patches (n, 128, 128) with their class (1: simulated) and their picture's number."""

    patches: np.ndarray
    simulated: np.ndarray
    picture: np.ndarray


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve."""
    n, m = positive.sum(), (~positive).sum()
    return float((rankdata(scores)[positive].sum() - n * (n + 1) / 2) / (n * m))


def two_sample(real: list[Picture], simulated: list[Picture], seeds: int = 3) -> dict[str, object]:
    """Train on half of the tomograms, test on the others, for several halves."""
    torch.set_num_threads(1)
    runs, kept = [], None
    for seed in range(seeds):
        train, test = _halves(real, simulated, seed)
        network = _trained(train, seed)
        scores = _scores(network, test.patches)
        runs.append(_run(network, train, test, scores))
        kept = kept or (network, test, scores)
    figures = {
        key: {"mean": float(np.mean(v)), "runs": [float(x) for x in v]}
        for key in runs[0]
        if np.ndim(runs[0][key]) == 0
        for v in [[run[key] for run in runs]]
    }
    curves = {k: np.mean([r[k] for r in runs], 0).tolist() for k in runs[0] if np.ndim(runs[0][k])}
    assert kept is not None
    return {"auc": figures, **curves, "where": _where(*kept)}


def _halves(real: list[Picture], simulated: list[Picture], seed: int) -> tuple[Sample, Sample]:
    rng = np.random.default_rng(seed)
    sides: tuple[list[tuple[np.ndarray, bool, int]], ...] = ([], [])
    number = 0
    for pictures, label in ((real, False), (simulated, True)):
        names = sorted({p.tomogram for p in pictures})
        half = set(rng.permutation(names)[: len(names) // 2].tolist())
        for picture in pictures:
            number += 1
            cut = patches(picture)
            for i in rng.permutation(len(cut))[:MOST]:
                sides[picture.tomogram not in half].append((cut[i], label, number))
    return tuple(Sample(*(np.array(v) for v in zip(*side, strict=True))) for side in sides)  # type: ignore[return-value]


def _network() -> nn.Sequential:
    def block(a: int, b: int, size: int) -> list[nn.Module]:
        convolution = nn.Conv2d(a, b, size, stride=2, padding=size // 2, bias=False)
        return [convolution, nn.BatchNorm2d(b), nn.ReLU()]

    layers = block(1, 16, 5) + block(16, 32, 3) + block(32, 48, 3) + block(48, 64, 3)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 1)]
    return nn.Sequential(*layers, *head)


def _trained(sample: Sample, seed: int) -> nn.Sequential:
    """Train with equally many of both classes, mirrored and turned by quarters."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = _network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=STEPS)
    classes = [np.flatnonzero(sample.simulated == c) for c in (False, True)]
    for _ in range(STEPS):
        chosen = np.concatenate([rng.choice(c, BATCH // 2) for c in classes])
        batch = np.rot90(sample.patches[chosen], int(rng.integers(4)), (1, 2))
        batch = batch[:, :, ::-1] if rng.random() < 0.5 else batch
        inputs = torch.from_numpy(np.ascontiguousarray(batch))[:, None]
        target = torch.from_numpy(sample.simulated[chosen].astype(np.float32))
        loss = nn.functional.binary_cross_entropy_with_logits(network(inputs)[:, 0], target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


@torch.inference_mode()
def _scores(network: nn.Sequential, cut: np.ndarray) -> np.ndarray:
    inputs = torch.from_numpy(np.ascontiguousarray(cut, np.float32))[:, None]
    return np.concatenate([network(part)[:, 0].numpy() for part in inputs.split(64)])


def _run(
    network: nn.Sequential, train: Sample, test: Sample, scores: np.ndarray
) -> dict[str, object]:
    _, first, which = np.unique(test.picture, return_index=True, return_inverse=True)
    means, labels = np.bincount(which, scores) / np.bincount(which), test.simulated[first]
    coarse, fine = _band(test.patches, 0, 0.125), _band(test.patches, 0.125, 1)
    a, b = (np.array([spectrum(p) for p in s.patches]) for s in (train, test))
    a, b = (a - a.mean(0)) / a.std(0), (b - a.mean(0)) / a.std(0)
    return {
        "patches to train on, of the rarer class": min(
            int(train.simulated.sum()), int((~train.simulated).sum())
        ),
        "patches": auc(scores, test.simulated),
        "pictures": auc(means, labels),
        "spectrum alone": auc(b @ _logistic(a, train.simulated), test.simulated),
        "patches, coarse only (above 8 px)": auc(_scores(network, coarse), test.simulated),
        "patches, fine only (below 8 px)": auc(_scores(network, fine), test.simulated),
        "spectrum bin by bin": np.array([auc(column, test.simulated) for column in b.T]),
    }


def _logistic(features: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression with a ridge, classes weighed equally."""
    x, y = torch.from_numpy(features).float(), torch.from_numpy(positive).float()
    weight = torch.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    w, c = torch.zeros(x.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([w, c], max_iter=200)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(x @ w + c, y, weight=weight)
        loss = loss + 1e-2 * (w**2).sum()
        loss.backward()
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return w.detach().numpy()


def _band(cut: np.ndarray, low: float, high: float) -> np.ndarray:
    """Keep frequencies (cycles a pixel) from low to high; deviation 1 again."""
    n = cut.shape[-1]
    radius = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.fftfreq(n)[None])
    kept = np.fft.ifft2(np.fft.fft2(cut) * ((radius >= low) & (radius < high))).real
    return (kept / kept.std((1, 2), keepdims=True)).astype(np.float32)


def _where(
    network: nn.Sequential, test: Sample, scores: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, bool, float]]:
    """Occlude the patches that are told apart most surely: patch, map, simulated, score."""
    result = []
    for label in (False, True):
        order = np.argsort(-scores if label else scores)
        for i in [i for i in order if test.simulated[i] == label][:24:4]:
            patch, size = test.patches[i], 16
            covered = np.repeat(patch[None], 64, 0)
            for k in range(64):
                y, x = divmod(k, 8)
                area = np.s_[y * size : (y + 1) * size, x * size : (x + 1) * size]
                covered[k][area] = patch[area].mean()
            change = (scores[i] - _scores(network, covered)).reshape(8, 8) * (1 if label else -1)
            result.append((patch, change, label, float(scores[i])))
    return result
