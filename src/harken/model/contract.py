"""What a model requires of its input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harken.core.errors import ContractError
from harken.core.recording import UNITS
from harken.preparation import Target
from harken.signal.windows import DeviceFrame, Windows, WindowSpec


@dataclass(frozen=True)
class Contract:
    """What a model requires of its input.

    Attributes
    ----------
    channels : names, in order
    labels : names of the classes, in order
    rate_hz, n_steps, stride_steps : the form of the windows
    warm_up_s : seconds after a start or a gap whose windows should not be trusted
    filter_chain : name of the filters that the channels went through
    placement : where the device is worn
    mounting : empty where the dataset does not say; else `up` and `forward`, the axes that point
        there when the wearer is upright, and `learnt`: from devices "as-worn", or from recordings
        that were turned into these axes by their "estimated" mounting
    units : by kind of channel
    """

    channels: tuple[str, ...]
    labels: tuple[str, ...]
    rate_hz: float
    n_steps: int
    stride_steps: int
    warm_up_s: float
    filter_chain: str = "uci-har"
    placement: str = "waist"
    mounting: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=lambda: dict(UNITS))

    @property
    def spec(self) -> WindowSpec:
        return WindowSpec(self.n_steps, self.stride_steps, self.rate_hz)

    @property
    def frame(self) -> DeviceFrame:
        """Where its devices are worn, and the axes of its channels."""
        return DeviceFrame(
            placement=self.placement, filter_chain=self.filter_chain, **self.mounting
        )

    @property
    def target(self) -> Target:
        """What recordings are prepared for."""
        return Target(self.spec, self.channels, self.frame)

    @property
    def reads_gyroscope(self) -> bool:
        """Whether any of its channels comes from a gyroscope."""
        return self.target.reads_gyroscope

    def check(self, windows: Windows) -> Windows:
        """The windows with just the contract's channels.

        Raises
        ------
        ContractError
            They do not fit, with what was found and what is needed.
        """
        missing = [name for name in self.channels if name not in windows.channels]
        if missing:
            raise ContractError(
                f"The model needs the channel{'s' if len(missing) > 1 else ''} "
                f"{', '.join(missing)}; the input has {', '.join(windows.channels)}. "
                "A recording without gyroscope needs a model trained with --channels accelerometer."
            )
        if windows.n_steps != self.n_steps:
            raise ContractError(
                f"The model needs windows of {self.n_steps} steps; these have {windows.n_steps}."
            )
        if abs(windows.rate_hz - self.rate_hz) > 0.01 * self.rate_hz:
            raise ContractError(
                f"The model needs {self.rate_hz:g} samples a second; these windows have "
                f"{windows.rate_hz:g}."
            )
        return windows.with_channels(self.channels)
