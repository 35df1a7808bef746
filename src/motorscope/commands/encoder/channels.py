"""Tell which channels of a stage matter."""

import argparse
from pathlib import Path

from motorscope.commands.arguments import add_output, check_output, tomogram_path
from motorscope.commands.console import Commands, Line, say
from motorscope.commands.encoder.stages import add_stage_arguments, stage_request


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "channels",
        help="rank the channels of a stage by how well they tell picks from the background",
        description="Rank the channels of a stage of the network, best first, into a CSV: by how "
        "well they tell accepted picks from the background, or without picks by their variance.",
        epilog="auc is the chance that an accepted pick stands out against a voxel of the "
        "background, 0.5 to 1; direction tells whether picks are brighter (up) or darker (down). "
        "auc_rejected is the same against rejected picks. With --at, effect is what of the score "
        "there is lost when the channel is set to its mean, effect_logit the same before "
        "calibration.",
    )
    parser.add_argument("file", type=tomogram_path, metavar="FILE", help="a tomogram")
    parser.add_argument(
        "--picks", type=Path, metavar="CSV", help="picks; accepted and rejected ones count"
    )
    parser.add_argument(
        "--at",
        type=float,
        nargs=3,
        metavar=("Z", "Y", "X"),
        help="also measure what each channel adds to the score at this point, in Å",
    )
    add_output(parser, "CSV", "where the table goes")
    add_stage_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.contract.stages import BY_VARIANCE
    from motorscope.detection import run_to_end
    from motorscope.inspection import At, Momentum, Sample, StageCache, rank_channels, reduce_stage
    from motorscope.inspection.attribution.effects import channel_effects
    from motorscope.network import load_to_inspect
    from motorscope.picks import PickTable, pick_tables, read_picks
    from motorscope.picks.files import write_text
    from motorscope.tomogram import open_tomogram

    inputs = [arguments.file, *([arguments.picks] if arguments.picks else [])]
    check_output(arguments.output, arguments.overwrite, inputs)
    tomogram = open_tomogram(arguments.file, arguments.spacing, arguments.density)
    tables = {} if arguments.picks is None else pick_tables(read_picks(arguments.picks))
    picks = tables.get(tomogram.name, PickTable.empty())
    model = load_to_inspect(arguments.model)
    request = stage_request(arguments, tomogram, model)
    line = Line()
    line.head = tomogram.name
    accepted = At(picks.with_status("accepted").positions)
    rejected = At(picks.with_status("rejected").positions)
    momentum, sample = Momentum(), Sample()
    run_to_end(
        reduce_stage(request, [momentum, sample, accepted, rejected], StageCache.default()),
        line.tell,
    )
    ranking = rank_channels(
        momentum.result(), sample.result(), accepted.result(), rejected.result()
    )
    if arguments.at is not None:
        at = tuple(arguments.at)
        effects = run_to_end(
            channel_effects(
                tomogram, model, request.stage, at, momentum.result().mean, request.settings
            ),
            line.tell,
        )
        assert effects is not None  # nobody cancels
        order = ranking.table["channel"].to_numpy()
        ranking.table["effect"] = effects.effect[order]
        ranking.table["effect_logit"] = effects.effect_logit[order]
        most = int(effects.effect_logit.argmax())
        line.keep(
            f"score {effects.score:.3f} (without flips) at the point; without channel {most} "
            f"{effects.without[most]:.3f}"
        )
    text: str = ranking.table.round(6).to_csv(index=False, lineterminator="\n")
    write_text(arguments.output, text)
    if ranking.by == BY_VARIANCE:
        where = f"{arguments.picks} holds" if arguments.picks else "there are"
        say(
            f"{tomogram.name}: {where} no accepted picks of this tomogram; the channels are ranked "
            "by variance instead"
        )
    best = int(ranking.table["channel"].iloc[0])
    say(
        f"{request.stage}: {len(ranking.table)} channels ranked by {ranking.by}, channel {best} "
        f"first, in {arguments.output}"
    )
    return 0
