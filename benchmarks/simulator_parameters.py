"""Measure what simulated people are drawn from.

    python -m benchmarks.simulator_parameters

Needs the real archives: set $HARKEN_DATA to their folder. Looks at the raw recordings of the 21
training people of HAPT, each turned upright by the mounting that it shows, and writes
`src/harken/datasets/simulated/people.json`: means and spreads over these people, see `Parameters`.
The 9 test people are not looked at. Recordings whose forward may be backward are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator_gait import Gait, gait_of, same_leg_first
from harken import datasets
from harken.core.files import write_text
from harken.core.recording import Recording
from harken.datasets.hapt import RATE_HZ, TEST_SUBJECTS
from harken.datasets.simulated.parameters import (
    ACTIVITIES,
    BAND_EDGES_HZ,
    FILE,
    GAITS,
    N_BANDS,
    N_SIGNALS,
    Parameters,
)
from harken.orientation.mounting import estimate_mounting
from harken.signal.path import rotate

#: Samples of a piece whose spectrum is taken: 5.12 s.
PIECE = 256
#: People begin and end a bout otherwise than they go on.
_EDGE = int(1.0 * RATE_HZ)
_N_MOMENTS = 2

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bout:
    """One labelled span: the six signals of an upright wearer, (n, 6), and what repeats in them."""

    subject: str
    activity: str
    samples: Values
    gait: Gait | None = None


@dataclass(frozen=True, eq=False)
class Movement:
    """Of one activity, by band and signal; see `Parameters`."""

    mean: Values
    trait: Values
    spread: Values
    moment: Values
    coherence: NDArray[np.complex128]
    scores: Values


def bouts(recordings: Iterable[Recording]) -> list[Bout]:
    """Those of the training people that are long enough for a spectrum."""
    found: list[Bout] = []
    for recording in recordings:
        if recording.subject in TEST_SUBJECTS:
            continue
        mounting = estimate_mounting(recording, up="+x", forward="+z")
        if not mounting.forward_is_ambiguous:
            found += bouts_of(recording, mounting.rotation)
    return found


def bouts_of(recording: Recording, rotation: Values) -> Iterable[Bout]:
    """Of one recording, turned upright by a rotation."""
    assert recording.gyro is not None
    assert recording.subject is not None
    sensors = (recording.acc.values, recording.gyro.values)
    samples = np.hstack([rotate(values, rotation) for values in sensors])
    for span in recording.spans:
        first, end = (round(second * RATE_HZ) for second in (span.start_s, span.end_s))
        own = samples[first + _EDGE : end - _EDGE]
        if span.label in ACTIVITIES and len(own) >= PIECE:
            gait = gait_of(own) if span.label in GAITS else None
            yield Bout(recording.subject, span.label, own, gait)


def measure(everything: list[Bout]) -> Parameters:
    """Means and spreads over the people who did all of this."""
    people = sorted({bout.subject for bout in everything}, key=int)
    by_activity = [[b for b in everything if b.activity == name] for name in ACTIVITIES]
    gaits = [_gait_parameters(own, people) for own in by_activity[:3]]
    movements = [movement_of(own, people) for own in by_activity]
    leans = [_spreads([_lean(b) for b in own], own, people) for own in by_activity]
    traits = np.column_stack(
        [
            *(gait["size"] for gait in gaits),
            *(gait["cadence"] for gait in gaits),
            *(movement.scores for movement in movements),
        ]
    )

    def over_gaits(name: str) -> Values:
        return np.stack([gait[name] for gait in gaits])

    return Parameters(
        traits=traits.mean(axis=0),
        traits_covariance=np.cov(traits.T),
        stride=over_gaits("stride_real") + 1j * over_gaits("stride_imaginary"),
        stride_spread=over_gaits("stride_spread"),
        stride_bout_spread=over_gaits("stride_bout_spread"),
        size_bout_spread=over_gaits("size_bout_spread"),
        cadence_bout_spread=over_gaits("cadence_bout_spread"),
        strength_spread=over_gaits("strength_spread"),
        tempo_spread=over_gaits("tempo_spread"),
        movement=np.stack([m.mean for m in movements]),
        movement_trait=np.stack([m.trait for m in movements]),
        movement_spread=np.stack([m.spread for m in movements]),
        movement_moment=np.stack([m.moment for m in movements], axis=1),
        coherence=np.stack([m.coherence for m in movements]),
        lean=np.stack([lean[0].mean(axis=0) for lean in leans]),
        lean_spread=np.stack([lean[0].std(axis=0, ddof=1) for lean in leans]),
        lean_bout_spread=np.stack([lean[1] for lean in leans]),
        **_bias(by_activity[3:], people),
    )


def _gait_parameters(own: list[Bout], people: list[str]) -> dict[str, Values]:
    """Of one gait: a person's own numbers by name, and means and spreads."""
    gaits = same_leg_first([bout.gait for bout in own if bout.gait is not None])
    size, size_bout = _spreads([np.log(g.size_g) for g in gaits], own, people)
    cadence, cadence_bout = _spreads([np.log(g.cadence_hz) for g in gaits], own, people)
    real, real_bout = _spreads([g.stride.real for g in gaits], own, people)
    imaginary, imaginary_bout = _spreads([g.stride.imag for g in gaits], own, people)
    variance = real.var(axis=0, ddof=1) + imaginary.var(axis=0, ddof=1)
    return {
        "size": size,
        "size_bout_spread": size_bout,
        "cadence": cadence,
        "cadence_bout_spread": cadence_bout,
        "stride_real": real.mean(axis=0),
        "stride_imaginary": imaginary.mean(axis=0),
        "stride_spread": np.sqrt(variance / 2),
        "stride_bout_spread": np.sqrt((real_bout**2 + imaginary_bout**2) / 2),
        "strength_spread": np.mean([g.strength_spread for g in gaits]),
        "tempo_spread": np.mean([g.tempo_spread for g in gaits]),
    }


def movement_of(own: list[Bout], people: list[str]) -> Movement:
    """The spectrum of what does not repeat: its mean, how people differ, and how it changes."""
    spectra = [band_spectra(_movement_samples(bout)) for bout in own]
    power = [np.einsum("nbii->nbi", s).real for s in spectra]
    logs = [np.log(p) / 2 for p in power]
    who = np.concatenate([[bout.subject] * len(s) for bout, s in zip(own, spectra, strict=True)])
    pieces = np.concatenate(logs).reshape(len(who), -1)
    of_people = np.stack([pieces[who == person].mean(axis=0) for person in people])
    deviation = of_people - of_people.mean(axis=0)
    scores, trait = _main_directions(deviation, 1)
    rest = (deviation - scores @ trait).std(axis=0, ddof=1)
    within = pieces - of_people[[people.index(person) for person in who]]
    _, moment = _main_directions(within, _N_MOMENTS)
    scale = np.sqrt(np.concatenate(power))
    correlation = np.concatenate(spectra) / (scale[..., :, None] * scale[..., None, :])
    shape = (N_BANDS, N_SIGNALS)
    return Movement(
        of_people.mean(axis=0).reshape(shape),
        trait.reshape(shape),
        rest.reshape(shape),
        moment.reshape(_N_MOMENTS, *shape),
        correlation.mean(axis=0),
        scores[:, 0],
    )


def _movement_samples(bout: Bout) -> Values:
    if bout.gait is None:
        return bout.samples
    return bout.gait.residual / bout.gait.size_g


def band_spectra(samples: Values) -> NDArray[np.complex128]:
    """Cross-spectra in each band, (n_pieces, 7, 6, 6), of pieces that overlap by half.

    The diagonal is the mean square in the band.
    """
    starts = np.arange(0, len(samples) - PIECE + 1, PIECE // 2)
    pieces = samples[starts[:, None] + np.arange(PIECE)]
    taper = np.hanning(PIECE)
    spectrum = np.fft.rfft((pieces - pieces.mean(axis=1, keepdims=True)) * taper[:, None], axis=1)
    spectrum *= np.sqrt(2 / PIECE / (taper**2).sum())
    hz = np.fft.rfftfreq(PIECE, 1 / RATE_HZ)
    band = np.digitize(hz, BAND_EDGES_HZ)
    own = [spectrum[:, band == b] for b in range(1, N_BANDS + 1)]
    return np.stack([np.einsum("nfi,nfj->nij", s, s.conj()) for s in own], axis=1)


def _main_directions(deviation: Values, n: int) -> tuple[Values, Values]:
    """Scores of unit spread, (n_rows, n), and what each adds, (n, n_columns): largest first."""
    left, sizes, directions = np.linalg.svd(deviation, full_matrices=False)
    flip = np.where(directions[:n].sum(axis=1) < 0, -1.0, 1.0)
    root = np.sqrt(len(deviation) - 1)
    return left[:, :n] * flip * root, directions[:n] * (flip * sizes[:n] / root)[:, None]


def _lean(bout: Bout) -> Values:
    """Angles of up from x towards z and towards y, (2,)."""
    x, y, z = bout.samples[:, :3].mean(axis=0)
    if bout.activity == "LAYING" and z < 0:  # on the belly, which few do: as if on the back
        z = -z
    return np.array([np.arctan2(z, x), np.arcsin(y / np.sqrt(x**2 + y**2 + z**2))])


def _bias(rest: list[list[Bout]], people: list[str]) -> dict[str, Values]:
    """What a device at rest shows: along x while upright, along z while lying, in rotation."""
    _, standing, lying = rest
    length = [np.linalg.norm(b.samples[:, :3].mean(axis=0)) - 1 for b in (*standing, *lying)]
    upright, _ = _spreads([np.array(v) for v in length[: len(standing)]], standing, people)
    flat, _ = _spreads([np.array(v) for v in length[len(standing) :]], lying, people)
    turning, _ = _spreads([b.samples[:, 3:].mean(axis=0) for b in lying], lying, people)
    upright, flat = upright[:, None], flat[:, None]
    by_person = np.hstack([upright, np.zeros_like(flat), flat, turning])
    spread = by_person.std(axis=0, ddof=1)
    spread[1] = spread[2] = spread[0]  # y is not seen, and z is pulled on by few
    return {"bias": np.median(by_person, axis=0), "bias_spread": spread}


def _spreads(values: list[Values], own: list[Bout], people: list[str]) -> tuple[Values, Values]:
    """Each person's mean over bouts, (n_people, ...), and the spread over one person's bouts."""
    by_person = [
        np.stack([v for v, bout in zip(values, own, strict=True) if bout.subject == person])
        for person in people
    ]
    within = np.concatenate([v - v.mean(axis=0) for v in by_person])
    n_free = len(within) - len(people)
    means = np.stack([v.mean(axis=0) for v in by_person])
    return means, np.sqrt((within**2).sum(axis=0) / n_free)


if __name__ == "__main__":
    write_text(FILE, measure(bouts(datasets.load_recordings("hapt"))).as_json())
    print(f"{FILE} written")
