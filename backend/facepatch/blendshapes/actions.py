"""The written script of the generated range of motion: actions, mouth shapes of speech, and their order. Data only.

Values are ARKit weights at the apex. `Both` means both sides. Which muscles go together: FACS (Ekman and Friesen)
in ARKit's names; how strongly soft tissue follows: read off real ARKit captures (correlation of lips with the jaw
0.8 to 0.95, of nose with cheek and brow 0.8 to 0.95, of left with right 0.95 to 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Pose = Mapping[str, float]


@dataclass(frozen=True)
class Action:
    """One thing that a face does."""

    pose: Pose
    onset: float = 0.30
    """Seconds from rest to apex."""
    apex: float = 0.45
    offset: float = 0.40
    sided: bool = False
    """Is also made on one side only."""


@dataclass(frozen=True)
class Step:
    """One line of the script."""

    kind: str
    """"act", "talk" or "rest"."""
    what: str = ""
    """The action, or the mood (an action that lies under the talk)."""
    amount: float = 1.0
    """Size of the action; energy of the talk; seconds of the rest."""
    seconds: float = 0.0
    """Of talk and rest."""


ACTIONS: Mapping[str, Action] = {
    # brows and lids
    "brows up": Action({"browInnerUp": 0.85, "browOuterUpBoth": 0.80, "eyeWideBoth": 0.30}),
    "brows in and up": Action({"browInnerUp": 0.80, "browDownBoth": 0.20, "mouthFrownBoth": 0.15}),
    "one brow up": Action({"browOuterUpBoth": 0.70, "browInnerUp": 0.25}, sided=True),
    "brows down": Action({"browDownBoth": 0.80, "eyeSquintBoth": 0.25, "noseSneerBoth": 0.15}),
    "eyes wide": Action({"eyeWideBoth": 0.90, "browInnerUp": 0.45, "browOuterUpBoth": 0.45}),
    "squint": Action({"eyeSquintBoth": 0.85, "cheekSquintBoth": 0.50, "browDownBoth": 0.30}),
    "eyes closed": Action({"eyeBlinkBoth": 1.0}, onset=0.15, apex=0.90, offset=0.20),
    "eyes half closed": Action({"eyeBlinkBoth": 0.55}, onset=0.20, apex=0.50, offset=0.25),
    "eyes shut tight": Action(
        {
            "eyeBlinkBoth": 1.0, "eyeSquintBoth": 0.8, "cheekSquintBoth": 0.6, "browDownBoth": 0.6,
            "noseSneerBoth": 0.35, "mouthUpperUpBoth": 0.15,
        },
        onset=0.20,
        apex=0.60,
    ),
    "wink": Action({"eyeBlinkBoth": 1.0, "cheekSquintBoth": 0.45, "mouthSmileBoth": 0.2}, 0.12, 0.25, 0.18, True),
    # gaze
    "look up": Action({"eyeLookUpBoth": 0.85, "eyeWideBoth": 0.25, "browInnerUp": 0.15}, 0.12, 0.60, 0.12),
    "look down": Action({"eyeLookDownBoth": 0.85, "eyeBlinkBoth": 0.30}, 0.12, 0.60, 0.12),
    "look left": Action({"eyeLookOutLeft": 0.85, "eyeLookInRight": 0.85}, 0.12, 0.55, 0.12),
    "look right": Action({"eyeLookOutRight": 0.85, "eyeLookInLeft": 0.85}, 0.12, 0.55, 0.12),
    # nose and cheeks
    "sneer": Action({"noseSneerBoth": 0.85, "cheekSquintBoth": 0.40, "mouthUpperUpBoth": 0.45, "browDownBoth": 0.35}),
    "one-sided sneer": Action({"noseSneerBoth": 0.6, "mouthUpperUpBoth": 0.5, "cheekSquintBoth": 0.3}, sided=True),
    "cheeks puffed": Action({"cheekPuff": 0.80, "mouthPressBoth": 0.30, "mouthShrugLower": 0.25, "mouthPucker": 0.2}),
    # corners of the mouth
    "smile": Action({"mouthSmileBoth": 0.75, "cheekSquintBoth": 0.25, "eyeSquintBoth": 0.20, "mouthDimpleBoth": 0.1}),
    "broad smile": Action(
        {
            "mouthSmileBoth": 0.95, "cheekSquintBoth": 0.5, "eyeSquintBoth": 0.4, "mouthUpperUpBoth": 0.35,
            "mouthLowerDownBoth": 0.35, "jawOpen": 0.12,
        },
        apex=0.60,
    ),
    "laugh": Action(
        {
            "mouthSmileBoth": 0.9, "cheekSquintBoth": 0.55, "eyeSquintBoth": 0.5, "jawOpen": 0.45,
            "mouthUpperUpBoth": 0.45, "eyeBlinkBoth": 0.15,
        },
        apex=0.80,
    ),
    "smirk": Action({"mouthSmileBoth": 0.6, "mouthDimpleBoth": 0.4, "cheekSquintBoth": 0.15}, sided=True),
    "corners down": Action({"mouthFrownBoth": 0.80, "mouthShrugLower": 0.45, "browInnerUp": 0.20}),
    "dimples": Action({"mouthDimpleBoth": 0.70, "mouthPressBoth": 0.20}),
    "corners wide": Action({"mouthStretchBoth": 0.85, "mouthLowerDownBoth": 0.25}),
    "mouth left": Action({"mouthLeft": 0.80, "jawLeft": 0.15}),
    "mouth right": Action({"mouthRight": 0.80, "jawRight": 0.15}),
    # lips
    "pucker": Action({"mouthPucker": 0.90, "mouthFunnel": 0.15}),
    "funnel": Action({"mouthFunnel": 0.80, "jawOpen": 0.15, "mouthPucker": 0.2}),
    "lips rolled in": Action({"mouthRollLower": 0.80, "mouthRollUpper": 0.75, "mouthPressBoth": 0.20}),
    "lips pressed": Action({"mouthPressBoth": 0.80, "mouthShrugLower": 0.30, "mouthRollLower": 0.2}),
    "lower lip bitten": Action({"mouthRollLower": 0.75, "mouthUpperUpBoth": 0.20, "jawOpen": 0.05}),
    "upper lip up": Action({"mouthUpperUpBoth": 0.85, "noseSneerBoth": 0.30, "mouthShrugUpper": 0.2}),
    "lower lip down": Action({"mouthLowerDownBoth": 0.85, "mouthStretchBoth": 0.15}),
    "chin up": Action({"mouthShrugLower": 0.85, "mouthShrugUpper": 0.60, "mouthPressBoth": 0.35}),
    "teeth shown": Action({"mouthUpperUpBoth": 0.7, "mouthLowerDownBoth": 0.75, "mouthStretchBoth": 0.4}),
    "tongue out": Action({"tongueOut": 0.9, "jawOpen": 0.35}),
    # jaw
    "jaw open": Action({"jawOpen": 0.60}),
    "jaw wide open": Action({"jawOpen": 1.00, "mouthStretchBoth": 0.20}, apex=0.55),
    "jaw open, lips closed": Action({"jawOpen": 0.35, "mouthClose": 0.33}),
    "jaw left": Action({"jawLeft": 0.75, "mouthLeft": 0.35, "jawOpen": 0.08}),
    "jaw right": Action({"jawRight": 0.75, "mouthRight": 0.35, "jawOpen": 0.08}),
    "jaw forward": Action({"jawForward": 0.80, "mouthShrugLower": 0.15}),
    # faces
    "surprise": Action(
        {"browInnerUp": 0.9, "browOuterUpBoth": 0.85, "eyeWideBoth": 0.7, "jawOpen": 0.5}, 0.2, 0.6
    ),
    "anger": Action(
        {"browDownBoth": 0.9, "eyeSquintBoth": 0.35, "noseSneerBoth": 0.5, "mouthPressBoth": 0.45}
    ),
    "shout": Action(
        {
            "jawOpen": 0.85, "browDownBoth": 0.7, "noseSneerBoth": 0.55, "mouthUpperUpBoth": 0.5,
            "mouthLowerDownBoth": 0.3, "eyeSquintBoth": 0.3,
        },
        onset=0.2,
        apex=0.7,
    ),
    "fear": Action(
        {"browInnerUp": 0.8, "browDownBoth": 0.25, "eyeWideBoth": 0.8, "mouthStretchBoth": 0.65, "jawOpen": 0.2}
    ),
    "grief": Action(
        {"browInnerUp": 0.7, "mouthFrownBoth": 0.65, "mouthShrugLower": 0.5, "eyeSquintBoth": 0.4},
        apex=0.8,
    ),
    "disgust": Action({"noseSneerBoth": 0.8, "mouthUpperUpBoth": 0.6, "browDownBoth": 0.45, "mouthFrownBoth": 0.3}),
    "yawn": Action({"jawOpen": 0.95, "eyeBlinkBoth": 0.85, "browInnerUp": 0.3, "mouthFunnel": 0.25}, 0.7, 0.9, 0.6),
    "chewing": Action({"jawOpen": 0.22, "mouthClose": 0.18, "jawLeft": 0.2, "mouthPressBoth": 0.15}, 0.2, 0.1, 0.2),
    "thinking": Action({"eyeLookUpBoth": 0.4, "mouthPucker": 0.3, "mouthLeft": 0.25, "browDownBoth": 0.2}, apex=0.8),
    # moods that lie under talk
    "plainly": Action({}),
    "happily": Action({"mouthSmileBoth": 0.42, "cheekSquintBoth": 0.15, "eyeSquintBoth": 0.12}),
    "angrily": Action({"browDownBoth": 0.5, "noseSneerBoth": 0.15, "mouthPressBoth": 0.05}),
    "sadly": Action({"browInnerUp": 0.4, "mouthFrownBoth": 0.3, "eyeBlinkBoth": 0.12}),
    "doubting": Action({"browOuterUpBoth": 0.3, "browInnerUp": 0.3, "mouthFrownBoth": 0.2}),
    "eagerly": Action({"browInnerUp": 0.3, "browOuterUpBoth": 0.28, "eyeWideBoth": 0.25, "mouthSmileBoth": 0.15}),
}  # fmt: skip

VISEMES: Mapping[str, Pose] = {
    # vowels
    "aa": {"jawOpen": 0.72, "mouthStretchBoth": 0.08, "mouthShrugUpper": 0.10},
    "ae": {"jawOpen": 0.52, "mouthStretchBoth": 0.22, "mouthUpperUpBoth": 0.10},
    "eh": {"jawOpen": 0.32, "mouthStretchBoth": 0.20, "mouthSmileBoth": 0.05},
    "ee": {"jawOpen": 0.14, "mouthSmileBoth": 0.18, "mouthStretchBoth": 0.28, "mouthLowerDownBoth": 0.12},
    "oh": {"jawOpen": 0.40, "mouthFunnel": 0.32, "mouthPucker": 0.15},
    "oo": {"jawOpen": 0.16, "mouthPucker": 0.55, "mouthFunnel": 0.30},
    "uh": {"jawOpen": 0.26, "mouthFunnel": 0.08},
    # consonants
    "m": {
        "jawOpen": 0.06,
        "mouthClose": 0.06,
        "mouthPressBoth": 0.28,
        "mouthRollLower": 0.16,
        "mouthRollUpper": 0.16,
    },
    "f": {"jawOpen": 0.08, "mouthRollLower": 0.42, "mouthUpperUpBoth": 0.16},
    "th": {"jawOpen": 0.12, "mouthLowerDownBoth": 0.12, "tongueOut": 0.10},
    "t": {"jawOpen": 0.07, "mouthLowerDownBoth": 0.14, "mouthStretchBoth": 0.08},
    "s": {"jawOpen": 0.05, "mouthStretchBoth": 0.20, "mouthLowerDownBoth": 0.22, "mouthUpperUpBoth": 0.08},
    "sh": {"jawOpen": 0.08, "mouthFunnel": 0.50, "mouthPucker": 0.20, "mouthUpperUpBoth": 0.10},
    "r": {"jawOpen": 0.10, "mouthFunnel": 0.22, "mouthPucker": 0.14},
    "k": {"jawOpen": 0.14, "mouthLowerDownBoth": 0.08},
    "w": {"jawOpen": 0.10, "mouthPucker": 0.50},
}
VOWELS = (("aa", 0.16), ("ae", 0.14), ("eh", 0.18), ("ee", 0.17), ("oh", 0.11), ("oo", 0.10), ("uh", 0.14))
CONSONANTS = (
    ("m", 0.15), ("f", 0.08), ("th", 0.06), ("t", 0.26), ("s", 0.13), ("sh", 0.06), ("r", 0.10), ("k", 0.10),
    ("w", 0.06),
)  # fmt: skip
"""(mouth shape, its share in running speech). Shares: rounded from letter and sound counts of English and German."""

FOLLOWS: tuple[tuple[str, str, float], ...] = (
    ("jawOpen", "mouthLowerDownBoth", 0.50),
    ("jawOpen", "mouthStretchBoth", 0.30),
    ("jawOpen", "jawForward", 0.16),
    ("jawOpen", "mouthShrugUpper", 0.20),
    ("jawOpen", "mouthFunnel", 0.12),
    ("jawOpen", "mouthClose", 0.10),
    ("mouthSmileBoth", "mouthUpperUpBoth", 0.32),
    ("mouthSmileBoth", "mouthLowerDownBoth", 0.22),
    ("mouthSmileBoth", "cheekSquintBoth", 0.20),
    ("mouthSmileBoth", "mouthDimpleBoth", 0.10),
    ("noseSneerBoth", "cheekSquintBoth", 0.40),
    ("noseSneerBoth", "mouthUpperUpBoth", 0.40),
    ("noseSneerBoth", "browDownBoth", 0.35),
    ("mouthUpperUpBoth", "mouthShrugUpper", 0.35),
    ("mouthUpperUpBoth", "noseSneerBoth", 0.20),
    ("mouthShrugLower", "mouthPressBoth", 0.40),
    ("mouthShrugLower", "cheekPuff", 0.10),
    ("mouthShrugLower", "mouthFrownBoth", 0.20),
    ("mouthPressBoth", "mouthShrugLower", 0.30),
    ("mouthPucker", "mouthFunnel", 0.25),
    ("browInnerUp", "browOuterUpBoth", 0.25),
    ("eyeBlinkBoth", "eyeLookDownBoth", 0.25),
)
"""(leader, follower, share): soft tissue that moves along, added after the script is played."""


def _acts(*lines: tuple[str, float]) -> tuple[Step, ...]:
    return tuple(Step("act", what, amount) for what, amount in lines)


SCRIPT: tuple[Step, ...] = (
    Step("rest", amount=1.5, seconds=1.5),
    *_acts(
        ("brows up", 1.0),
        ("brows up", 0.5),
        ("brows down", 1.0),
        ("one brow up", 1.0),
        ("brows in and up", 1.0),
    ),
    Step("rest", seconds=1.0),
    Step("talk", "plainly", 0.8, 12.0),
    *_acts(("eyes wide", 1.0), ("eyes closed", 1.0), ("squint", 1.0), ("eyes closed", 1.0), ("wink", 1.0)),
    *_acts(("wink", 1.0), ("eyes shut tight", 1.0), ("eyes half closed", 1.0)),
    Step("rest", seconds=1.2),
    *_acts(("look left", 1.0), ("look right", 1.0), ("look up", 1.0), ("look down", 1.0), ("look left", 0.5)),
    Step("talk", "happily", 1.0, 12.0),
    *_acts(("smile", 1.0), ("smile", 0.5), ("broad smile", 1.0), ("smirk", 1.0), ("corners down", 1.0)),
    Step("rest", seconds=1.0),
    *_acts(
        ("laugh", 1.0), ("dimples", 1.0), ("corners wide", 1.0), ("mouth left", 1.0), ("mouth right", 1.0)
    ),
    Step("talk", "doubting", 0.9, 11.0),
    *_acts(("jaw open", 0.5), ("jaw open", 1.0), ("jaw wide open", 1.0), ("jaw open, lips closed", 1.0)),
    *_acts(("jaw left", 1.0), ("jaw right", 1.0), ("jaw forward", 1.0), ("chewing", 1.0), ("chewing", 0.8)),
    Step("rest", seconds=1.2),
    *_acts(("pucker", 1.0), ("funnel", 1.0), ("lips rolled in", 1.0), ("lips pressed", 1.0), ("pucker", 0.6)),
    Step("talk", "angrily", 1.25, 11.0),
    *_acts(("upper lip up", 1.0), ("lower lip down", 1.0), ("teeth shown", 1.0), ("lower lip bitten", 1.0)),
    *_acts(("chin up", 1.0), ("cheeks puffed", 1.0), ("tongue out", 1.0)),
    Step("rest", seconds=1.2),
    *_acts(("eyes closed", 1.0), ("sneer", 1.0), ("one-sided sneer", 1.0), ("sneer", 0.5)),
    Step("talk", "sadly", 0.7, 11.0),
    *_acts(
        ("surprise", 1.0), ("anger", 1.0), ("fear", 1.0), ("grief", 1.0), ("disgust", 1.0), ("shout", 1.0)
    ),
    Step("rest", seconds=1.5),
    Step("talk", "eagerly", 1.1, 13.0),
    *_acts(
        ("thinking", 1.0),
        ("eyes closed", 1.0),
        ("laugh", 0.7),
        ("eyes closed", 1.0),
        ("yawn", 1.0),
        ("surprise", 0.6),
        ("anger", 0.6),
    ),
    Step("rest", seconds=1.5),
    Step("talk", "plainly", 1.2, 13.0),
    *_acts(
        ("smile", 0.8),
        ("brows up", 0.7),
        ("jaw wide open", 0.8),
        ("eyes shut tight", 0.8),
        ("corners down", 0.6),
    ),
    Step("rest", seconds=2.0),
)
"""One pass through the script: a little over three minutes, two fifths of it talk."""
