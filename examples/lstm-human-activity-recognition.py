# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # LSTMs for human activity recognition
#
# A phone on a belt feels every step. From nothing but what it feels, a small program can tell
# whether its wearer walks, climbs stairs, sits, stands or lies down. This page builds such a
# program, from the raw signal to your own recording.
#
# In 2016 Guillaume Chevalier told this story in a notebook,
# [LSTMs for Human Activity Recognition](https://github.com/guillaume-chevalier/LSTM-Human-Activity-Recognition),
# from which many people learnt what a recurrent network is. Here it is told anew, with
# [Harken](../README.md) doing the heavy work, and with some things that have been learnt since:
# where the signals come from, why sitting and standing are so hard to tell apart, and how to judge
# a network without fooling oneself.
#
# You need some Python and no knowledge of neural networks. Every result below is printed by the
# code above it, so you can change the code and see what becomes of it. All of it runs in a few
# minutes on a laptop, without a graphics card. Install what it needs, and open
# `examples/lstm-human-activity-recognition.ipynb` in Jupyter or in an editor that knows notebooks:
#
# ```
# pip install -c constraints.txt -e '.[docs]'
# ```
#
# Or say `make docs`, which runs it from start to end and makes the page `docs/tutorial.md`.

# %%
import os

import matplotlib.pyplot as plt
import numpy as np
from scipy import signal

import charts
import drawings
import harken

charts.use_style()

# %% [markdown]
# ## The data
#
# [UCI HAR](https://archive.ics.uci.edu/dataset/240/human+activity+recognition+using+smartphones) is
# a dataset of thirty people in Genoa, who did six things with a phone on their waist. It was
# published in 2013 as short pieces of signal, called *windows*. Three years later the raw
# *recordings* of the same thirty people followed, under the name of
# [HAPT](https://archive.ics.uci.edu/dataset/341/smartphone+based+recognition+of+human+activities+and+postural+transitions).
# We use both: the windows to learn from, the recordings to see how windows come about.
#
# Harken looks for the archives in the folder that `$HARKEN_DATA` names, then in its cache, and
# downloads them once if they are nowhere. If that fails, everything below goes on with people whom
# the program makes up. Then each figure says "simulated data", and no number means anything about
# real people.

# %%
dataset = os.environ.get("TUTORIAL_DATASET", "uci-har")
try:
    windows = harken.load(dataset)
    recordings = harken.load_recordings("hapt" if dataset == "uci-har" else dataset)
except harken.HarkenError as error:
    print(f"The real data is not at hand: {error}")
    windows, recordings = harken.load("simulated"), harken.load_recordings("simulated")

simulated = windows.dataset == "simulated"
print("Data:", "SIMULATED PEOPLE" if simulated else "UCI HAR and HAPT, real people")

# %% [markdown]
# What is in it? A window is a small table: so many moments in time, and so many signals at each.

# %%
train, test = windows.of_split("train"), windows.of_split("test")
n_windows, n_steps, n_channels = windows.x.shape
print(f"{n_windows:,} windows of {n_steps} steps, {n_channels} signals")
print(f"{windows.rate_hz:g} steps a second: {n_steps / windows.rate_hz:.2f} seconds a window")
print("The signals, in g, radians a second, and g:")
for first in range(0, n_channels, 3):
    print(" ", ", ".join(windows.channels[first : first + 3]))
print(f"To learn from: {len(train):,} windows of {len(train.subjects)} people")
print(f"To judge on: {len(test):,} windows of {len(test.subjects)} others,")
print("  subjects", *test.subjects)
print(f"  mean of all values {test.x.mean():.4f}, deviation {test.x.std():.4f}")

print(f"\n{'windows':<19}{'to learn':>10}{'to judge':>10}")
for code, label in enumerate(windows.labels):
    learn, judge = (train.y == code).sum(), (test.y == code).sum()
    print(f"{charts.name(label):<19}{learn:>10,}{judge:>10,}")

# %% [markdown]
# Note how the windows are shared out: not at random, but by person. Nobody stands on both sides.
# We shall see why that matters more than anything else on this page.
#
# ### Two sensors
#
# The **accelerometer** does not measure how the phone gets faster. It measures the force that holds
# the phone against falling, divided by its mass, in units of *g*, the pull of the earth. On a table
# it reads 1 g, upwards. That is a gift: while the wearer is still, the sensor says which way is up.
#
# The **gyroscope** measures how fast the phone turns, in radians a second, about each of three
# axes.
#
# Here is one window of each activity, all of one person.

# %% name="windows" alt="Total acceleration in one window of each of six activities"
person = train.of_subjects([train.subjects[0]])
columns = [person.channels.index(f"total_acc_{axis}") for axis in charts.AXES]
figure, panels = charts.chart(6.6, 3, 2, simulated=simulated, sharex=True, sharey=True)
time_s = np.arange(n_steps) / windows.rate_hz
for code, (label, panel) in enumerate(zip(windows.labels, panels.T.flat, strict=True)):
    of_activity = person.x[person.y == code]
    for (axis, colour), column in zip(charts.AXES.items(), columns, strict=True):
        middle = of_activity[len(of_activity) // 2, :, column]
        panel.plot(time_s, middle, color=colour, linewidth=1.4, label=axis)
    panel.set_title(charts.name(label))
for panel in panels[:, 0]:
    panel.set_ylabel("g")
for panel in panels[-1]:
    panel.set_xlabel("time (s)")
panels[0, 0].set_ylim(-1.2, 2.4)
panels[0, 0].legend(ncols=3, loc="upper left", handlelength=1, columnspacing=0.8)

# %% [markdown]
# Three activities move and three do not. Among those that move, the stairs differ from level ground
# in how hard each foot comes down. Among those that do not, lying is another matter altogether:
# gravity falls on another axis. But sitting and standing? The phone hangs upright in both, and only
# leans a little otherwise, by an amount that differs from person to person. Keep that in mind.
#
# ## Gravity, and how to take it out
#
# An accelerometer feels two things at once: gravity, which tells how the body is held, and
# movement. It helps to have each by itself. Nothing in a single number tells them apart, but time
# does: posture changes slowly, steps come fast. What separates slow from fast is a *filter*.
#
# Let us watch one recording of a person to learn from, around the time when they get up and begin
# to walk.

# %% name="signal" alt="Raw acceleration over two minutes, with the labelled activities below"
recording = next(r for r in recordings if r.subject in train.subjects)
rate_hz = recording.acc.rate_hz
first_walk_s = next(s.start_s for s in recording.spans if s.label == "WALKING")
begin_s, end_s = max(0.0, first_walk_s - 60), first_walk_s + 60
spans = [
    (max(begin_s, s.start_s), min(end_s, s.end_s), s.label)
    for s in recording.spans
    if s.end_s > begin_s and s.start_s < end_s
]
shown = (recording.acc.time_s >= begin_s) & (recording.acc.time_s < end_s)
time_s = recording.acc.time_s[shown]


def draw_axes(panel, time_s, values, label):
    """Three lines, one for each axis."""
    for (axis, colour), line in zip(charts.AXES.items(), values.T, strict=True):
        panel.plot(time_s, line, color=colour, linewidth=0.9, label=axis)
    panel.set_ylabel(label)


figure, (upper, lower) = charts.chart(
    5.6, 2, simulated=simulated, sharex=True, height_ratios=(3, 2.2)
)
draw_axes(upper, time_s, recording.acc.values[shown], "acceleration (g)")
charts.legend_above(upper)
charts.activity_bars(lower, spans)
lower.set_xlabel("time (s)")
lower.set_xlim(begin_s, end_s)
print(f"{len(recording.acc):,} samples at {rate_hz:g} Hz: {recording.duration_s / 60:.1f} minutes")

# %% [markdown]
# ### The same signal, by frequency
#
# A *spectrum* asks of a signal how much of it comes and goes at each pace. The pace is called
# *frequency*, in hertz (Hz), times a second. We look at the axis that points up, walking and
# standing.


# %% name="spectrum" alt="Spectrum of the vertical acceleration, walking and standing"
def longest(label):
    """The samples of the longest stretch of an activity: (n_samples, 3), in g."""
    span = max((s for s in recording.spans if s.label == label), key=lambda s: s.end_s - s.start_s)
    within = (recording.acc.time_s >= span.start_s) & (recording.acc.time_s < span.end_s)
    return recording.acc.values[within]


spectra = {}
for label in ("WALKING", "STANDING"):
    up = longest(label)[:, 0]
    spectra[label] = signal.welch(up, rate_hz, nperseg=512, detrend=False)

figure, panel = charts.chart(4.2, simulated=simulated)
for label, (frequency_hz, power) in spectra.items():
    colour = charts.ACTIVITIES[label]
    panel.semilogy(frequency_hz, power, color=colour, linewidth=1.6, label=charts.name(label))
panel.axvspan(20, rate_hz / 2, color="0.9")
panel.text(22.5, power.max(), "cut off", ha="center", va="center")
panel.annotate(
    "gravity", (0.3, power.max()), (2.8, power.max()), va="center", arrowprops={"arrowstyle": "->"}
)
panel.set_xlim(0, rate_hz / 2)
panel.set_xlabel("frequency (Hz)")
panel.set_ylabel("power (g²/Hz)")
charts.legend_above(panel)

frequency_hz, power = spectra["WALKING"]
paces = (frequency_hz > 1) & (frequency_hz < 3)
step_hz = frequency_hz[paces][power[paces].argmax()]
print(f"Strongest pace: {step_hz:.1f} Hz, {60 * step_hz:.0f} steps a minute")

# %% [markdown]
# Gravity stands alone at the left edge. Walking has sharp peaks: one at the steps, and more at
# twice, three times ... that pace, because a step is no smooth wave. What lies beyond 20 Hz is
# little beside these, and the makers of the data cut it off.
#
# A spectrum of a whole recording mixes all that happened in it. So one takes short pieces, one
# after the other, and puts their spectra side by side. This is the *short-time Fourier transform*
# (STFT), and its picture a *spectrogram*: time to the right, frequency upwards, power as colour.

# %% name="spectrogram" alt="Spectrogram of the vertical acceleration, with the activities below"
transform = signal.ShortTimeFFT(
    signal.windows.hann(128, sym=False), hop=16, fs=rate_hz, scale_to="psd"
)
up = recording.acc.values[shown][:, 0]
decibels = 10 * np.log10(transform.spectrogram(up) + 1e-9)

figure, (upper, lower) = charts.chart(
    6.0, 2, simulated=simulated, sharex=True, height_ratios=(3, 2.2)
)
image = upper.pcolormesh(
    begin_s + transform.t(len(up)), transform.f, decibels, cmap="cividis", vmin=-60, vmax=0,
    shading="nearest", rasterized=True,
)  # fmt: skip
upper.grid(visible=False)
upper.set_ylabel("frequency (Hz)")
figure.colorbar(image, ax=upper, location="top", label="power (decibels of 1 g²/Hz)", aspect=40)
charts.activity_bars(lower, spans)
lower.set_xlabel("time (s)")
lower.set_xlim(begin_s, end_s)

# %% [markdown]
# The stripes are steps; where there are none, the person is still. The bright band along the lower
# edge is gravity, and it is fainter where the body lies and this axis points to the side.
#
# ### A Butterworth filter
#
# A filter lets some frequencies pass and holds others back. Stephen Butterworth described in 1930
# the one that is flattest where it lets pass. It is told by two numbers: the *cut-off*, where half
# of the power is left, and the *order*, how steeply it falls beyond. The makers of the data used
# two:
#
# - a low-pass at **20 Hz** takes the noise out,
# - a low-pass at **0.3 Hz** leaves gravity. What it takes away is the movement of the body.
#
# How much a filter lets through at each frequency is called its *frequency response*.

# %% name="response" alt="Frequency responses of the two low-pass filters and of what is left"
noise_filter = signal.butter(10, 20.0, fs=rate_hz, output="sos")
gravity_filter = signal.butter(3, 0.3, fs=rate_hz, output="sos")
frequency_hz, noise_gain = signal.sosfreqz(noise_filter, np.geomspace(0.01, 24.9, 2000), fs=rate_hz)
_, gravity_gain = signal.sosfreqz(gravity_filter, frequency_hz, fs=rate_hz)

figure, panel = charts.chart(4.2, simulated=False)
panel.semilogx(frequency_hz, abs(gravity_gain), color=charts.BLUE, label="gravity")
panel.semilogx(frequency_hz, abs(1 - gravity_gain), "--", color=charts.RED, label="body")
panel.semilogx(frequency_hz, abs(noise_gain), ":", color="0.1", label="all but noise", linewidth=2)
panel.axhline(np.sqrt(0.5), color="0.6", linewidth=1)
panel.text(2.5, np.sqrt(0.5) - 0.02, "half of the power", va="top", fontsize=11)
panel.axvspan(1.4, 2.4, color="0.92", zorder=0)
panel.text(1.83, 0.05, "steps", ha="center")
panel.set(xlim=(0.01, 25), ylim=(0, 1.7), xlabel="frequency (Hz)", ylabel="gain")
panel.xaxis.set_major_formatter("{x:g}")
charts.legend_above(panel)

slow = frequency_hz < 0.05
phase = np.unwrap(np.angle(gravity_gain[slow]))
delay_s = -np.gradient(phase, 2 * np.pi * frequency_hz[slow]).mean()
print(f"Gravity comes out {delay_s:.2f} seconds late.")
print(f"Largest gain of the body: {abs(1 - gravity_gain).max():.2f}")

# %% [markdown]
# Two honest remarks. First, a filter that runs while the samples come in cannot know the future,
# so what it says is late, by the time printed above. Second, "body" here is simply the signal less
# its gravity, and for that, around the cut-off, more comes out than went in. It does little harm,
# since people do little at such a pace; but after getting up quickly it takes some seconds until
# gravity has caught up.
#
# ### Before and after

# %% name="filtered" alt="Acceleration before filtering; gravity and body acceleration after it"
smooth = signal.sosfilt(noise_filter, signal.medfilt(recording.acc.values, (3, 1)), axis=0)
gravity = signal.sosfilt(gravity_filter, smooth, axis=0)
body = smooth - gravity

figure, panels = charts.chart(7.0, 3, simulated=simulated, sharex=True)
draw_axes(panels[0], time_s, recording.acc.values[shown], "before (g)")
draw_axes(panels[1], time_s, gravity[shown], "gravity (g)")
draw_axes(panels[2], time_s, body[shown], "body (g)")
charts.legend_above(panels[0])
panels[2].set_xlabel("time (s)")
panels[2].set_xlim(begin_s, end_s)

# %% [markdown]
# Above, everything at once. In the middle how the body is held: you can see the person get up.
# Below, what it does.
#
# The first three lines of that code are all there is to the published acceleration: `medfilt`,
# which takes out single wild samples, and the two filters. The gyroscope goes through a filter of
# its own, which takes out its slow drift. The dataset's description leaves some of this out; it was
# found by trying until all published windows came out of the raw recordings (`harken data rebuild
# hapt` shows how well). In Harken the whole chain is one object, which works on a phone's stream as
# on a file:

# %%
chain = harken.FilterChain(gyroscope=True, start="zero")
raw = np.hstack([recording.acc.values, recording.gyro.values])
filtered = np.vstack([chain.push(raw), chain.flush()])
difference = abs(filtered[:, :3] - body).max()
print(f"Harken's body acceleration less ours: {difference:.1e} g")

# %% [markdown]
# ### Cut into windows
#
# A network of the kind below takes a piece of fixed length. Each recording is cut into windows of
# 128 samples, and each window begins half a window after the one before, so that neighbours share
# half of their samples. What is learnt from is a block of numbers: windows, by steps, by signals.
#
# ## What is a recurrent network?
#
# A **neural network** is a long formula with many numbers in it, called *weights*, that nobody
# chooses. One begins with random weights, shows the network examples, measures how wrong it is
# (the *loss*), and changes each weight a little in the direction in which it gets less wrong. After
# some thousand such steps the network has learnt.
#
# A **recurrent** network reads its input step by step and keeps a *state*, a list of numbers in
# which it notes what it has seen so far. At each step the same formula makes a new state out of the
# old one and of what comes in:
#
# ```
# state = tanh(A · input + B · state before + c)
# ```
#
# `A`, `B` and `c` are its weights, the same at all steps; `tanh` keeps every number between -1
# and 1. Such networks can be wired in several ways:

# %% name="kinds" alt="Three kinds of networks: one to one, many to many, many to one"
drawings.kinds_of_networks()
plt.show()

# %% [markdown]
# *One to one* has no memory: one input, one answer. *Many to many* answers at every step, as when
# each word of a text gets its part of speech. We need *many to one*: a whole window comes in, and
# one answer is wanted at its end.

# %% name="unrolled" alt="A many-to-one recurrent network, unrolled over a window of 128 steps"
drawings.unrolled()
plt.show()

# %% [markdown]
# ### Why plain recurrence forgets
#
# There is a catch. When a network learns, the blame for a wrong answer has to travel back through
# all steps, and at each it is multiplied by about the same factor. A factor a little below 1 to the
# power of 128 is nothing; one a little above is enormous.

# %% name="vanishing" alt="What is left of the blame for an error, by steps back in time"
figure, panel = charts.chart(3.6, simulated=False)
back = np.arange(n_steps)
for factor, style, colour in (
    (1.02, "-.", charts.RED),
    (1.0, "-", "0.1"),
    (0.98, "--", charts.BLUE),
    (0.9, ":", charts.GREEN),
):
    panel.semilogy(back, factor**back, style, color=colour, linewidth=2, label=f"{factor:g}")
panel.set_xlabel("steps back in time")
panel.set_ylabel("what is left of it")
panel.set_title("factor at each step:")
charts.legend_above(panel, columns=4)
print(f"0.9 to the power of {n_steps - 1}: {0.9 ** (n_steps - 1):.0e}")

# %% [markdown]
# ### Long short-term memory
#
# The LSTM (Hochreiter and Schmidhuber, 1997) mends this. Beside its state it has a *memory* that
# runs straight through all steps, the thick line below. Nothing is done to it but to scale it and
# to add to it, so that the factor can stay near 1 for as long as it is useful.

# %% name="lstm" alt="One step of an LSTM: memory, the gates forget, write and read, the note"
drawings.lstm_cell()
plt.show()

# %% [markdown]
# What happens to the memory is decided by three *gates*, the blue boxes. A gate is a small layer
# of its own that looks at the input and at the state before, and gives numbers between 0 (shut)
# and 1 (open), one for each number of the memory:
#
# - **forget**: how much of the old memory to keep,
# - **write**: how much of the new *note*, which says what could be worth remembering, to add,
# - **read**: how much of the memory to show as this step's state.
#
# In formulas, where `×` multiplies number by number, `σ` squeezes any number into 0 to 1, and
# `seen` is the input together with the state before:
#
# ```
# forget = σ(A · seen + a)
# write  = σ(B · seen + b)
# read   = σ(C · seen + c)
# note   = tanh(D · seen + d)
# memory = forget × memory before
#        + write × note
# state  = read × tanh(memory)
# ```
#
# What the gates should look out for, nobody tells them. They learn it.
#
# ## The notebook's network, trained live
#
# Two LSTMs on top of one another, the second reading the states of the first: that was the
# notebook's network. Below them a *dense layer* (every output a weighted sum of all inputs) mixes
# the signals of each step; *ReLU* sets what is negative to 0. Above them, another dense layer makes
# one number for each activity out of the last state. The largest wins.

# %% name="network" alt="The notebook's network: dense layer, two LSTMs, last step, dense layer"
drawings.stacked_lstm(n_channels, n_steps, hidden=32, n_labels=len(windows.labels))
plt.show()

# %% [markdown]
# Harken's preset `notebook` is this network with the notebook's recipe, down to the initial values
# of its weights. The full recipe goes through the training windows 300 times (*epochs*) and takes
# some minutes. For this page a fraction of it has to do.

# %%
notebook = harken.train(windows, preset="notebook", epochs=40, seed=0)
found = notebook.metrics
low, high = found["accuracy_ci95"]
print(f"{found['n_parameters']:,} weights, trained in {found['train_seconds']:.0f} seconds")
print(f"Right in {found['accuracy']:.1%} of {found['n_windows']:,} windows")
print(f"95 % interval: {low:.1%} to {high:.1%}")
print(f"Left behind in {notebook.path}:")
print(f"  {notebook.report.name}, {notebook.model_file.name} and more")

# %% [markdown]
# All these windows are of people whom the network never saw. The interval says how much of the
# figure is luck: draw as many people from them as there are, some twice, some not at all, and 95 of
# 100 such draws give a figure within it.
#
# The curves tell how it went. At each step (one change of all weights) the network saw a *batch* of
# windows; the loss should fall and the accuracy rise.

# %% name="curves" alt="Loss and accuracy by step, training batches and test people"
figure, panels = charts.chart(6.0, 2, simulated=simulated, sharex=True)
steps = [row["step"] for row in notebook.history]
for panel, kind in zip(panels, ("loss", "accuracy"), strict=True):
    for side, style, words in (("batch", "--", "training batch"), ("test", "-", "test people")):
        values = [row[f"{side}_{kind}"] for row in notebook.history]
        colour = charts.RED if side == "test" else charts.BLUE
        panel.plot(steps, values, style, color=colour, linewidth=2, label=words)
    panel.set_ylabel(kind)
charts.legend_above(panels[0], columns=2)
panels[1].set_xlabel("step")

# %% [markdown]
# A word of warning about the red curve. The notebook drew it, so it is drawn here. But whoever
# watches it and stops at its best moment has learnt from the test people, and the figure is no
# longer worth what it seems to be. Harken selects nothing on it; and each look at the test people
# is written down in the run:

# %%
looks = notebook.openings
print(f"{len(looks)} looks at {looks[0]['subjects']}:")
print(f"“{looks[0]['why']}” to “{looks[-1]['why']}”")

# %% [markdown]
# ### Who is taken for what
#
# A single percentage hides where the errors are. A *confusion matrix* shows them: a row for what
# people did, a column for what the network said. On the diagonal it is right.

# %% name="confusion" alt="Confusion matrix of the notebook's network on the test people"
figure, panel = charts.chart(6.0, simulated=simulated)
charts.confusion(panel, found["confusion_matrix"], found["labels"])

# %%
SITTING, STANDING = windows.labels.index("SITTING"), windows.labels.index("STANDING")


def mixed_up(metrics):
    """Errors in all, and those that took sitting for standing or the other way round."""
    counts = np.array(metrics["confusion_matrix"])
    return counts.sum() - counts.trace(), counts[SITTING, STANDING] + counts[STANDING, SITTING]


errors, of_posture = mixed_up(found)
print(f"{errors} errors, {of_posture} between sitting and standing")

# %% [markdown]
# ## Sitting and standing
#
# Who sits and who stands keep the phone upright and still. What is left to tell them apart is how
# the phone leans, and how still is still: a body is never quite at rest. How much does each signal
# change within a window? The first column is the acceleration; the second is how fast the body
# turns about its upright axis, to the left and to the right.

# %%
acceleration = [train.channels.index(f"body_acc_{axis}") for axis in charts.AXES]
turning = train.channels.index("body_gyro_x")
print(f"{'median deviation':<19}{'g':>10}{'rad/s':>10}")
for code, label in enumerate(train.labels):
    of_activity = train.x[train.y == code]
    shaken = np.median(of_activity[:, :, acceleration].std(axis=1))
    turned = np.median(of_activity[:, :, turning].std(axis=1))
    print(f"{charts.name(label):<19}{shaken:>10.4f}{turned:>10.4f}")

# %% [markdown]
# So there is something to be learnt: who stands sways, and who sits sways less. But how small it is
# beside walking! Networks like their inputs at about the same size, so one usually divides each
# signal by its standard deviation over all training windows, and that deviation comes from walking.
# What remains of the swaying is so small that a network can hardly learn from it.
#
# *Companding*, known from old telephone lines, **com**presses what is loud and ex**pands** what is
# soft. Beside the signals as they are, Harken's flagship sees `asinh(50 · signal)`: up to about
# 0.02 g or 0.02 radians a second that is a straight line, beyond it a logarithm. Here is a window
# of each activity, the one with the median deviation:

# %% name="companded" alt="Turning while sitting, standing and walking, scaled and companded"
scale = train.x[:, :, turning].std()
of_label = {
    label: train.x[train.y == train.labels.index(label)][:, :, turning]
    for label in ("WALKING", "SITTING", "STANDING")
}
time_s = np.arange(n_steps) / windows.rate_hz
figure, panels = charts.chart(6.4, 2, simulated=simulated, sharex=True)
for label, pieces in of_label.items():
    typical = pieces[pieces.std(axis=1).argsort()[len(pieces) // 2]]
    colour, width = charts.ACTIVITIES[label], 1.0 if label == "WALKING" else 2.0
    panels[0].plot(time_s, typical / scale, color=colour, linewidth=width, label=charts.name(label))
    panels[1].plot(time_s, np.arcsinh(50 * typical), color=colour, linewidth=width)
panels[0].set_ylabel("divided by deviation")
panels[1].set_ylabel("companded")
panels[1].set_xlabel("time (s)")
charts.legend_above(panels[0])

# %% [markdown]
# Above, sitting and standing are almost one flat line. Below, each has a life of its own, and
# walking still fits into the picture. Over all windows of all training people:

# %% name="distribution" alt="How often each value occurs, scaled and companded"
figure, panels = charts.chart(6.4, 2, simulated=simulated)
for label, pieces in of_label.items():
    for panel, values, reach in (
        (panels[0], pieces.ravel() / scale, 2.0),
        (panels[1], np.arcsinh(50 * pieces.ravel()), 5.0),
    ):
        panel.hist(
            values, bins=np.linspace(-reach, reach, 121), density=True, histtype="step",
            color=charts.ACTIVITIES[label], linewidth=1.8, label=charts.name(label),
        )  # fmt: skip
panels[0].set_xlabel("divided by deviation")
panels[1].set_xlabel("companded")
for panel in panels:
    panel.set_ylabel("density")
charts.legend_above(panels[0])

sitting, standing = (
    np.arcsinh(50 * of_label[label]).std(axis=1) for label in ("SITTING", "STANDING")
)
sways_more = (standing > sitting[:, None]).mean()
print(f"Of a window of each, standing sways more: {sways_more:.0%}")

# %% [markdown]
# (Half would be chance.) Companding adds nothing that was not there: it can be undone. But it puts
# what matters where a network looks.
#
# ## The honest evaluation
#
# One split into people to learn from and people to judge on is one throw of the dice: had other
# people been among the few to judge on, the figure would be another. So let everybody be judged
# once. In *subject-wise cross-validation* all people are dealt into groups (*folds*); for each
# group, a network is trained on all others and judged on it.
#
# And to see what a careless judge would find, Harken has a *leak meter*: it trains once more on a
# random split of the windows. There, the same person stands on both sides; and since neighbouring
# windows share half of their samples, the network has half seen what it is examined on.
#
# Four networks have to be trained for this, so few epochs must do. They are the notebook's network
# once more, trained as one would today, and seeing its inputs companded too.

# %%
crossval = harken.crossval(
    windows, preset="stacked-lstm-companded", n_folds=3, epochs=5, leak_meter=True
)
judged = crossval.metrics
low, high = judged["accuracy_ci95"]
worst = judged["worst_subject"]
leaked = judged["leak_meter"]["accuracy"]
print(f"By person: {judged['accuracy']:.1%} ({low:.1%} to {high:.1%})")
print(f"Worst:     {worst['accuracy']:.1%}, subject {worst['subject']}")
print(f"At random: {leaked:.1%} (leaks: not to be quoted)")

# %% name="people" alt="Accuracy of each person when judged by a network that never saw them"
rows = sorted(judged["per_subject"], key=lambda row: row["accuracy"])
figure, panel = charts.chart(7.4, simulated=simulated)
colours = [charts.RED] + [charts.BLUE] * (len(rows) - 1)
panel.barh([row["subject"] for row in rows], [100 * row["accuracy"] for row in rows], color=colours)
panel.axvline(100 * leaked, color="0.1", linestyle="--", linewidth=2)
panel.set_title("dashed: random split (leaks), do not quote")
panel.set(xlabel="accuracy (%)", ylabel="person", xlim=(0, 100), ylim=(-0.7, len(rows) - 0.3))
panel.tick_params(axis="y", labelsize=9)
panel.grid(visible=False, axis="y")

# %% [markdown]
# People differ far more than windows do. For most the network does well; for a few it does not, and
# these few are what somebody who hands out phones will hear about. That is why the intervals on
# this page come from drawing *people*, not windows: thousands of windows sound like much, but they
# are a handful of people, seen often.
#
# ## The flagship
#
# Harken's best network, the preset `conv-bilstm`, differs from the notebook's in what it sees and
# in how it reads:
#
# - Its inputs come in three views: as they are, companded, and each window scaled by itself, so
#   that the form of a movement counts and not its size.
# - Two *convolutions* (short patterns that are slid along the window) shorten it to a quarter.
# - A *bidirectional* LSTM reads it from both ends, for in a finished window the future is known.
# - *Attention* weighs all steps, instead of trusting the last one.

# %%
flagship = harken.train(windows, preset="conv-bilstm", seed=0)
best = flagship.metrics
low, high = best["accuracy_ci95"]
errors, of_posture = mixed_up(best)
print(f"{best['n_parameters']:,} weights, trained in {best['train_seconds']:.0f} seconds")
print(f"Right in {best['accuracy']:.1%} (95 % interval: {low:.1%} to {high:.1%})")
print(f"{errors} errors, {of_posture} between sitting and standing")
print("Looks:", *(opening["why"] for opening in flagship.openings))

# %% name="flagship" alt="Confusion matrix of the flagship on the test people"
figure, panel = charts.chart(6.0, simulated=simulated)
charts.confusion(panel, best["confusion_matrix"], best["labels"])

# %% [markdown]
# The same people, judged by both networks. (The notebook's was trained for a fraction of its
# recipe, so do not take the gap for the whole truth; the README has all figures, over several
# seeds.)

# %% name="both" alt="Accuracy of each test person, by the notebook's network and by the flagship"
figure, panel = charts.chart(4.6, simulated=simulated)
for row, (before, after) in enumerate(zip(found["per_subject"], best["per_subject"], strict=True)):
    pair = [100 * before["accuracy"], 100 * after["accuracy"]]
    panel.plot(pair, [row, row], color="0.6", linewidth=2, zorder=1)
    panel.scatter(pair[0], row, color=charts.ORANGE, s=70, marker="s", zorder=2)
    panel.scatter(pair[1], row, color=charts.BLUE, s=80, zorder=2)
panel.scatter([], [], color=charts.ORANGE, s=70, marker="s", label="notebook's, short")
panel.scatter([], [], color=charts.BLUE, s=80, label="flagship")
people = [row["subject"] for row in found["per_subject"]]
panel.set_yticks(range(len(people)), people)
panel.set(xlabel="accuracy (%)", ylabel="person", ylim=(len(people) - 0.5, -0.5))
charts.legend_above(panel, columns=2)

hardest = best["worst_subject"]
said = flagship.predictions
theirs = said.subject == hardest["subject"]
wrong = theirs & (said.probability.argmax(axis=1) != said.y)
print(f"Hardest for the flagship: subject {hardest['subject']}, {hardest['accuracy']:.1%}")
for code, label in enumerate(best["labels"]):
    if n_wrong := (wrong & (said.y == code)).sum():
        print(f"  {n_wrong} errors in windows of {charts.name(label)}")

# %% [markdown]
# ## Your own recording
#
# Training is done once. What it leaves is a *model file*, and one for people's own phones, which
# may be turned about the upright axis any way, comes with Harken. Here it meets a recording of four
# minutes. Its wearer was made up by the program and no person took part, so this shows how things
# are done, not how well. First ask what the file is; then what happens in it.

# %%
inspection = harken.inspect_recording(harken.read("walk.csv"))
facts = inspection.facts
print(f"{facts['length_s']:.0f} seconds of {' and '.join(facts['sensors'])}")
print("Odd about it:", "; ".join(finding.what for finding in inspection.findings) or "nothing")

prediction = harken.predict("walk.csv")
print("\nHow the phone sits:", *prediction.mounting.notes, sep="\n  ")
print("\nMinutes:")
for activity, minutes in prediction.summary.minutes.items():
    print(f"  {charts.name(activity):<19}{minutes:5.2f}")

# %% name="recording" alt="A simulated recording and the activities recognised in it"
figure, (upper, lower) = charts.chart(5.6, 2, simulated=True, sharex=True, height_ratios=(2.4, 2.6))
acc = prediction.recording.acc
draw_axes(upper, acc.time_s, acc.values, "acceleration (g)")
charts.legend_above(upper)
charts.activity_bars(
    lower, [(bout.start_s, bout.end_s, bout.activity) for bout in prediction.bouts]
)
lower.set_xlabel("time (s)")
lower.set_xlim(0, acc.time_s[-1])

# %% [markdown]
# Where the model is not sure, it says so: *in between* are the filters' first seconds, and moments
# such as lying down, which are none of the six activities.
#
# Now you. Put the phone on your belt or into a waist pouch, record acceleration and angular
# velocity with an app (Sensor Logger, phyphox and others), walk a little so that Harken can find
# out how the phone sits, and then:
#
# ```
# harken inspect my-walk.zip
# harken predict my-walk.zip --plot my-walk.png
# harken live --host 0.0.0.0
# ```
#
# The last one needs no app: it recognises you live, in the phone's browser
# ([how](../docs/live.md)).
#
# ## What one may not conclude
#
# - **That it works for everybody.** All that was learnt comes from thirty people between 19 and 48
#   years of age, in one laboratory, by one script. None of it says anything about children, old
#   people, or people who walk with a limp or a stick.
# - **That it works anywhere on the body.** The phone was at the waist. In a hand, a trouser pocket
#   or a bag the signals are others. Harken refuses what it knows to be worn elsewhere.
# - **That a difference of a point means something.** The official split judges on nine people. Look
#   at the intervals above: they are several points wide. To compare two systems, judge both on
#   the same people and look at the differences by person.
# - **That one run is the recipe.** Another seed gives another network. The notebook's recipe is
#   unstable: single steps near its end cost or gain points. Look at several seeds, with their
#   spread.
# - **That the test people are still unseen.** This split has been in the world since 2013. A run
#   may open the test set once, but the field has opened it every day, so that what is known to
#   work, the flagship's views among it, was in part found on it. This is why cross-validation over
#   everybody is the better measure.
# - **That a mean is a promise.** Subject 10 is the hardest for almost every network in the
#   [table of results](../docs/results.md), many points below the mean. If you are like subject 10,
#   the mean does not help you; a [model fitted to you](../docs/personalise.md) may.
# - **That a higher figure elsewhere is a better network.** Look first for how it was split, at
#   random or by person, and on whom the best epoch was chosen. The leak meter shows what that is
#   worth.
#
# ## Where to learn more
#
# The data:
#
# - A [video of the experiment](https://www.youtube.com/watch?v=XOEN9W05_4A): one person, the phone
#   on the belt, all six activities.
# - D. Anguita, A. Ghio, L. Oneto, X. Parra and J. L. Reyes-Ortiz,
#   [A Public Domain Dataset for Human Activity Recognition Using Smartphones](https://www.esann.org/sites/default/files/proceedings/legacy/es2013-84.pdf),
#   ESANN 2013. Whoever uses the data must cite this; commercial use is forbidden.
# - J.-L. Reyes-Ortiz, L. Oneto, A. Samà, X. Parra and D. Anguita,
#   [Transition-Aware Human Activity Recognition Using Smartphones](https://doi.org/10.1016/j.neucom.2015.07.085),
#   Neurocomputing 171, 2016: the raw recordings.
#
# The notebook and its sisters, all by Guillaume Chevalier and friends:
#
# - [LSTMs for Human Activity Recognition](https://github.com/guillaume-chevalier/LSTM-Human-Activity-Recognition),
#   which this page takes up.
# - [HAR with residual bidirectional LSTMs](https://github.com/guillaume-chevalier/HAR-stacked-residual-bidir-LSTMs):
#   more layers, with shortcuts between them. In Harken: the preset `residual-bilstm`.
# - [Linear Attention Recurrent Neural Network](https://github.com/guillaume-chevalier/Linear-Attention-Recurrent-Neural-Network):
#   an LSTM that looks back at its own past. In Harken: the preset `larnn`.
# - [Filtering, STFT and the Laplace transform](https://github.com/guillaume-chevalier/filtering-stft-and-laplace-transform):
#   more on what was done to gravity above.
#
# Recurrent networks:
#
# - S. Hochreiter and J. Schmidhuber,
#   [Long Short-Term Memory](https://doi.org/10.1162/neco.1997.9.8.1735), Neural Computation 9,
#   1997.
# - C. Olah, [Understanding LSTM Networks](https://colah.github.io/posts/2015-08-Understanding-LSTMs/),
#   2015.
# - A. Karpathy,
#   [The Unreasonable Effectiveness of Recurrent Neural Networks](https://karpathy.github.io/2015/05/21/rnn-effectiveness/),
#   2015.
#
# And in Harken: every network and preset with `harken models`, and
# `harken train uci-har --preset conv-bilstm --help` for what can be changed. Change something. See
# what becomes of the number.
