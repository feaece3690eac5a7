"""The colours of pictures on paper. The style sheet pictures.css has the same under the light theme; a test compares."""

from collections.abc import Mapping

from trialsite.web.pictures.marks import Tone

PAPER: Mapping[Tone, str] = {
    Tone.INK: "#17242c",
    Tone.SOFT: "#4b5c67",
    Tone.LINE: "#dfe5e8",
    Tone.STRONG: "#8b9aa3",
    Tone.GROUND: "#ffffff",
    Tone.FIRST: "#175a72",
    Tone.SECOND: "#b8651b",
    Tone.THIRD: "#6a5a9e",
    Tone.FOURTH: "#5c7a29",
    Tone.GOOD: "#1f7a4d",
    Tone.WARN: "#e2a336",
    Tone.BAD: "#b3261e",
    Tone.G1: "#f3dfa8",
    Tone.G2: "#ecb75f",
    Tone.G3: "#d9792f",
    Tone.G4: "#b23c24",
    Tone.G5: "#5e1620",
}
PALE = 0.22  # how much of its colour a pale surface has, on the ground
"""Signs are written dark on these and light on the others."""
LIGHT_TONES = frozenset({Tone.WARN, Tone.G1, Tone.G2, Tone.LINE, Tone.GROUND})
