/** Beeps, for a phone that its wearer cannot see. */

let context = null;

/** From a tap: sound may not begin by itself. */
export function allowSound() {
  context ??= "AudioContext" in window ? new AudioContext() : null;
  context?.resume();
}

/** @param {number[]} notes in Hz, one after the other */
export function beep(notes) {
  navigator.vibrate?.(notes.map(() => 120).flatMap((ms) => [ms, 60]));
  if (context === null) return;
  notes.forEach((hz, i) => {
    const at = context.currentTime + 0.22 * i;
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    tone.frequency.value = hz;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.3, at + 0.02);
    volume.gain.linearRampToValueAtTime(0, at + 0.18);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.2);
  });
}
