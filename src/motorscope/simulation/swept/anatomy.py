"""What machines are made of: fourteen kinds of motor, and three machines that are none.

Heights and radii, Å, were painted by hand after published subtomogram averages; they are
impressions of the averages' sections, not models. Five of the kinds are unusual ones, meant to be
unlike what a detector knows well.
"""

from collections.abc import Callable

from motorscope.simulation.swept.turned import Part, beaded, blob, hollow, part, stroke

# Tables of strokes stay readable only as tables.
# fmt: off


def _core(
    c_ring: float, p_ring: float, hook: float, *,
    top: float = -35, foot: float = -180, lean: float = 0, fold: int = 34, ms_ring: float = 140,
    spokes: int = 6, hub: float = 1.0, rod: float | None = None, bushing: bool = True,
) -> list[Part]:
    """Return what all motors share: C ring, MS ring, export apparatus, rod, P and L rings.

    Parameters
    ----------
    c_ring, ms_ring
        Radii, Å.
    p_ring, hook
        Heights of the P ring and of the hook's beginning, Å.
    top, foot, lean
        Where the C ring's wall begins and ends, and by how much it leans outwards, Å.
    fold, spokes
        Number of the C ring's subunits and of the spokes below it.
    hub
        Factor of the export apparatus' width.
    rod
        Height where the rod ends if it is not the hook's beginning.
    bushing
        Whether there are P and L rings.
    """
    c, end = c_ring, hook if rod is None else rod
    middle = (top + foot) / 2
    parts = [
        part(stroke(((c - 12 - lean, top), (c - 18, middle), (c + 6 + lean, foot + 20)), 52, 0.95),
             blob(c + 7 + lean, foot + 15, 39, 31, 1.0),
             blob(c - 15, top - 5, 36, 24, 0.9), fold=fold, depth=0.5),
        part(stroke(((c - 30, top - 3), (ms_ring, -32)), 28, 0.6), fold=fold, depth=0.3),
        part(stroke(((45, -26), (ms_ring - 5, -22)), 36, 0.95),
             stroke(((40, 70), (85, 46), (ms_ring, 26)), 32, 0.95),
             stroke(((44, 20), (48, 100)), 32, 0.9)),
        part(blob(0, -20, 44, 46, 0.8), blob(66, -110, 34, 32, 0.8), fold=9, depth=0.3),
        part(stroke(((0, -50), (0, -150)), 34, 0.4), blob(0, -215, 54 * hub, 44, 0.9)),
        part(stroke(((50, -205), (c - 10, foot + 10)), 22, 0.45),
             fold=spokes, depth=0.9, sharp=2, role="spoke"),
        part(hollow(9, 43, 40, min(140, end), 0.95), hollow(11, 62, 120, end + 20, 0.95)),
    ]
    if bushing:
        parts.append(
            part(blob(102, p_ring, 36, 26, 0.95),
                 stroke(((65, p_ring), (132, p_ring)), 32, 0.9),
                 stroke(((96, p_ring), (104, hook)), 32, 0.85),
                 stroke(((80, hook - 35), (130, hook - 10), (134, hook + 20)), 38, 0.95)))
    return parts


def _studs(
    count: int, radius: float, top: float, strength: float, width: float = 54
) -> list[Part]:
    """Return the stators: studs through the inner membrane with a stalk above."""
    return [
        part(stroke(((radius, -55), (radius, 50)), width, 0.9 * strength),
             stroke(((radius, 40), (radius - 25, top)), 36, 0.7 * strength),
             fold=count, depth=1.0, sharp=1.6, role="stud")]


def salmonella() -> list[Part]:
    """Return no more than what all have."""
    return [*_core(222, 170, 295), *_studs(11, 250, 120, 0.45)]


def vibrio() -> list[Part]:
    """Return a motor with T ring and H ring, and an O ring on the outer membrane."""
    return [
        *_core(233, 175, 305, lean=3), *_studs(13, 246, 110, 0.85),
        part(stroke(((155, 120), (260, 100), (315, 75)), 38, 0.9), fold=13, depth=0.5),
        part(stroke(((130, 195), (220, 215), (310, 255)), 44, 0.95),
             stroke(((120, 260), (210, 280)), 34, 0.8), fold=26, depth=0.2),
        part(stroke(((145, 375), (200, 365)), 34, 0.75))]


def campylobacter() -> list[Part]:
    """Return a motor with three disks, the outermost large and made of circles."""
    return [
        *_core(260, 250, 380, lean=4, ms_ring=150), *_studs(17, 285, 130, 1.1, 60),
        part(stroke(((150, 90), (230, 105), (330, 80)), 34, 0.85),
             blob(335, 85, 32, 46, 0.95), fold=17, depth=0.5),
        part(stroke(((130, 185), (260, 190), (400, 170)), 38, 0.85), fold=17, depth=0.25),
        part(beaded(stroke(((130, 320), (400, 320), (580, 305)), 38, 0.95), 65, 0.28))]


def helicobacter() -> list[Part]:
    """Return a motor with disks and a cage about them."""
    return [
        *_core(272, 250, 385, lean=2, ms_ring=150), *_studs(18, 300, 140, 1.1, 60),
        part(stroke(((160, 100), (260, 115), (340, 85)), 38, 0.85), fold=18, depth=0.4),
        part(stroke(((430, 40), (470, 130), (430, 240)), 40, 0.75), fold=18, depth=0.7),
        part(stroke(((130, 200), (320, 205), (420, 250)), 38, 0.8), fold=18, depth=0.3),
        part(beaded(stroke(((130, 330), (450, 320)), 42, 0.95), 70, 0.22))]


def borrelia() -> list[Part]:
    """Return a spirochete's motor: wide, with a collar, without P and L rings."""
    return [
        *_core(275, 180, 220, foot=-195, spokes=23, ms_ring=155, hub=1.3, rod=180, bushing=False),
        *_studs(16, 350, 100, 1.15, 64),
        part(stroke(((200, 80), (290, 120), (370, 195), (375, 250)), 52, 0.95),
             stroke(((260, 60), (310, 120)), 36, 0.7), fold=16, depth=0.45),
        part(blob(105, 175, 52, 40, 0.95))]


def treponema() -> list[Part]:
    """Return a spirochete's motor whose collar is a bowl."""
    return [
        *_core(290, 190, 240, foot=-190, spokes=18, ms_ring=155, hub=1.2, rod=200, bushing=False),
        *_studs(16, 355, 80, 0.75, 56),
        part(stroke(((75, 115), (180, 130), (280, 180), (350, 255)), 50, 0.95), fold=16, depth=0.2),
        part(blob(95, 205, 44, 34, 0.9))]


def bdellovibrio() -> list[Part]:
    """Return a motor with several small rings."""
    return [
        *_core(226, 185, 320), *_studs(13, 255, 120, 1.0, 58),
        part(stroke(((130, 125), (250, 120)), 36, 0.85), fold=13, depth=0.35),
        part(stroke(((125, 200), (200, 210), (270, 235)), 38, 0.9)),
        part(stroke(((130, 285), (230, 305)), 36, 0.85)),
        part(blob(190, 165, 30, 24, 0.6), fold=13, depth=0.6)]


def caulobacter() -> list[Part]:
    """Return a motor with two thin rings."""
    return [
        *_core(218, 180, 305, hub=0.9), *_studs(11, 254, 110, 0.9),
        part(stroke(((95, 85), (185, 75)), 28, 0.85)),
        part(stroke(((125, 145), (245, 130)), 30, 0.75), fold=11, depth=0.3)]


def shewanella() -> list[Part]:
    """Return a motor with an H ring and a faint T ring."""
    return [
        *_core(230, 175, 300), *_studs(11, 250, 120, 0.7),
        part(stroke(((130, 210), (200, 220), (275, 245)), 40, 0.9)),
        part(stroke(((140, 120), (220, 105)), 32, 0.6), fold=11, depth=0.5)]


def leptospira() -> list[Part]:
    """Return the widest of the spirochetes' motors."""
    return [
        *_core(308, 190, 250, foot=-205, spokes=20, ms_ring=170, hub=1.5, rod=200, bushing=False),
        *_studs(16, 390, 100, 1.0, 66),
        part(stroke(((110, 130), (250, 150), (420, 210), (460, 300)), 56, 0.9), fold=16, depth=0.3),
        part(blob(105, 190, 50, 40, 0.95))]


def bacillus() -> list[Part]:
    """Return a motor in a thick wall: a long rod, no bushing."""
    return [
        *_core(228, 200, 400, rod=400, bushing=False), *_studs(12, 255, 90, 0.8),
        part(stroke(((70, 140), (130, 130)), 34, 0.7))]


def wolinella() -> list[Part]:
    """Return a motor with the largest disk of all, in a wide periplasm."""
    return [
        *_core(270, 300, 460, lean=4, ms_ring=150), *_studs(17, 295, 140, 1.1, 60),
        part(stroke(((130, 220), (300, 240), (450, 210)), 40, 0.85), fold=17, depth=0.3),
        part(stroke(((130, 310), (360, 330), (550, 310)), 36, 0.8)),
        part(stroke(((150, 100), (250, 110), (350, 80)), 36, 0.9), fold=17, depth=0.5),
        part(beaded(stroke(((130, 400), (400, 405), (700, 370)), 44, 0.95), 75, 0.3))]


def hylemonella() -> list[Part]:
    """Return a motor with a closed cage under a plate."""
    return [
        *_core(240, 220, 340, lean=-5), *_studs(14, 275, 130, 1.1, 60),
        part(stroke(((140, 110), (250, 120), (300, 80)), 44, 0.9), fold=14, depth=0.6),
        part(stroke(((130, 250), (330, 275)), 50, 0.95)),
        part(stroke(((300, 140), (360, 220), (330, 270)), 38, 0.7), fold=14, depth=0.6)]


def squat() -> list[Part]:
    """Return a motor with a small, low C ring and a wide open foot."""
    return [
        *_core(180, 140, 250, top=-30, foot=-145, lean=12, fold=26, ms_ring=115, hub=0.8),
        *_studs(9, 220, 90, 0.6),
        part(stroke(((110, 100), (190, 90)), 34, 0.8))]


def _injectisome() -> list[Part]:
    """Return a type III secretion machine: rings of 20–30 nm, six pods, a needle, no C ring."""
    return [
        part(stroke(((45, 0), (120, 5)), 50, 0.95), stroke(((45, 60), (110, 50)), 34, 0.9)),
        part(stroke(((45, 80), (60, 160), (75, 240)), 34, 0.9),
             stroke(((60, 260), (95, 290)), 46, 0.95)),
        part(blob(145, -90, 30, 55, 0.8), fold=6, depth=1.0, sharp=2),
        part(stroke(((40, -210), (140, -140)), 24, 0.5), blob(0, -220, 46, 34, 0.7),
             fold=6, depth=0.6),
        part(blob(62, -120, 30, 30, 0.6)),
        part(hollow(12, 40, 40, 700, 0.85))]


def _pilus_base() -> list[Part]:
    """Return a type IV pilus machine: small stacked rings and the beginning of the pilus."""
    return [
        part(blob(0, -100, 60, 40, 0.7), stroke(((40, 60), (70, 80)), 32, 0.7)),
        part(stroke(((35, 220), (75, 240), (65, 310)), 42, 0.95),
             stroke(((60, 150), (80, 160)), 34, 0.8)),
        part(hollow(0, 30, 60, 700, 0.8))]


def _relic() -> list[Part]:
    """Return P and L rings that stayed in the outer membrane when a flagellum was shed."""
    return [
        part(blob(102, 170, 36, 26, 0.9), stroke(((96, 170), (104, 280)), 32, 0.85),
             stroke(((80, 255), (130, 280), (134, 310)), 38, 0.95), blob(0, 200, 60, 40, 0.7))]


DECOYS: dict[str, tuple[Callable[[], list[Part]], float, float]] = {
    "injectisome": (_injectisome, 0.25, 1.1),
    "pilus base": (_pilus_base, 0.3, 0.66),
    "ring relic": (_relic, 0.1, 0.22),
}
"""Machines that are no motors: parts, and mean number in a tidy and in a crowded scene."""
