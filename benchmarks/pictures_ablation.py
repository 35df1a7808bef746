"""What pieces of the drawn sections are worth on real pictures.

python benchmarks/pictures_ablation.py FOLDER runs/pieces [VARIANT ...]

FOLDER holds pictures of sections and ``index.csv`` with the columns file, y and x: the pixel of the
motor's centre, -1 where there is none. For each variant a network of the built-in's size learns
from drawn sections alone, from random weights and for a few hundred steps, with one thing left out
of the drawing or changed; then it searches the pictures, each taken as a volume that is the same at
every z. The pictures measure, they teach nothing. Every figure has a spread: compare variants by
more than one seed before a small difference is believed.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from timm.utils import ModelEmaV3
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader

from motorscope.network import UNet3d, build_network
from motorscope.network.flat import forward_flat
from motorscope.tables import overlaid, read_toml
from motorscope.training.data.pictures import Pictures, SectionPool
from motorscope.training.fitting.loop import start_at_prior
from motorscope.training.fitting.loss import heatmap_loss
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.config_file import make_config
from pictures_scoring import scored

CONFIG = "configs/built-in.toml"
SHORT: dict[str, Any] = {
    "pictures": {"sections": 800, "batch": 12},
    "optimiser": {"steps": 500},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "no hook or filament": {"filament": 0.0},
    "no ghosts": {"ghost": 0.0},
    "no second cell, no litter": {
        "second_cell": 0.0, "carbon": 0.0, "gold": 0.0, "dirt": 0.0, "free_filaments": 0.0,
        "debris": 0.0,
    },
    "no borders": {"border": 0.0},
    "one periplasm, 350 Å": {"periplasm": [350.0, 350.0]},
    "CTF only": {"contrast_transfer": 1.0},
    "much noise": {"noise": [0.2, 0.4]},
    "one species": {"species": ["enteric"]},
}  # fmt: skip


def trained(config: TrainConfig, pool: SectionPool) -> UNet3d:
    """Return the averaged network after a run on pictures alone."""
    torch.manual_seed(config.seed)
    network = build_network(config.network.architecture(), config.network.drop_path_rate)
    start_at_prior(network, 0.003, config)
    options, batch = config.optimiser, config.pictures.batch
    optimiser = torch.optim.AdamW(network.parameters(), options.learning_rate, weight_decay=1e-4)
    schedule = OneCycleLR(
        optimiser,
        options.learning_rate,
        total_steps=options.steps + 1,
        pct_start=0.15,
        cycle_momentum=False,
    )
    average = ModelEmaV3(network, decay=0.99, use_warmup=True)
    pictures = Pictures(pool, config, network.output_spec, 0, options.steps * batch)
    network.train()
    for step, (inputs, targets) in enumerate(DataLoader(pictures, batch, num_workers=1), 1):
        loss = heatmap_loss(*forward_flat(network, inputs), targets, config.loss).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), options.gradient_clip)
        optimiser.step()
        schedule.step()
        average.update(network, step)
    found: UNet3d = average.module.eval()
    return found


def main() -> None:
    """Run the variants that are named, all by default, and print a row for each."""
    folder, out, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or list(VARIANTS)
    torch.set_num_threads(1)
    print(f"{'':30} average precision  best candidate", flush=True)
    for name in names:
        changes = overlaid(SHORT, {"pictures": {"drawing": VARIANTS[name]}})
        config = make_config(overlaid(read_toml(CONFIG), changes))
        network = trained(config, SectionPool(out / name.replace(" ", "-").replace(",", "")))
        precision, first = scored(network, folder, config.data.spacing)
        print(f"{name:30} {precision:17.3f} {first:15.3f}", flush=True)


if __name__ == "__main__":
    main()
